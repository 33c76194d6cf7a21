"""All calendars that icalendar and recurring-ical-events ship with their own tests, read by us and by them.

Every difference is a decision, and stands in a table below. python-dateutil ships no calendar file.
"""

import warnings
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import pytest
import recurring_ical_events

from scheduling.ics.reading import Busy, Fate, Unreadable, busy

ROOTS = (
    Path(str(files("icalendar") / "tests")),
    Path(str(files("recurring_ical_events") / "test" / "calendars")),
)
CALENDARS = {
    f"{file.parent.name}/{file.name}": file for root in ROOTS for file in sorted(root.rglob("*.ics"))
}
UTC_ZONE, A_DAY, YEARS_MAX = ZoneInfo("UTC"), timedelta(days=1), 6

TWO_RULES = "Several rules in one event: it fails and is named; a series here has one rule."
BACKWARDS = "An end before the start is no time: it fails and is named; they exchange the two."
READERS_ZONE = "A time without a zone is that of its reader (RFC 5545, 3.3.5); they take X-WR-TIMEZONE, which is no standard."
DATE_FOR_TIME = "A date where a time is meant is the start's time on that day."
DIFFERENT = {
    "calendars/multiple_rrule.ics": TWO_RULES,
    "calendars/end_before_start_event.ics": BACKWARDS,
    "calendars/issue_132_swapped_start_and_end.ics": BACKWARDS,
    "calendars/issue_86_x_wr_timezone_without_time_zone_in_dt.ics": READERS_ZONE,
    "calendars/issue_1633_rdate_with_dates.ics": DATE_FOR_TIME,
    "calendars/issue_1633_rdate_with_dates_and_tzid.ics": DATE_FOR_TIME,
}
"""What we take of these is not what they take, on purpose."""


def theirs(raw: bytes, first: datetime, last: datetime) -> set[tuple[datetime, datetime]]:
    """When they see something that takes time; a day that ends where it begins is a day (decided)."""
    found = set()
    for calendar in icalendar.Calendar.from_ical(raw, multiple=True):
        for one in recurring_ical_events.of(calendar).between(first, last):
            status, shown = (str(one.get(name, "")).upper() for name in ("STATUS", "TRANSP"))
            start, end = instant(one.start), instant(one.end)
            if not isinstance(one.start, datetime) and start == end:
                end += A_DAY
            if status != "CANCELLED" and shown != "TRANSPARENT" and start < min(end, last) and end > first:
                found.add((start, end))
    return found


def theirs_if_any(raw: bytes, first: datetime, last: datetime) -> set[tuple[datetime, datetime]] | None:
    """The same; None for a file that they cannot read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return theirs(raw, first, last)
    except Exception:
        return None


def instant(at: Any) -> datetime:
    """An instant; times and days without a zone are read in UTC, as ours are here."""
    whole = at if isinstance(at, datetime) else datetime(at.year, at.month, at.day)  # noqa: DTZ001
    return (whole if whole.tzinfo else whole.replace(tzinfo=UTC_ZONE)).astimezone(UTC)


def ours(raw: bytes, first: datetime, last: datetime) -> Busy:
    """Return our reading of it."""
    return busy(raw, first=first, last=last, zone="UTC", at_most=5_000)


def years(raw: bytes) -> list[int]:
    """The first years in which something begins."""
    starts = (line.rpartition(b":")[2][:4] for line in raw.split(b"\n") if line.startswith(b"DTSTART"))
    return sorted({int(year) for year in starts if year.isdigit() and 1900 < int(year) < 2090})[
        :YEARS_MAX
    ] or [2020]


@pytest.mark.thorough
@pytest.mark.parametrize("name", CALENDARS)
def test_a_shipped_calendar_is_read_as_they_read_it_or_as_was_decided(name: str) -> None:
    raw = CALENDARS[name].read_bytes()
    if b"BEGIN:VCALENDAR" not in raw.upper():
        with pytest.raises(Unreadable) as refused:
            ours(raw, datetime(2020, 1, 1, tzinfo=UTC), datetime(2021, 1, 1, tzinfo=UTC))
        assert refused.value.code == "not_a_calendar", "a fragment"
        return
    differs = False
    for year in years(raw):
        first = datetime(year, 1, 1, tzinfo=UTC) - 2 * A_DAY
        last = first + timedelta(days=370)
        read = ours(raw, first, last)
        assert read.counts["total"] == sum(read.counts[fate] for fate in Fate)
        expected = theirs_if_any(raw, first, last)
        if expected is None:
            # They give up the whole file; we read the rest of it, and name what we cannot read.
            assert read.ranges or read.left_out or not read.results
            return
        differs |= {(one.start, one.end) for one in read.ranges} != expected
    assert differs == (name in DIFFERENT), DIFFERENT.get(name, "a difference that nobody decided")


def test_there_is_something_to_read() -> None:
    assert len(CALENDARS) > 200
    assert DIFFERENT.keys() <= CALENDARS.keys()
