"""Requests of an administrator's client: topics' settings and partitions, and consumer groups."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager

from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAuthorizationFailedError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from chassis.configuration.settings import Settings
from chassis.kafka.client import connection
from chassis.topics.drift import CHECKED, Actual
from chassis.topics.incremental import IncrementalAlterConfigsRequest
from contracts.topics import Topic


@asynccontextmanager
async def administrator(settings: Settings) -> AsyncIterator[AIOKafkaAdminClient]:
    """A connected admin client. Raises KafkaError while no broker answers."""
    admin = _client(settings)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


def _client(settings: Settings) -> AIOKafkaAdminClient:
    return AIOKafkaAdminClient(**connection(settings))


async def describe(settings: Settings, topics: Sequence[Topic]) -> dict[Topic, Actual]:
    """These topics as the cluster has them; those that do not exist are left out. Raises KafkaError."""
    names = {settings.topic_prefix + topic.name: topic for topic in topics}
    async with administrator(settings) as admin:
        sizes = await _sizes(admin, list(names))
        values = await _settings(admin, list(sizes))
    return {names[name]: Actual(*size, values.get(name)) for name, size in sizes.items()}


async def _sizes(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """Partitions and replicas of each topic that exists. Not `describe_topics`: a broker may create the topics that it names."""
    answer = await admin._send_request(MetadataRequest(list(names), False))  # noqa: SLF001
    sizes: dict[str, tuple[int, int]] = {}
    for one in answer.to_object()["topics"]:
        if for_code(one["error_code"]) is TopicAuthorizationFailedError:
            raise TopicAuthorizationFailedError(
                f"{one['topic']}: not even its name may be asked for (Describe)"
            )
        if not one["error_code"] and one["partitions"]:
            replicas = min(len(partition["replicas"]) for partition in one["partitions"])
            sizes[one["topic"]] = (len(one["partitions"]), replicas)
    return sizes


async def _settings(admin: AIOKafkaAdminClient, names: Sequence[str]) -> dict[str, dict[str, str]]:
    """The settings of CHECKED of each topic; those of which we may not ask are left out."""
    if not names:
        return {}
    wanted = dict.fromkeys(CHECKED)
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, wanted) for name in names]
    found: dict[str, dict[str, str]] = {}
    for answer in await admin.describe_configs(resources):
        for code, message, _, name, entries in answer.resources:
            error = for_code(code)
            if code and error is not TopicAuthorizationFailedError:
                raise error(f"cannot read the settings of {name}: {message}")
            if not code:
                found[name] = {entry[0]: entry[1] for entry in entries if entry[1] is not None}
    return found


async def set_settings(settings: Settings, changes: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """Set some settings of some topics (names without prefix) and leave their others alone.

    Returns why the broker refused, by topic; empty when all were set. Raises KafkaError.
    """
    prefix = settings.topic_prefix
    resources = [
        (
            int(ConfigResourceType.TOPIC),
            prefix + name,
            [(setting, 0, value) for setting, value in values.items()],
        )
        for name, values in changes.items()
    ]
    async with administrator(settings) as admin:
        answer = await admin._send_request(IncrementalAlterConfigsRequest(resources))  # noqa: SLF001
    return {
        name.removeprefix(prefix): message or for_code(code).__name__
        for code, message, _, name in answer.resources
        if code
    }


async def add_partitions(settings: Settings, topics: Sequence[str], count: int) -> None:
    """Give these topics (names without prefix) `count` partitions each, in one request. Raises KafkaError."""
    async with administrator(settings) as admin:
        await admin.create_partitions(
            {settings.topic_prefix + name: NewPartitions(total_count=count) for name in topics}
        )
