"""The instant at which a reminder is due, and the end of its use."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from scheduling.wallclock import moved_out_of_gaps

DAY_MINUTES = 1_440
GRACE_MAX = timedelta(hours=6)
GRACE_AT_THE_START = timedelta(minutes=1)
# Timers after an appointment may be late, but not for ever: a replay must not close appointments of past
# years.
AFTERWARDS_GRACE = timedelta(hours=24)


def due_at(starts_at: datetime, lead_minutes: int, zone: ZoneInfo) -> datetime:
    """Return when a reminder `lead_minutes` before `starts_at` is due, in UTC.

    A lead of n times 1,440 minutes keeps the wall clock of `zone`: a day before 09:00 is 09:00, also across a
    clock change. Every other lead is elapsed time. Where the clocks skip the wall-clock time of that day, it
    moves forward with them (02:30 becomes 03:30); where they show it twice, the earlier one counts, so that
    no reminder is late. Raises OverflowError at the ends of the calendar.
    """
    days, minutes = divmod(lead_minutes, DAY_MINUTES)
    if minutes or not days:
        return starts_at.astimezone(UTC) - timedelta(minutes=lead_minutes)
    wall = starts_at.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    return moved_out_of_gaps(wall, zone)


def grace(lead_minutes: int) -> timedelta:
    """Return how late a reminder may be: half its lead, at most 6 hours; a minute for one at the start."""
    if not lead_minutes:
        return GRACE_AT_THE_START
    return min(timedelta(minutes=lead_minutes) / 2, GRACE_MAX)


def is_still_useful(due: datetime, lead_minutes: int, starts_at: datetime, now: datetime) -> bool:
    """Return whether a reminder that was not sent until `now` should still be sent.

    Only before the start, except for a lead of 0: that reminder is due at the start.
    """
    return now <= due + grace(lead_minutes) and (now < starts_at or not lead_minutes)
