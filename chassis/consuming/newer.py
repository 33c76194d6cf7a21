"""Records that only a newer release can read: their partition waits for it, because passing over them would leave a hole."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

from prometheus_client import Counter

from chassis.consuming.batch import Subscription
from chassis.database.transactions import Transaction
from chassis.errors import DependencyDown
from chassis.telemetry import get_logger
from contracts.envelope import Message, Record

T = TypeVar("T")
Pairs = Sequence[tuple[Record, T]]
Handle = Callable[[Transaction, Pairs[T]], Awaitable[Sequence[Message]]]
log = get_logger()

UNKNOWN = Counter(
    "appointments_consumer_unknown_events_total",
    "Events of a type that this release does not know: a newer one writes them.",
    ["service", "topic"],
)
_LOGGED_MAX = 100
_logged: set[tuple[str, str]] = set()


class NeedsNewer(Exception):
    """Only a newer release of this service can read the record: update it, and it goes on by itself."""


@dataclass(frozen=True, slots=True)
class Newer:
    """A record that has to wait; `reason` is a sentence for the operator."""

    reason: str


def waits_for_newer(subscription: Subscription[T]) -> Subscription[T | Newer]:
    """Return the subscription; its `decode` may raise NeedsNewer: the partition waits, and health gives the reason."""
    weigh = subscription.weigh

    def decode(record: Record) -> T | Newer | None:
        try:
            return subscription.decode(record)
        except NeedsNewer as error:
            return Newer(f"{record.position}: {error}")

    tolerant: Subscription[T | Newer] = replace(
        cast("Any", subscription),
        decode=decode,
        handle=_held(subscription.handle),
        republish=_held(subscription.republish),
        weigh=weigh and (lambda value: 1 if isinstance(value, Newer) else weigh(value)),
    )
    return tolerant


def _held(handle: Handle[T]) -> Handle[T | Newer]:
    async def held(tx: Transaction, pairs: Pairs[T | Newer]) -> Sequence[Message]:
        read: list[tuple[Record, T]] = []
        for record, value in pairs:
            if isinstance(value, Newer):
                raise DependencyDown(
                    "a newer release", value.reason, too_much=True
                )  # those before it may go on
            read.append((record, value))
        return await handle(tx, read)

    return held


def note_unknown(service: str, record: Record, kind: str) -> None:
    """Count an event of a type that this release does not know, and log the type once."""
    UNKNOWN.labels(service, record.topic).inc()
    if len(_logged) < _LOGGED_MAX and (service, kind) not in _logged:
        _logged.add((service, kind))
        log.warning("an event of an unknown type", type=kind[:100], record=record.position)
