"""Dead letters in the log: the records that were set aside, their causes, and the acts of operators."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import NAMESPACE_OID, uuid5

import orjson

from chassis.dead_letters.store import DISCARD_PREFIX, DISCARDED, PREFIX, REDRIVE_PREFIX
from cli import kafka
from cli.describe import body_of
from contracts.envelope import Message, RawHeaders, Record, header, message_id, rfc3339
from contracts.ids import uuid_of
from contracts.topics import redrive

_NUMBERS = ("partition", "offset", "attempts", "redrives", "value_size")

Done = Literal["redriven", "discarded"]


@dataclass(frozen=True, slots=True)
class Note:
    """An operator's act on a dead letter. `edited`: the changes before it was redriven, empty for none.

    `ce_id` and `organization`: of the redriven message, if they can be read.
    """

    done: Done
    at: datetime
    by: str
    reason: str
    edited: str = ""
    ce_id: str | None = None
    organization: str | None = None

    def document(self) -> dict[str, str]:
        """As JSON values."""
        changed = {"edited": self.edited} if self.edited else {}
        return {"at": rfc3339(self.at), "by": self.by, "reason": self.reason, **changed}


@dataclass(frozen=True, slots=True)
class Edited:
    """A dead letter's record as it is to be redriven, and in words the differences from the original."""

    value: bytes | None
    headers: RawHeaders
    what: str


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `story`: the content of its `dead-letter-*` headers; `notes`: operators' acts, oldest first.

    `origin`: the topic on which the record came first, before any redrive.
    """

    record: Record
    story: dict[str, str]
    notes: tuple[Note, ...] = ()
    origin: str = ""

    @property
    def id(self) -> str:
        """The same for each copy of the letter."""
        return self.story.get("id", self.record.position)

    @property
    def service(self) -> str:
        """The service that set it aside."""
        return self.story.get("service") or self.record.topic.removesuffix(".dead-letters")

    @property
    def cut(self) -> tuple[str, ...]:
        """The parts of the record that were too large and are here only in part: key, value, headers."""
        return tuple(part for part in self.story.get("cut", "").split(",") if part)

    @property
    def original_headers(self) -> tuple[tuple[str, bytes], ...]:
        """The headers of the record as it came, without any story of ours."""
        ours = (PREFIX, REDRIVE_PREFIX)
        return tuple((name, value) for name, value in self.record.headers if not name.startswith(ours))

    @property
    def type(self) -> str | None:
        """The type in the record's header, if there is one."""
        kinds = [value for name, value in self.original_headers if name == "ce_type"]
        return kafka.text(kinds[0]) if kinds else None

    @property
    def ce_id(self) -> str | None:
        """The id of the message, if it can be read."""
        return str(message_id(self.original_headers) or "") or None

    @property
    def organization(self) -> str | None:
        """The organization that the record names, if it can be read: within it ids are unique."""
        return organization_in(self.original_headers)

    @property
    def cause(self) -> str:
        """Stage, error and message in one line."""
        return (
            f"{self.story.get('stage', '?')}: {self.story.get('error', '?')}: {self.story.get('message', '')}"
        )

    @property
    def short_cause(self) -> str:
        """Error and message, for people; where the message begins with the error, that is enough."""
        error, message = self.story.get("error", "?"), self.story.get("message", "")
        return message if message.startswith(error) else f"{error}: {message}"

    @property
    def about(self) -> str:
        """Its subject for people: the type of message, or the notification and its channel."""
        body = body_of(self.record) if "delivery-id" in self.story else {}
        if body:
            return f"{str(body.get('type')).removeprefix('appointment_')} by {body.get('channel')}"
        return self.type or "?"

    @property
    def earlier(self) -> str | None:
        """The id of the letter whose redrive this is."""
        found = [value for name, value in self.record.headers if name == f"{REDRIVE_PREFIX}of"]
        return kafka.text(found[-1]) if found else None

    def document(self) -> dict[str, Any]:
        """As JSON values, without the record's value."""
        story = {name.replace("-", "_"): text for name, text in self.story.items()}
        numbers = {name: int(story[name]) for name in _NUMBERS if story.get(name, "").isdigit()}
        return {
            **story,
            **numbers,
            "id": self.id,
            "service": self.service,
            "origin": self.origin,
            "type": self.type,
            "ce_id": self.ce_id,
            "key": None if self.record.key is None else kafka.text(self.record.key),
            "set_aside": rfc3339(self.record.timestamp),
            "redriven": [note.document() for note in self.notes if note.done == "redriven"],
            "discarded": [note.document() for note in self.notes if note.done == "discarded"],
        }

    def again(self, reason: str, by: str, edited: Edited | None = None) -> Message:
        """Return the record, as it came or as edited, for the service that set it aside, with the reason of the redrive."""
        story = {
            "of": self.id,
            "count": str(int(self.document().get("redrives") or 0) + 1),
            "reason": reason,
            "by": by,
            **({"edited": edited.what} if edited else {}),
        }
        value = edited.value if edited else self.record.value
        headers = tuple(edited.headers) if edited else self.original_headers
        return Message(
            redrive(self.service).name, self.record.key, value, headers + _headers(REDRIVE_PREFIX, story)
        )

    def discarded(self, reason: str, by: str) -> Message:
        """Return the note that closes the letter for its service; it is kept as long as the letter."""
        story = {"of": self.id, "reason": reason, "by": by}
        subject = [(name, value) for name, value in self.original_headers if name == "ce_subject"]
        headers = (
            ("ce_id", str(uuid5(NAMESPACE_OID, f"{self.id}/discarded/{reason}/{by}")).encode()),
            ("ce_type", DISCARDED.encode()),
            ("ce_source", b"appointments/cli"),
            *subject[:1],
            ("content-type", b"application/json"),
            *_headers(DISCARD_PREFIX, story),
        )
        value = orjson.dumps({"dead_letter": self.id, "reason": reason})
        return Message(redrive(self.service).name, self.record.key, value, headers)


def _headers(prefix: str, story: dict[str, str]) -> tuple[tuple[str, bytes], ...]:
    return tuple((prefix + name, text.encode()) for name, text in story.items())


def organization_in(headers: RawHeaders) -> str | None:
    """The organization as services read it, in its canonical form; None where there is none that can be read."""
    try:
        return str(uuid_of(header(headers, "organization") or ""))
    except ValueError:
        return None
