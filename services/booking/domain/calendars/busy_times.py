"""Importing busy times: time that is taken in another calendar."""

from datetime import UTC, datetime

from services.booking.domain.model import times
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import BusyTime, ImportBusyTimes
from services.booking.domain.model.decision import AcceptedMany, Decision, DomainEvent, invalid
from services.booking.domain.model.diary import BusyTimes
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules
from services.booking.domain.model.times import FIRST, LAST, Period

KEPT_AT_MOST = 5_000  # ranges of a person that are not over


def needs_of_import(command: ImportBusyTimes) -> Needs:
    """All busy times of the actor, with their version."""
    return Needs(busy_times=(command.actor.user,) if command.actor.user else ())


def decide_import(case: Case[ImportBusyTimes]) -> Decision:
    """Replace the ranges that are sent, forget those that are removed, leave the others.

    A range that is over or starts too far ahead is not kept; one that moved there is gone.
    """
    command, book, at, member = case.command, case.book, case.at, case.person
    known = book.diary.elsewhere(member.id) or BusyTimes()
    sent = {item.uid: _in_utc(item) for item in command.busy_times}
    wanted = {uid: when for uid, when in sent.items() if _is_kept(when, at)}
    named = sent.keys() | set(command.removed)
    ranges = {uid: when for uid, when in known.ranges.items() if uid not in named and when.end > at}
    ranges |= wanted
    if len(ranges) > KEPT_AT_MOST:
        return invalid("busy_times", "too_many", f"A person can have at most {KEPT_AT_MOST} busy times.")
    new = {uid: when for uid, when in wanted.items() if known.ranges.get(uid) != when}
    gone = [uid for uid in known.ranges if uid in named and uid not in ranges]
    outcome = {"user_id": member.id, "imported": len(new)}
    if not new and not gone:
        return AcceptedMany(member.id, version=known.version or None, outcome=outcome)
    after = BusyTimes(known.version + 1, ranges)
    book.diary.set_elsewhere(command.organization, member.id, after, (*new, *gone))
    body = {
        "user_id": member.id,
        "organization_id": command.organization,
        "version": after.version,
        "busy_times": [
            {"uid": uid, "start_time": when.start, "end_time": when.end} for uid, when in new.items()
        ],
        "removed": gone,
    }
    happened = DomainEvent("busy_times.changed", member.id, body)
    return AcceptedMany(member.id, version=after.version, happened=(happened,), outcome=outcome)


def _in_utc(item: BusyTime) -> Period:
    """Return the range in UTC; one that begins long ago or never ends is cut where every clock can still show
    it.
    """
    start, end = (min(max(instant, FIRST), LAST).astimezone(UTC) for instant in (item.start, item.end))
    return Period(start, end)


def _is_kept(when: Period, at: datetime) -> bool:
    return when.end > max(at, when.start) and times.refusal_for_distance(when.start, at) is None


RULES: Rules = {ImportBusyTimes: Rule(decide_import, needs_of_import)}
