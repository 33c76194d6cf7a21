"""The verdict on a command: the row that is kept, and the messages that are published from it, now and ever again."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from chassis.commands import REUSED, Received, Rejection
from chassis.telemetry import follow
from contracts.envelope import (
    Headers,
    Message,
    Record,
    event_id,
    outcome_id,
    own_headers,
    rfc3339,
    shared_headers,
)
from contracts.ids import uuid5

R = TypeVar("R", bound=Received[Any])


@dataclass(frozen=True, slots=True)
class ExtraEvent:
    """One of several events of a command; `state` as in a verdict, if `subject` changed."""

    type: str
    subject: UUID
    event: bytes
    state: bytes | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that a command's messages are made of.

    `command_id` is the command's key (see `Received`). `cause` is the position of the record that was decided; a later
    record with this key gets the outcome alone. `decided_at` is that record's timestamp. `event` and `outcome` are JSON
    bytes; `state` is the subject's after a change, until it is saved. A command with several events has them in
    `further`, in their order, and no `event`. `organization` is the command's namespace; None in rows that were written
    before organizations had one each.
    """

    command_id: UUID
    fingerprint: bytes
    cause: str
    decided_at: datetime
    correlation_id: str
    traceparent: str | None
    subject: UUID | None
    accepted: bool
    outcome: bytes
    event_type: str | None = None
    event: bytes | None = None
    organization: UUID | None = None
    state: bytes | None = None
    further: tuple[ExtraEvent, ...] = ()

    def states(self) -> Iterator[tuple[UUID, bytes]]:
        """Each subject that changed, with its state."""
        if self.state is not None and self.subject is not None:
            yield self.subject, self.state
        for event in self.further:
            if event.state is not None:
                yield event.subject, event.state


def verdict(
    record: Record,
    received: Received[Any],
    subject: UUID | None,
    outcome: bytes,
    *,
    accepted: bool = False,
    event_type: str | None = None,
    event: bytes | None = None,
    state: bytes | None = None,
    further: tuple[ExtraEvent, ...] = (),
) -> Verdict:
    """Return the verdict on this record; its outcome (JSON bytes) is about `subject`."""
    return Verdict(
        received.key,
        received.fingerprint,
        record.position,
        record.timestamp,
        received.correlation_id,
        received.traceparent,
        subject,
        accepted,
        outcome,
        event_type,
        event,
        received.namespace,
        state,
        further,
    )


@dataclass(frozen=True, slots=True)
class Answers:
    """How a service answers commands: its name as a source, its topics, and the outcome (JSON bytes) of a refusal."""

    source: str
    events: str
    outcomes: str
    refused: Callable[[Received[Any], Rejection], bytes]

    def messages(
        self, record: Record, received: Received[Any], verdict: Verdict, partitions: int
    ) -> list[Message]:
        """The messages for a record, given the verdict on its key: from these alone, so that they never vary.

        Event and outcome for the record that was decided; for another that asks the same its outcome again; for one
        that asks something else under the same id a refusal. `partitions` of the outcomes bounds `reply-partition`.
        """
        if verdict.fingerprint != received.fingerprint:
            return [self._reused(record, received, partitions)]
        key = _key(received)
        shared = self._shared(received, verdict, key, verdict.subject)
        identifier = outcome_id(verdict.command_id)
        outcome = self._outcome(record, received, verdict, identifier, key, shared, partitions)
        if verdict.cause != record.position:
            return [outcome]
        if verdict.event is None:
            return [*self._further(received, verdict, key), outcome]
        own = _own(verdict, event_id(verdict.command_id, 1), verdict.event_type or "")
        return [Message(self.events, key, verdict.event, own + shared), outcome]

    def _reused(self, record: Record, received: Received[Any], partitions: int) -> Message:
        """A refusal of this very record: its id is its own, because the command's outcome has another content."""
        key = _key(received)
        refusal = verdict(record, received, None, self.refused(received, REUSED))
        identifier = uuid5(received.key, f"refused {record.position} {rfc3339(record.timestamp)}")
        shared = self._shared(received, refusal, key, None)
        return self._outcome(record, received, refusal, identifier, key, shared, partitions)

    def _outcome(
        self,
        record: Record,
        received: Received[Any],
        verdict: Verdict,
        identifier: UUID,
        key: bytes | None,
        shared: Headers,
        partitions: int,
    ) -> Message:
        own = _own(verdict, identifier, "command.accepted" if verdict.accepted else "command.refused")
        wanted = received.reply_partition
        partition = wanted if wanted is not None and 0 <= wanted < partitions else None
        return Message(self.outcomes, key or record.key, verdict.outcome, own + shared, partition)

    def _further(self, received: Received[Any], verdict: Verdict, key: bytes | None) -> Iterator[Message]:
        for position, event in enumerate(verdict.further, 1):
            shared = self._shared(received, verdict, key, event.subject)
            own = _own(verdict, event_id(verdict.command_id, position), event.type)
            yield Message(self.events, key, event.event, own + shared)

    def _shared(
        self, received: Received[Any], verdict: Verdict, key: bytes | None, subject: UUID | None
    ) -> Headers:
        return shared_headers(
            self.source,
            verdict.decided_at,
            correlation_id=verdict.correlation_id,
            cause=verdict.cause,
            subject=str(subject) if subject is not None else None,
            organization=key,
            actor=received.sender.text if received.sender else None,
        )


def _own(verdict: Verdict, identifier: UUID, kind: str) -> Headers:
    return own_headers(identifier, kind, follow(verdict.traceparent, identifier))


def _key(received: Received[Any]) -> bytes | None:
    return str(received.organization).encode() if received.organization else None


async def known(
    items: Sequence[tuple[Record, R]],
    load: Callable[[Sequence[UUID]], Awaitable[dict[UUID, Verdict]]],
    decode: Callable[[Record, UUID], R],
    has_own_key: Callable[[R], bool],
) -> tuple[list[tuple[Record, R]], dict[UUID, Verdict]]:
    """The same items, each under its key, and the verdicts of those that were decided before, by key.

    An id belongs to the organization that used it first; a command of another one that has the same id is read again
    under a key of its own. `load` finds verdicts by key, of which each command has two; `decode` reads a record under a
    key; `has_own_key` says so of a command whose verdict the database has lost (see `chassis.consuming.namespaces`).
    """
    keys = dict.fromkeys(key for _, received in items for key in (received.id, received.elsewhere))
    verdicts = await load(list(keys))
    owners = {key: found.organization for key, found in verdicts.items()}

    def is_first(received: R) -> bool:
        if received.id in owners:
            return owners[received.id] in (None, received.namespace)
        # The first one's verdict may be forgotten long before that of the second.
        if received.elsewhere in verdicts or has_own_key(received):
            return False
        owners[received.id] = received.namespace
        return True

    keyed = [
        (record, received if is_first(received) else decode(record, received.elsewhere))
        for record, received in items
    ]
    return keyed, verdicts
