"""The life of a delivery: the steps that change it, and the states that allow each step.

    planned, held, retrying   wait to be sent
    sent                      the Communication Service accepted the call
    delivered                 according to a report, the message arrived
    failed, dead_lettered     given up: after too many attempts or a report, or because it can never succeed
    bounced                   according to a report, the address does not exist
    expired                   not sent, because it is of no use any more

No other module sets the state of a delivery.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType

from services.notifier.domain.delivery import Delivery, State
from services.notifier.domain.model import notification_id
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.reports import Outcome, state_after

WAITING: frozenset[State] = frozenset(("planned", "held", "retrying"))
GIVEN_UP: frozenset[State] = frozenset(("failed", "dead_lettered"))


class NotAllowed(Exception):
    """The delivery's state does not allow this step."""


@dataclass(frozen=True, slots=True)
class Expire:
    """Do not send the delivery any more, for this reason."""

    reason: str


@dataclass(frozen=True, slots=True)
class SetAside:
    """Do not send the delivery, because its text would lack variables."""

    reason: str


@dataclass(frozen=True, slots=True)
class Accept:
    """The Communication Service accepted the call of the attempt of this number."""

    attempts: int


@dataclass(frozen=True, slots=True)
class PutBack:
    """Try again later. `attempts`: made so far, with the one that failed unless it was a probe."""

    attempts: int
    reason: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Do not try again after the attempt of this number. `for_good`: the same call can never succeed."""

    attempts: int
    reason: str
    for_good: bool


@dataclass(frozen=True, slots=True)
class FindSent:
    """A report proves that the message was sent, although no answer to a call was received."""


@dataclass(frozen=True, slots=True)
class Report:
    """The Communication Service reports how the message ended."""

    outcome: Outcome
    reason: str | None


@dataclass(frozen=True, slots=True)
class Redrive:
    """An operator lets a delivery that was given up start again."""


@dataclass(frozen=True, slots=True)
class ShareDigest:
    """The digest that contains this delivery came to an end; the delivery shares it. `day`: the digest's."""

    digest: Delivery
    day: date


Step = Hold | Expire | SetAside | Accept | PutBack | GiveUp | FindSent | Report | Redrive | ShareDigest

# The states of a digest that its entries can share, by their own state: a digest can be redriven, and
# reported on.
_SHARED: Mapping[State, frozenset[State]] = MappingProxyType(
    {
        "held": frozenset(("sent", "delivered", "failed", "bounced", "expired", "dead_lettered")),
        "sent": frozenset(("delivered", "failed", "bounced")),
        "failed": frozenset(("sent", "delivered", "failed", "bounced", "expired", "dead_lettered")),
        "dead_lettered": frozenset(("sent", "delivered", "failed", "bounced", "expired", "dead_lettered")),
        "delivered": frozenset(("bounced",)),
    }
)


# The state after each step that ends, or puts off, the wait for a call.
_OF_WAITING: Mapping[type[Step], State] = MappingProxyType(
    {
        Hold: "held",
        PutBack: "retrying",
        Accept: "sent",
        Expire: "expired",
        SetAside: "dead_lettered",
    }
)


def next_state(state: State, step: Step) -> State | None:
    """Return the state after the step, or None if this state does not allow it."""
    match step:
        case Report(outcome):
            return state_after(state, outcome)
        case ShareDigest(digest):
            return digest.state if digest.state in _SHARED.get(state, ()) else None
        case FindSent():
            return "sent" if state in WAITING or state == "failed" else None
        case Redrive():
            return "planned" if state in GIVEN_UP else None
        case GiveUp(for_good=for_good):
            after: State = "dead_lettered" if for_good else "failed"
        case _:
            after = _OF_WAITING[type(step)]
    return after if state in WAITING else None


def transition(delivery: Delivery, step: Step, at: datetime) -> Delivery:
    """Return the delivery after a step that happened at `at`. Raises NotAllowed."""
    state = next_state(delivery.state, step)
    if state is None:
        raise NotAllowed(f"{type(step).__name__} of a delivery that is {delivery.state}")
    match step:
        case Hold(until, reason):
            return delivery._replace(state=state, held_until=until, reason=reason)
        case Expire(reason) | SetAside(reason):
            return delivery._replace(state=state, reason=reason)
        case Accept(attempts):
            return delivery._replace(state=state, attempts=attempts, reason=None, sent_at=at)
        case PutBack(attempts, reason) | GiveUp(attempts, reason):
            return delivery._replace(state=state, attempts=attempts, reason=reason)
        case FindSent():
            return delivery._replace(state=state, attempts=max(delivery.attempts, 1), reason=None, sent_at=at)
        case Report(_, reason):
            return delivery._replace(
                state=state,
                attempts=max(delivery.attempts, 1),
                reason=reason,
                delivered_at=at if state == "delivered" else None,
            )
        case Redrive():
            return delivery._replace(state=state, attempts=0, reason=None, redrives=delivery.redrives + 1)
        case ShareDigest(digest, day):
            where = f"in the digest of {day.isoformat()}"
            return delivery._replace(
                state=state,
                attempts=digest.attempts,
                redrives=digest.redrives,
                sent_at=digest.sent_at,
                delivered_at=digest.delivered_at,
                reason=f"{where}: {digest.reason}" if digest.reason else where,
            )


def fallback(given_up: Delivery, channel: str, at: datetime) -> Delivery:
    """Return the same notification, planned at `at` on another channel.

    Its id is the one that planning it on that channel would have given, so it is never planned twice.
    """
    return given_up._replace(
        id=notification_id(given_up.event_id, given_up.type, given_up.recipient_id, channel),
        channel=channel,
        planned_at=at,
        decision=f"instead of {given_up.channel}, which gave up",
        fallback_of=given_up.id,
        state="planned",
        attempts=0,
        redrives=0,
        held_until=None,
        sent_at=None,
        delivered_at=None,
        reason=None,
    )
