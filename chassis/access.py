"""Check of the rights in Kafka and PostgreSQL before a process begins: without them it waits and gives the reason.

Otherwise the first record that cannot be read or published would stop it halfway.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import GroupAuthorizationFailedError, KafkaError, TopicAuthorizationFailedError
from aiokafka.protocol.admin import DescribeGroupsRequest_v2
from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import Array, Boolean, Int16, Int32, Schema, String
from sqlalchemy import text

from chassis.configuration.environment import variable
from chassis.configuration.settings import Settings
from chassis.database.transactions import Transaction
from chassis.health import Health
from chassis.kafka.client import connection, principal
from chassis.topics import acls

LOOK_AGAIN = 10.0  # seconds
RIGHTS = "rights (kafka)"
_CODES = {"Read": 3, "Write": 4}  # Kafka's numbers of those operations without which the process stops
_NOT_ASKED = -(2**31)
_NAMED = 3  # tables in a sentence; a role that lacks one usually lacks all
_TABLES = text("""
    SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN (SELECT unnest(current_schemas(false)))
    AND c.relname NOT IN ('alembic_version', 'chassis_version')
    AND NOT (has_table_privilege(c.oid, 'SELECT') AND has_table_privilege(c.oid, 'INSERT')
             AND has_table_privilege(c.oid, 'UPDATE') AND has_table_privilege(c.oid, 'DELETE'))
    ORDER BY 1
""")


class KafkaDenies(KafkaError):  # type: ignore[misc]  # the client is untyped
    """Kafka lets us in, but not do all that we have to; the message is for people."""

    def __str__(self) -> str:
        """The sentence alone; the client's errors would begin with their class."""
        return str(self.args[0])


class DatabaseDenies(Exception):
    """PostgreSQL lets us in, but not do all that we have to; the message is for people."""


async def check_kafka(
    settings: Settings, process: str, groups: Sequence[str] = (), without: Sequence[str] = ()
) -> None:
    """Raise KafkaDenies unless the cluster lets us read and write the topics of `process` and join `groups`.

    `without`: topics that this process leaves alone, as it is configured. Names are without the prefix. Brokers that cannot be asked that way (before 2.3) are not asked.
    """
    prefix = settings.topic_prefix
    unused = {prefix + topic for topic in without}
    topics = (acl for acl in acls.of(process, prefix) if acl.resource == "topic")
    needs = {acl.name: acl for acl in topics if acl.name not in unused}
    client = AIOKafkaClient(**connection(settings), client_id=f"appointments-{process}")
    try:
        await client.bootstrap()
        missing = await _missing_topics(client, needs)
        missing += await _missing_groups(client, [prefix + group for group in groups])
    except NotImplementedError:
        return
    finally:
        await client.close()
    if missing:
        raise KafkaDenies(denied_sentence(settings, ", ".join(missing)))


async def keep_looking(health: Health, check: Callable[[], Awaitable[None]]) -> None:
    """Say in health, for as long as the process works, what Kafka does not let it do any more.

    A client that may not read a topic any more forgets it, and a group without it looks as if it had no work.
    """
    while True:
        await asyncio.sleep(LOOK_AGAIN)
        try:
            await check()
            health.clear(RIGHTS)
        except KafkaDenies as error:
            health.waiting(RIGHTS, str(error))
        except (KafkaError, OSError, TimeoutError):
            continue  # a Kafka that is away, or refuses the login, is named by those who need it


def denied_sentence(settings: Settings, what: str) -> str:
    """Return a sentence on the operations that Kafka denies."""
    by_name = settings.kafka_sasl_username and f" ({variable(settings, 'kafka_sasl_username')})"
    return (
        f"Kafka at {', '.join(settings.kafka_servers)} does not let {principal(settings)}{by_name} do this: {what}; "
        "`appointments topics --acls` prints the ACLs to add"
    )


async def check_tables(session: Transaction) -> None:
    """Raise DatabaseDenies unless we may read and write each table in our search path."""
    missing = await session.scalars(_TABLES)
    if missing:
        more = f" and {len(missing) - _NAMED} more" if len(missing) > _NAMED else ""
        raise DatabaseDenies(f"tables {', '.join(map(str, missing[:_NAMED]))}{more}")


async def _missing_topics(client: AIOKafkaClient, needs: dict[str, acls.Acl]) -> list[str]:
    answer = await client.send(client.get_random_node(), _Authorized(sorted(needs)))
    return [line for topic in answer.topics for line in _missing(needs.get(topic[1]), topic)]


async def _missing_groups(client: AIOKafkaClient, groups: list[str]) -> list[str]:
    if not groups:
        return []
    answer = await client.send(client.get_random_node(), _Groups(groups))
    denied = GroupAuthorizationFailedError.errno
    return [f"Read group {group[1]}" for group in answer.groups if group[0] == denied]


def _missing(need: acls.Acl | None, topic: Any) -> list[str]:
    code, name, allowed = topic[0], topic[1], topic[4]
    if need is None:
        return []
    wanted = [operation for operation in need.operations if operation in _CODES]
    if code == TopicAuthorizationFailedError.errno:
        return [f"{' and '.join(wanted)} topic {name}"]
    if code or allowed == _NOT_ASKED:  # a topic that is not there is not a matter of rights
        return []
    lacking = [operation for operation in wanted if not allowed & 1 << _CODES[operation]]
    return [f"{' and '.join(lacking)} topic {name}"] if lacking else []


_PARTITION = Array(
    ("error_code", Int16),
    ("partition", Int32),
    ("leader", Int32),
    ("leader_epoch", Int32),
    ("replicas", Array(Int32)),
    ("isr", Array(Int32)),
    ("offline_replicas", Array(Int32)),
)


class _MetadataResponse(Response):  # type: ignore[misc]  # the client is untyped
    API_KEY = 3
    API_VERSION = 8
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            Array(
                ("node_id", Int32),
                ("host", String("utf-8")),
                ("port", Int32),
                ("rack", String("utf-8")),
            ),
        ),
        ("cluster_id", String("utf-8")),
        ("controller_id", Int32),
        (
            "topics",
            Array(
                ("error_code", Int16),
                ("topic", String("utf-8")),
                ("is_internal", Boolean),
                ("partitions", _PARTITION),
                ("authorized_operations", Int32),
            ),
        ),
        ("authorized_operations", Int32),
    )


class _MetadataRequest(RequestStruct):  # type: ignore[misc]  # the client is untyped
    API_KEY = 3
    API_VERSION = 8
    RESPONSE_TYPE = _MetadataResponse
    SCHEMA = Schema(
        ("topics", Array(String("utf-8"))),
        ("allow_auto_topic_creation", Boolean),
        ("include_cluster_authorized_operations", Boolean),
        ("include_topic_authorized_operations", Boolean),
    )


class _Authorized(Request[_MetadataRequest]):  # type: ignore[misc]  # the client is untyped
    """Kafka's metadata request with the allowed operations of each topic, which aiokafka lacks."""

    API_KEY = 3

    def __init__(self, topics: list[str]) -> None:
        self._topics = topics

    def build(self, request_struct_class: type[_MetadataRequest]) -> _MetadataRequest:
        """The request of the one version that we know."""
        return request_struct_class(self._topics, False, False, True)


class _Groups(Request[DescribeGroupsRequest_v2]):  # type: ignore[misc]  # the client is untyped
    """Our client reads the answer to its own newest version of this request wrongly if it asks for several groups."""

    API_KEY = 15

    def __init__(self, groups: list[str]) -> None:
        self._groups = groups

    def build(self, request_struct_class: type[DescribeGroupsRequest_v2]) -> DescribeGroupsRequest_v2:
        """The request of the one version that we ask in."""
        return request_struct_class(self._groups)
