"""Subscriptions, and batches of records of some partitions and their division. No I/O."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from aiokafka import TopicPartition

from chassis.database.transactions import Transaction
from chassis.dead_letters.store import Failure
from contracts.envelope import Message, Record

T = TypeVar("T")
TakingOver: TypeAlias = Callable[[Mapping[TopicPartition, int]], Awaitable[None]]


@dataclass(frozen=True)
class Subscription(Generic[T]):
    """A service's handling of the records of some topics (names without prefix).

    `decode` reads one record: None skips it, InvalidMessage sets it aside. `handle` applies a batch in the given
    transaction, in log order, and returns the messages to publish, in that order. `republish` returns the same messages,
    byte for byte, for records that were applied before but perhaps not published. Both may raise TooMuch for more than
    one record, `handle` also Refused. `committed` is called after a commit in which a handler ran.
    `gather`: seconds for which a batch that is not full waits for more records; for work without a waiting caller.
    `weigh` returns the work that a decoded record makes, in units of its subscription; a batch of more than one record
    never weighs more than `max_weight`. `refuse_too_heavy` answers a record that is too slow for the database even
    alone and with larger limits; without it such a record is set aside. `taking_over` is awaited before partitions are
    read that have records which are not applied, with the offset of the first of each; what it raises delays them.
    """

    name: str
    topics: tuple[str, ...]
    decode: Callable[[Record], T | None]
    handle: Callable[[Transaction, Sequence[tuple[Record, T]]], Awaitable[Sequence[Message]]]
    republish: Callable[[Transaction, Sequence[tuple[Record, T]]], Awaitable[Sequence[Message]]]
    max_records: int | None = None
    committed: Callable[[], None] | None = None
    gather: float = 0.0
    weigh: Callable[[T], int] | None = None
    max_weight: int = 2_000
    refuse_too_heavy: Callable[[Transaction, Record, T], Awaitable[Sequence[Message]]] | None = None
    taking_over: TakingOver | None = None


class Rewound(Exception):
    """The database stands before the point up to which this consumer has read: it was restored, or reset, under us."""


class Read(NamedTuple, Generic[T]):
    """A record and its decoded value; `failure` when it cannot be decoded."""

    record: Record
    value: T | None
    failure: Failure | None


@dataclass(frozen=True)
class Batch(Generic[T]):
    """Records of one or more partitions, in log order within each.

    `partitions` has the partition of each record, as the broker names it; `since`, for each of them, the offset from
    which the log was read without a hole up to these records.
    """

    reads: tuple[Read[T], ...]
    since: dict[TopicPartition, int]
    partitions: tuple[TopicPartition, ...]

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """The records alone."""
        return tuple(read.record for read in self.reads)

    def next(self) -> dict[TopicPartition, int]:
        """The offset after the last record of each partition."""
        return dict(zip(self.partitions, [read.record.offset + 1 for read in self.reads], strict=True))

    def last(self) -> dict[TopicPartition, Record]:
        """The last record of each partition."""
        return dict(zip(self.partitions, self.records, strict=True))

    def parts(self) -> "list[Batch[T]]":
        """The same records as smaller batches: one for each partition, or the halves of a single one."""
        if len(self.since) > 1:
            return [self._only({partition}) for partition in self.since]
        middle = len(self.reads) // 2
        front = Batch(self.reads[:middle], self.since, self.partitions[:middle])
        return [front, Batch(self.reads[middle:], front.next(), self.partitions[middle:])]

    def without(self, partitions: set[TopicPartition]) -> "Batch[T]":
        """The records of the other partitions; perhaps none."""
        return self if partitions.isdisjoint(self.since) else self._only(set(self.since) - partitions)

    def _only(self, chosen: set[TopicPartition]) -> "Batch[T]":
        kept = [n for n, partition in enumerate(self.partitions) if partition in chosen]
        return Batch(
            tuple(self.reads[n] for n in kept),
            {tp: offset for tp, offset in self.since.items() if tp in chosen},
            tuple(self.partitions[n] for n in kept),
        )


@dataclass(frozen=True)
class Settled(Generic[T]):
    """A part of a batch: committed, with the messages to publish in log order; or not applied at all, with the error.

    The error is DependencyDown, Halt or Rewound.
    """

    part: Batch[T]
    messages: Sequence[Message] = ()
    error: Exception | None = None
