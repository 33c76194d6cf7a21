"""Importing and removing busy times: time that is taken in another calendar."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from services.booking.domain.model import times
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import BusyTime, ImportBusyTimes, RemoveBusyTimes
from services.booking.domain.model.decision import AcceptedMany, Decision, DomainEvent, Refusal, invalid
from services.booking.domain.model.diary import BusyTimes
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.times import FIRST, LAST, Period

KEPT_AT_MOST = 5_000  # ranges of a person that are not over
MEANWHILE_AT_MOST = 2 * KEPT_AT_MOST  # while the portions of a calendar replace its earlier ranges
REMOVED_AT_ONCE = 2_000  # uids in one event, so that it fits into a message
SUBSCRIBED = "subscription:"
"""The sources of subscribed calendars begin with it."""


@dataclass(frozen=True, slots=True)
class Change:
    """Ranges of a source that are new or have moved, and uids that are gone."""

    new: Mapping[str, Period]
    gone: Sequence[str]
    source: str = ""


def source_of(subscription_id: UUID) -> str:
    """Return the source of a subscribed calendar's times."""
    return f"{SUBSCRIBED}{subscription_id}"


def needs_of_import(command: ImportBusyTimes) -> Needs:
    """All busy times of the actor, with their version; for a subscribed calendar also whether it still is one."""
    users = (command.actor.user,) if command.actor.user else ()
    return Needs(busy_times=users, subscriptions=users if command.source.startswith(SUBSCRIBED) else ())


def needs_of_remove(command: RemoveBusyTimes) -> Needs:
    """All busy times of the actor, with their version."""
    return Needs(busy_times=(command.actor.user,) if command.actor.user else ())


def decide_import(case: Case[ImportBusyTimes]) -> Decision:
    """Replace the ranges that are sent, forget those that are removed or replaced, leave the others.

    A range that is over or starts too far ahead is not kept; one that moved there is gone.
    """
    command, at, member = case.command, case.at, case.person
    if command.source.startswith(SUBSCRIBED) and not _is_subscribed(case):
        return _refused_source()
    known = case.book.diary.elsewhere(member.id) or BusyTimes()
    sent = {item.uid: _in_utc(item) for item in command.busy_times}
    wanted = {uid: when for uid, when in sent.items() if _is_kept(when, at)}
    named = sent.keys() | set(command.removed) | _replaced(command, known)
    kept = {uid: when for uid, when in known.ranges.items() if uid not in named and when.end > at}
    if refusal := _refusal_for_number(command, known, kept, len(wanted)):
        return refusal
    new = {uid: when for uid, when in wanted.items() if _differs(known, uid, when, command.source)}
    gone = [uid for uid in known.ranges if uid in named and uid not in wanted]
    outcome = {"user_id": member.id, "imported": len(new)}
    if command.replaces is not None:
        outcome["removed"] = len(gone)
    sources = {uid: source for uid, source in known.sources.items() if uid in kept}
    sources |= dict.fromkeys(wanted, command.source) if command.source else {}
    after = BusyTimes(known.version, kept | wanted, sources)
    happened = take_effect(case, after, Change(new, gone, command.source))
    return AcceptedMany(member.id, version=after.version or None, happened=happened, outcome=outcome)


def decide_remove(case: Case[RemoveBusyTimes]) -> Decision:
    """Forget the ranges of a source, or of every source but subscribed calendars."""
    source, member = case.command.source, case.person
    if source is not None and source.startswith(SUBSCRIBED):
        return _refused_source()
    known = case.book.diary.elsewhere(member.id) or BusyTimes()
    if source is None:
        gone = [uid for uid in known.ranges if not known.source(uid).startswith(SUBSCRIBED)]
    else:
        gone = of_source(known, source)
    after = without(known, gone)
    happened = take_effect(case, after, Change({}, gone))
    outcome = {"user_id": member.id, "removed": len(gone)}
    return AcceptedMany(member.id, version=after.version or None, happened=happened, outcome=outcome)


def of_source(known: BusyTimes, source: str) -> list[str]:
    """Return the uids of the ranges that come from a source."""
    return [uid for uid in known.ranges if known.source(uid) == source]


def without(known: BusyTimes, gone: Collection[str]) -> BusyTimes:
    """Return busy times in which these ranges are missing, at the same version."""
    left = {uid: when for uid, when in known.ranges.items() if uid not in set(gone)}
    return BusyTimes(known.version, left, {uid: of for uid, of in known.sources.items() if uid in left})


def take_effect(case: Case[Any], after: BusyTimes, change: Change) -> tuple[DomainEvent, ...]:
    """Let busy times of the actor replace the earlier ones; return the events of the change, each with a version.

    `after` has the version from before the change, and gets the one after it.
    """
    if not change.new and not change.gone:
        return ()
    happened = tuple(_events(case, after, change))
    touched = (*change.new, *change.gone)
    case.book.diary.set_elsewhere(case.command.organization, case.person.id, after, touched)
    return happened


def _events(case: Case[Any], after: BusyTimes, change: Change) -> Iterator[DomainEvent]:
    for first in range(0, max(len(change.gone), 1), REMOVED_AT_ONCE):
        after.version += 1
        new = change.new if first == 0 else {}
        body: dict[str, Any] = {
            "user_id": case.person.id,
            "organization_id": case.command.organization,
            "version": after.version,
            "busy_times": [
                {"uid": uid, "start_time": when.start, "end_time": when.end} for uid, when in new.items()
            ],
            "removed": list(change.gone[first : first + REMOVED_AT_ONCE]),
        }
        if change.source:
            body["source"] = change.source
        yield DomainEvent("busy_times.changed", case.person.id, body)


def _is_subscribed(case: Case[ImportBusyTimes]) -> bool:
    """Whether the times are of a calendar that the actor subscribes to: a poll may end after the subscription."""
    known = case.book.subscriptions.of(case.person.id)
    items = known.items if known and known.organization_id == case.command.organization else ()
    return any(case.command.source == f"{SUBSCRIBED}{item['id']}" for item in items)


def _replaced(command: ImportBusyTimes, known: BusyTimes) -> set[str]:
    stretch = command.replaces
    return set() if stretch is None else {uid for uid in of_source(known, command.source) if stretch.has(uid)}


def _refusal_for_number(
    command: ImportBusyTimes, known: BusyTimes, kept: Collection[str], wanted: int
) -> Refusal | None:
    """Reject more ranges than are kept; a calendar that is replaced in portions counts as a whole.

    Between its portions there may be more, for its earlier ranges go one portion after the other.
    """
    number = len(kept) + wanted
    if command.replaces is None:
        too_many = number > KEPT_AT_MOST
    else:
        others = sum(known.source(uid) != command.source for uid in kept)
        too_many = others + command.replaces.total > KEPT_AT_MOST or number > MEANWHILE_AT_MOST
    if not too_many:
        return None
    return invalid("busy_times", "too_many", f"A person can have at most {KEPT_AT_MOST} busy times.")


def _refused_source() -> Refusal:
    return invalid(
        "source", "subscribed", "Times of a subscribed calendar come and go with its subscription."
    )


def _differs(known: BusyTimes, uid: str, when: Period, source: str) -> bool:
    return known.ranges.get(uid) != when or known.source(uid) != source


def _in_utc(item: BusyTime) -> Period:
    """Return the range in UTC; one that begins long ago or never ends is cut where every clock can still show
    it.
    """
    start, end = (min(max(instant, FIRST), LAST).astimezone(UTC) for instant in (item.start, item.end))
    return Period(start, end)


def _is_kept(when: Period, at: datetime) -> bool:
    return when.end > max(at, when.start) and times.refusal_for_distance(when.start, at) is None


RULES: Rules = {
    ImportBusyTimes: Rule(decide_import, needs_of_import),
    RemoveBusyTimes: Rule(decide_remove, needs_of_remove),
}
