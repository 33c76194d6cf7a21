"""When a subscribed calendar is polled again, and which of its polls are reported."""

from dataclasses import dataclass
from datetime import datetime, timedelta

EVERY = timedelta(minutes=30)
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=5), timedelta(days=1)
WHOLE_EVERY = timedelta(days=1)
"""So often a calendar is read and sent as a whole, whether it has changed or not: series without end are looked at
for 400 days from the day of the reading."""
REPORTED_EVERY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Known:
    """The last polls of a calendar. `sent_at`: when its times were last sent; `reported_at`: when a result was."""

    failures: int = 0
    error: str | None = None
    sent_at: datetime | None = None
    reported_at: datetime | None = None


def next_poll(at: datetime, failures: int, asked: timedelta | None, chance: float) -> datetime:
    """Return when to poll again after so many failures in a row; not before the host has asked for.

    `chance` (0 to 1) spreads the polls of many calendars: a success by a tenth of the interval, a failure by half.
    """
    if failures == 0:
        return at + EVERY * (0.9 + 0.2 * chance)
    doubled = FIRST_RETRY * 2.0 ** min(failures - 1, 20)
    return at + max(min(doubled, LONGEST_RETRY) * (0.5 + 0.5 * chance), asked or timedelta())


def is_whole_due(known: Known, at: datetime) -> bool:
    """Whether the calendar is to be read and sent again even if it has not changed."""
    return known.sent_at is None or at - known.sent_at >= WHOLE_EVERY


def is_reported(known: Known, error: str | None, at: datetime, *, changed: bool) -> bool:
    """Whether a result is told to booking: a change, another error, or the first for an hour."""
    return (
        changed
        or error != known.error
        or known.reported_at is None
        or at - known.reported_at >= REPORTED_EVERY
    )
