"""Time that is taken elsewhere, as somebody imports it from another calendar."""

from datetime import UTC, datetime

from services.booking.domain import access
from services.booking.domain.model import times
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import BusyTime, ImportBusyTimes
from services.booking.domain.model.decision import AcceptedMany, Decision, DomainEvent, invalid
from services.booking.domain.model.diary import BusyTimes
from services.booking.domain.model.times import FIRST, LAST, Period

KEPT_AT_MOST = 5_000  # ranges of a person that are not over


def decide_import(command: ImportBusyTimes, book: Book, at: datetime) -> Decision:
    """Replace the ranges that are named, forget those that are removed, leave the others.

    What is over, or starts too far ahead, is not kept; a range that moved there is gone.
    """
    member = book.member(command.actor, command.organization)
    if member is None:
        return access.NOT_A_MEMBER
    known = book.diary.elsewhere(member.id) or BusyTimes()
    sent = {item.uid: _in_utc(item) for item in command.busy_times}
    wanted = {uid: when for uid, when in sent.items() if _is_kept(when, at)}
    named = sent.keys() | set(command.removed)
    ranges = {uid: when for uid, when in known.ranges.items() if uid not in named and when.end > at}
    ranges |= wanted
    if len(ranges) > KEPT_AT_MOST:
        return invalid("busy_times", "too_many", f"At most {KEPT_AT_MOST} ranges of a person are kept.")
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
    """What begins long ago or never ends is cut where every clock can still show it."""
    start, end = (min(max(instant, FIRST), LAST).astimezone(UTC) for instant in (item.start, item.end))
    return Period(start, end)


def _is_kept(when: Period, at: datetime) -> bool:
    return when.end > max(at, when.start) and times.refusal_for_distance(when.start, at) is None
