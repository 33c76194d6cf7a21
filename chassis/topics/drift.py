"""Drift of topics from their contract, and the guarantees that depend on it. Pure: no I/O."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from contracts.topics import Topic

Severity = Literal["breaks a guarantee", "warning"]
BREAKS: Severity = "breaks a guarantee"
WARNS: Severity = "warning"

FIX = "appointments topics --fix"
CREATE = "appointments topics --create"

TIMESTAMP = "message.timestamp.type"
CLEANUP = "cleanup.policy"
RETENTION = "retention.ms"
RETENTION_BYTES = "retention.bytes"
MAX_BYTES = "max.message.bytes"
IN_SYNC = "min.insync.replicas"
UNCLEAN = "unclean.leader.election.enable"
CHECKED = (TIMESTAMP, CLEANUP, RETENTION, RETENTION_BYTES, MAX_BYTES, IN_SYNC, UNCLEAN)

_UNLIMITED = -1
_CLUSTER = 3  # replicas from which on the loss of one must lose nothing that was acknowledged


@dataclass(frozen=True, slots=True)
class Actual:
    """A topic as the cluster has it. `settings` are those of CHECKED, or None where we may not ask for them."""

    partitions: int
    replication: int
    settings: Mapping[str, str] | None


@dataclass(frozen=True, slots=True)
class Difference:
    """One value that is not as the contract has it.

    `remedy` is the command or act that mends it; `mends` is the value that `--fix` sets, None where it must not.
    """

    topic: str
    setting: str
    found: str
    needed: str
    severity: Severity
    why: str
    remedy: str = FIX
    mends: str | None = None

    @property
    def sentence(self) -> str:
        """The difference in one sentence, with its remedy."""
        return (
            f"topic {self.topic} has {self.setting}={self.found} and needs {self.needed}: {self.why} "
            f"(remedy: {self.remedy})"
        )


def drift(topic: Topic, actual: Actual) -> list[Difference]:
    """Differences of one topic's settings from its contract; none where the settings are unknown."""
    if actual.settings is None:
        return []
    return [
        *_exactly(topic, actual.settings, TIMESTAMP, "the writer's clock would be the decision time"),
        *_exactly(topic, actual.settings, CLEANUP, "records would be deleted before their time"),
        *_retention(topic, actual.settings),
        *_max_bytes(topic, actual.settings),
        *_durability(topic, actual),
    ]


def uneven(found: Mapping[Topic, Actual]) -> list[Difference]:
    """Topics of one owner that have fewer partitions than its others, where commands, events and outcomes belong together."""
    together: dict[str, dict[Topic, int]] = defaultdict(dict)
    for topic, actual in found.items():
        if topic.kind in ("commands", "events", "outcomes"):
            together[topic.owner][topic] = actual.partitions
    return [
        Difference(
            topic.name,
            "partitions",
            str(count),
            str(most),
            BREAKS,
            f"commands, events and outcomes of {owner} must have equally many",
            f"appointments topics resize {most}",
        )
        for owner, counts in together.items()
        for most in [max(counts.values())]
        for topic, count in counts.items()
        if count != most
    ]


def sized(found: Mapping[Topic, Actual], partitions: int | None, replication: int | None) -> list[Difference]:
    """Topics that are not of the size that TOPIC_PARTITIONS and TOPIC_REPLICATION name, if they do; only warnings."""
    return [
        difference
        for topic, actual in found.items()
        for difference in _size(topic, actual, partitions, replication)
    ]


def absent(topic: Topic) -> Difference:
    """The topic does not exist."""
    return Difference(
        topic.name, "topic", "absent", "a topic", BREAKS, "nothing can be read or written", CREATE
    )


def _exactly(topic: Topic, settings: Mapping[str, str], setting: str, why: str) -> Iterator[Difference]:
    needed, value = topic.config()[setting], settings.get(setting)
    if value is not None and value != needed:
        yield Difference(topic.name, setting, value, needed, BREAKS, why, mends=needed)


def _retention(topic: Topic, settings: Mapping[str, str]) -> Iterator[Difference]:
    needed = topic.retention_ms
    kept = int(settings.get(RETENTION, needed))
    if kept != needed:
        shorter = needed == _UNLIMITED or 0 <= kept < needed
        yield Difference(
            topic.name,
            RETENTION,
            str(kept),
            str(needed),
            BREAKS if shorter else WARNS,
            "records would be deleted before their time"
            if shorter
            else "records are kept longer than they need be",
            # Shortening retention deletes records, so a person must name the topic.
            FIX if shorter else f"kafka-configs --alter --topic {topic.name}, which deletes older records",
            mends=str(needed) if shorter else None,
        )
    limit = settings.get(RETENTION_BYTES, str(_UNLIMITED))
    if limit != str(_UNLIMITED):
        why = "records would be deleted before their time"
        yield Difference(
            topic.name, RETENTION_BYTES, limit, str(_UNLIMITED), BREAKS, why, mends=str(_UNLIMITED)
        )


def _max_bytes(topic: Topic, settings: Mapping[str, str]) -> Iterator[Difference]:
    needed = topic.max_message_bytes
    limit = int(settings.get(MAX_BYTES, needed))
    if limit == needed:
        return
    if limit < needed:
        severity, why = BREAKS, "records that fit the contract would be refused"
    elif topic.kind == "commands":
        severity, why = BREAKS, "anybody's record may then take more memory than a service has"
    else:
        severity, why = WARNS, "its readers reckon with smaller records"
    yield Difference(topic.name, MAX_BYTES, str(limit), str(needed), severity, why, mends=str(needed))


def _durability(topic: Topic, actual: Actual) -> Iterator[Difference]:
    settings = actual.settings or {}
    in_sync = int(settings.get(IN_SYNC, 2))
    if actual.replication >= _CLUSTER and not 2 <= in_sync < actual.replication:
        why = (
            "the loss of one broker may lose acknowledged records"
            if in_sync < 2
            else "one broker's absence stops all writing"
        )
        yield Difference(topic.name, IN_SYNC, str(in_sync), "2", WARNS, why, mends="2")
    if settings.get(UNCLEAN, "false") == "true":
        why = "a replica that lags may become the leader and lose acknowledged records"
        yield Difference(topic.name, UNCLEAN, "true", "false", WARNS, why, mends="false")


def _size(
    topic: Topic, actual: Actual, partitions: int | None, replication: int | None
) -> Iterator[Difference]:
    if partitions is not None and actual.partitions != partitions:
        remedy = (
            f"appointments topics resize {partitions}"
            if actual.partitions < partitions
            else f"TOPIC_PARTITIONS={actual.partitions}, since Kafka takes no partition away"
        )
        why = "TOPIC_PARTITIONS says so"
        yield Difference(
            topic.name, "partitions", str(actual.partitions), str(partitions), WARNS, why, remedy
        )
    if replication is not None and actual.replication < replication:
        why, remedy = "TOPIC_REPLICATION says so", "kafka-reassign-partitions"
        yield Difference(
            topic.name, "replication", str(actual.replication), str(replication), WARNS, why, remedy
        )
