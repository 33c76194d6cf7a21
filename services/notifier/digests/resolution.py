"""The decision about one open digest, and about the deliveries that wait for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from services.notifier.digests.delivery import summed_up
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.digests import Release, Review, Window, can_wait
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.transitions import WAITING, transition
from services.notifier.planning.digest_holds import message_of
from services.notifier.sending.checks import objection, obsolete, switched_off, unreachable
from services.notifier.sending.completion import Ended
from services.notifier.store.checked import Checked
from services.notifier.store.digests import Row

Outcome = Literal["sent", "empty", "dropped", "postponed"]
_CHECKS = (obsolete, switched_off, unreachable)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The outcome for a digest, and for each delivery that waits for it.

    `ended`: deliveries that are not sent any more. `released`: deliveries that are sent by themselves.
    `kept`: deliveries that go on waiting, for `window`; `moved`: those of them that get a new time by it.
    `content`: the digest's own delivery with the JSON of its call. `fault`: the error that stopped the digest
    from being written.
    """

    outcome: Outcome
    ended: Sequence[Ended] = ()
    released: Sequence[Delivery] = ()
    kept: Sequence[Delivery] = ()
    moved: Sequence[Delivery] = ()
    content: tuple[Delivery, bytes] | None = None
    window: Window | None = None
    fault: Exception | None = None


def resolve(digest: Row, found: Review, waiting: Sequence[Checked], now: datetime) -> Resolution:
    """Return the resolution of a digest for which these deliveries wait.

    Skip those that a report has ended.
    """
    useless: list[Ended] = []
    useful: list[Checked] = []
    for item in waiting:
        if item.delivery.state not in WAITING:
            continue
        if step := objection(item, now, _CHECKS):
            useless.append(Ended(transition(item.delivery, step, now)))
        else:
            useful.append(item)
    return replace(_resolve(digest, found, useful, now), ended=useless)


def _resolve(digest: Row, found: Review, waiting: Sequence[Checked], now: datetime) -> Resolution:
    if isinstance(found, Window):
        return _postponed(found, waiting, now)
    if isinstance(found, Release):
        return _dropped(waiting)
    if not waiting:
        return Resolution("empty")
    try:
        first = waiting[0]
        content = summed_up(digest, waiting, found.decision, first.own, first.organization, now)
    except Exception as fault:  # our fault; it must not lose the deliveries, nor stop other digests
        return _dropped(waiting, fault)
    return Resolution("sent", content=content)


def _dropped(waiting: Sequence[Checked], fault: Exception | None = None) -> Resolution:
    return Resolution("dropped", released=[item.delivery for item in waiting], fault=fault)


def _postponed(window: Window, waiting: Sequence[Checked], now: datetime) -> Resolution:
    stay = [
        item for item in waiting if can_wait(message_of(item.delivery), window, item.own, item.organization)
    ]
    kept = {
        item.delivery.id: transition(item.delivery, Hold(window.due, window.reason), now) for item in stay
    }
    return Resolution(
        "postponed",
        released=[item.delivery for item in waiting if item.delivery.id not in kept],
        kept=list(kept.values()),
        moved=[kept[item.delivery.id] for item in stay if item.delivery.held_until != window.due],
        window=window,
    )
