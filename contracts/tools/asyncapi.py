"""The AsyncAPI 3.0 document: messages, topics, and the writers and readers of each."""

from typing import Any

from contracts.access import readers, writers
from contracts.catalog import MESSAGE_TYPES, MessageType
from contracts.topics import ALL, Topic

JSON = dict[str, Any]

_TEXT: JSON = {"type": "string"}
_UUID: JSON = {"type": "string", "format": "uuid"}
_HEADERS: JSON = {
    "ce_specversion": _TEXT | {"const": "1.0"},
    "ce_id": _UUID | {"description": "Identifies the message for ever; the same id is the same message."},
    "ce_type": _TEXT,
    "ce_source": _TEXT,
    "ce_subject": _TEXT | {"description": "The appointment, or the person."},
    "ce_time": {
        "type": "string",
        "format": "date-time",
        "description": "Informational; nothing is decided by it.",
    },
    "ce_partitionkey": _UUID | {"description": "The organization."},
    "content-type": _TEXT | {"const": "application/json"},
    "correlation-id": _TEXT,
    "traceparent": _TEXT | {"description": "W3C Trace Context."},
    "actor": _TEXT | {"description": "A user's id, or service:NAME."},
    "organization": _UUID,
    "reply-partition": _TEXT | {"description": "Commands only: the partition for the outcome."},
    "cause": _TEXT | {"description": "topic/partition/offset of the record that this follows from."},
}
_KEY: JSON = _UUID | {"description": "The organization; partitions are chosen by murmur2 of the key."}
_REQUIRED = {"commands": ["ce_id", "ce_type", "actor", "organization"], "events": ["ce_id", "ce_type"]}


def document(version: str) -> JSON:
    """The whole document; `version` is that of the contracts."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Appointments",
            "version": version,
            "description": "Commands in, events and outcomes out. CloudEvents 1.0 in Kafka binary mode: JSON values,"
            " everything else is a header. Every topic is keyed by the organization.",
        },
        "defaultContentType": "application/json",
        "servers": {"local": {"host": "127.0.0.1:9092", "protocol": "kafka"}},
        "channels": {topic.name: _channel(topic) for topic in ALL},
        "operations": dict(_operations()),
        "components": {
            "messages": {message.name: _message(message) for message in MESSAGE_TYPES}
            | {"anyRecord": _any_record()},
            "messageTraits": {f"cloudEvent-{kind}": _trait(required) for kind, required in _REQUIRED.items()},
        },
    }


def _channel(topic: Topic) -> JSON:
    names = [message.name for message in MESSAGE_TYPES if message.topic.name == topic.name] or ["anyRecord"]
    return {
        "address": topic.name,
        "description": topic.description,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in names},
        "bindings": {
            "kafka": {
                "topicConfiguration": {
                    "cleanup.policy": ["delete"],
                    "retention.ms": topic.retention_ms,
                    "max.message.bytes": topic.max_message_bytes,
                },
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(message: MessageType) -> JSON:
    kind = "commands" if message.topic.kind == "commands" else "events"
    return {
        "name": message.ce_type,
        "summary": message.description,
        "traits": [{"$ref": f"#/components/messageTraits/cloudEvent-{kind}"}],
        "payload": {"$ref": f"./schemas/{message.name}.json"},
        "bindings": {"kafka": {"key": _KEY, "bindingVersion": "0.5.0"}},
    }


def _any_record() -> JSON:
    return {
        "summary": "Any record of the service, its key, value and headers as they were, with the story in headers.",
        "payload": True,
    }


def _trait(required: list[str]) -> JSON:
    return {"headers": {"type": "object", "properties": _HEADERS, "required": required}}


def _operations() -> list[tuple[str, JSON]]:
    found = []
    for topic in ALL:
        channel = {"$ref": f"#/channels/{topic.name}"}
        for action, services in (("send", writers(topic)), ("receive", readers(topic))):
            found += [
                (f"{service.replace(' ', '-')}.{action}.{topic.name}", {"action": action, "channel": channel})
                for service in services
            ]
    return found
