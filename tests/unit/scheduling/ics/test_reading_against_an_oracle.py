"""Busy time of calendars, as recurring-ical-events sees it."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import icalendar
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.ics.reading import busy
from tests.support.examples import examples

WEEK = timedelta(days=7)
FIRST, LAST = datetime(2027, 1, 1, tzinfo=UTC), datetime(2028, 1, 1, tzinfo=UTC)
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Africa/Casablanca",
        "America/Santiago",
        "Asia/Tokyo",
    ]
)
RULES = st.sampled_from(
    [
        "FREQ=DAILY;COUNT=40",
        "FREQ=DAILY;INTERVAL=3;UNTIL=20270901T000000Z",
        "FREQ=WEEKLY",
        "FREQ=WEEKLY;INTERVAL=2;COUNT=30",
        "FREQ=MONTHLY",
        "FREQ=MONTHLY;INTERVAL=5",
        "FREQ=YEARLY",
    ]
)
STARTS = st.datetimes(datetime.fromisoformat("2026-01-01"), datetime.fromisoformat("2027-08-30")).map(
    lambda at: at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
)


@given(ZONES, RULES, STARTS, st.integers(1, 60), st.sets(st.integers(0, 20), max_size=4))
@settings(max_examples=examples(60), deadline=None)
def test_a_timed_series(zone: str, rule: str, start: datetime, quarters: int, left_out: set[int]) -> None:
    lines = [
        f"DTSTART;TZID={zone}:{start:%Y%m%dT%H%M%S}",
        f"DURATION:PT{quarters * 15}M",
        f"RRULE:{rule}",
        *(f"EXDATE;TZID={zone}:{start + timedelta(days=7 * week):%Y%m%dT%H%M%S}" for week in left_out),
    ]
    compare(lines, zone)


@given(ZONES, RULES, STARTS, st.integers(1, 3))
@settings(max_examples=examples(60), deadline=None)
def test_a_series_of_whole_days(zone: str, rule: str, start: datetime, days: int) -> None:
    rule = rule.replace("20270901T000000Z", "20270901")
    end = start + timedelta(days=days)
    compare([f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{end:%Y%m%d}", f"RRULE:{rule}"], zone)


def compare(lines: list[str], zone: str) -> None:
    whole = ["BEGIN:VCALENDAR", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT", "END:VCALENDAR", ""]
    raw = "\r\n".join(whole).encode()
    taken = busy(raw, first=FIRST, last=LAST, zone=zone, at_most=1_000)
    shown = recurring_ical_events.of(icalendar.Calendar.from_ical(raw)).between(FIRST - WEEK, LAST + WEEK)
    theirs = sorted(instant(one.start, zone) for one in shown)
    ours = sorted(one.start for one in taken.ranges)
    assert taken.skipped == (not ours)
    assert [at for at in ours if at >= FIRST] == [at for at in theirs if FIRST <= at < LAST]
    assert all(at in theirs for at in ours)


def instant(at: Any, zone: str) -> datetime:
    """Of a whole day its midnight; the oracle leaves the ends to the wall clock, RFC 5545 counts hours, so they are not compared."""
    whole_day = not isinstance(at, datetime)
    local = datetime(at.year, at.month, at.day, tzinfo=ZoneInfo(zone)) if whole_day else at
    return datetime.astimezone(local, UTC)
