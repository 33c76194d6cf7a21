"""CloudEvents 1.0 in Kafka binary mode: everything about a message but its JSON body is a header.

A client with nothing but `kcat` can publish a command with four headers: `ce_id`, `ce_type`, `actor`,
`organization`; the rest has defaults.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from uuid import UUID

from contracts.ids import uuid5, uuid_of

RawHeaders = Sequence[tuple[str, bytes]]
Headers = tuple[tuple[str, bytes], ...]


class MalformedEnvelope(ValueError):
    """The message's headers do not identify it."""


@dataclass(frozen=True, slots=True)
class Message:
    """One record to publish. `topic` is the name without a prefix; `partition` overrides the key's partition."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    partition: int | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The size in bytes and the SHA-256 of a value that was too large to be kept whole."""

    size: int
    sha256: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """One record as it was read. `topic` is the name without a prefix.

    `timestamp` is the broker's append time in UTC: the decision time, the same at each redelivery.
    `cut` is set when `value` is only the beginning of the record's value. `fault` is the reason why the record breaks
    Kafka's own format; such a record is never decoded. `writers_time`: the broker kept the time that its writer gave.
    """

    topic: str
    partition: int
    offset: int
    timestamp: datetime
    key: bytes | None
    value: bytes | None
    headers: tuple[tuple[str, bytes], ...] = ()
    cut: Cut | None = None
    fault: str | None = None
    writers_time: bool = field(default=False, compare=False)

    @property
    def position(self) -> str:
        """`topic/partition/offset`, as the `cause` header of what follows from this record."""
        return f"{self.topic}/{self.partition}/{self.offset}"

    def header(self, name: str) -> str | None:
        """The first header of that name, or None. Raises MalformedEnvelope if it is not UTF-8."""
        return header(self.headers, name)


@dataclass(frozen=True, slots=True)
class Envelope:
    """The headers of a message, read.

    `id` identifies the message for ever (a command's id, an event's id); `actor` is a user id or
    `service:NAME`; `time` is the writer's own time (UTC), never used for decisions.
    """

    id: UUID
    type: str
    source: str = "unknown"
    subject: str | None = None
    time: datetime | None = None
    organization: UUID | None = None
    actor: str | None = None
    correlation_id: str | None = None
    traceparent: str | None = None
    reply_partition: int | None = None
    cause: str | None = None
    extra: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def headers(self) -> Headers:
        """Return these values as Kafka headers; None values are left out."""
        shared = shared_headers(
            self.source,
            self.time,
            correlation_id=self.correlation_id,
            cause=self.cause,
            subject=self.subject,
            organization=str(self.organization).encode() if self.organization else None,
            actor=self.actor,
        )
        if self.reply_partition is not None:
            shared += (("reply-partition", str(self.reply_partition).encode()),)
        return own_headers(self.id, self.type, self.traceparent) + shared + self.extra

    def message(self, topic: str, body: bytes, partition: int | None = None) -> Message:
        """A message with these headers, keyed by the organization."""
        key = str(self.organization).encode() if self.organization else None
        return Message(topic, key, body, self.headers(), partition)


def own_headers(identifier: UUID, kind: str, traceparent: str | None) -> Headers:
    """The headers that each message has for itself; those that it shares with others come behind them."""
    own = (("ce_id", str(identifier).encode()), ("ce_type", kind.encode()))
    return own if traceparent is None else (*own, ("traceparent", traceparent.encode()))


def shared_headers(
    source: str,
    time: datetime | None,
    *,
    correlation_id: str | None,
    cause: str | None,
    subject: str | None,
    organization: bytes | None,
    actor: str | None,
) -> Headers:
    """Return the headers that all messages caused by one record share; None values are left out.

    `organization` is the text of its id, which is the key of those messages, too.
    """
    headers = [*_always(source)]
    if time is not None:
        headers.append(("ce_time", rfc3339(time).encode()))
    if correlation_id is not None:
        headers.append(("correlation-id", correlation_id.encode()))
    if cause is not None:
        headers.append(("cause", cause.encode()))
    if subject is not None:
        headers.append(("ce_subject", subject.encode()))
    if organization is not None:
        headers += (("ce_partitionkey", organization), ("organization", organization))
    if actor is not None:
        headers.append(("actor", actor.encode()))
    return tuple(headers)


@lru_cache(maxsize=100)
def _always(source: str) -> Headers:
    return (("ce_specversion", b"1.0"), ("ce_source", source.encode()), ("content-type", b"application/json"))


def header(headers: RawHeaders, name: str) -> str | None:
    """The first header called `name`, or None. Raises MalformedEnvelope if it is not UTF-8."""
    for key, value in headers:
        if key == name:
            return _text(name, value)
    return None


def message_id(headers: RawHeaders) -> UUID | None:
    """Return the readable `ce_id`, or None. With it even an unreadable command gets its outcome."""
    try:
        return uuid_of(header(headers, "ce_id") or "")
    except ValueError:
        return None


def read(headers: RawHeaders) -> Envelope:
    """Read an envelope. Raises MalformedEnvelope naming the header that is missing or unreadable.

    Unknown and undecodable headers are ignored. `organization` and
    `actor` may be absent; the caller checks what it needs. An impossible `reply-partition` reads as none.
    """
    found: dict[str, str | None] = {}
    for name, value in reversed(headers):
        if name in _KNOWN:
            try:
                found[name] = value.decode() if value is not None else None
            except UnicodeDecodeError as error:
                raise MalformedEnvelope(f"header {name} is not UTF-8 text") from error
    identifier = _uuid(found, "ce_id")
    kind = found.get("ce_type")
    if identifier is None or not kind:
        raise MalformedEnvelope(f"header {'ce_id' if identifier is None else 'ce_type'} is missing")
    return Envelope(
        id=identifier,
        type=kind,
        source=found.get("ce_source") or "unknown",
        subject=found.get("ce_subject"),
        time=_instant(found.get("ce_time")),
        organization=_uuid(found, "organization"),
        actor=found.get("actor"),
        correlation_id=found.get("correlation-id"),
        traceparent=found.get("traceparent"),
        reply_partition=_partition(found.get("reply-partition")),
        cause=found.get("cause"),
    )


NOBODY = UUID(int=0)  # stands for the organization of a command that names none


def key_elsewhere(organization: UUID | None, command_id: UUID) -> UUID:
    """Return the key of a command whose id another organization used first.

    The key of any other command is its id. The ids of all that follows from a command are made from its key.
    """
    return uuid5(organization or NOBODY, str(command_id))


def outcome_id(key: UUID) -> UUID:
    """The id of a command's outcome: the same at each redelivery, and for each record that asks the same."""
    return uuid5(key, "outcome")


@lru_cache(maxsize=4_096)  # asked for twice: when the outcome is written and when the event is
def event_id(key: UUID, n: int) -> UUID:
    """The id of the n-th event that follows from a command: the same at each redelivery."""
    return uuid5(key, str(n))


def rfc3339(instant: datetime) -> str:
    """An aware instant as RFC 3339 in UTC, ending in Z."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


_KNOWN = frozenset(
    [
        "ce_id",
        "ce_type",
        "ce_source",
        "ce_subject",
        "ce_time",
        "organization",
        "actor",
        "correlation-id",
        "traceparent",
        "reply-partition",
        "cause",
    ]
)


def _text(name: str, value: bytes | None) -> str | None:
    if value is None:
        return None
    try:
        return value.decode()
    except UnicodeDecodeError as error:
        raise MalformedEnvelope(f"header {name} is not UTF-8 text") from error


def _uuid(found: dict[str, str | None], name: str) -> UUID | None:
    text = found.get(name)
    if text is None:
        return None
    try:
        return uuid_of(text)
    except ValueError as error:
        raise MalformedEnvelope(f"header {name} is not a UUID: {text[:60]!r}") from error


def _instant(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        return None  # informational only: a stranger's odd clock format must not cost them the command
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def _partition(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 6 else None
