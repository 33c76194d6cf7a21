"""Random series, expanded by us, by dateutil, and by recurring-ical-events from the file that we write."""

import datetime as dt
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import dateutil.rrule
import icalendar
import pytest
import recurring_ical_events
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from scheduling.expansion import local_times
from scheduling.ics.writing import CalendarEntry, write
from scheduling.recurrence import InvalidPattern, TooMany, recurrence_of, starts
from scheduling.rrule_text import parsed
from tests.support.examples import examples

ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "Europe/Dublin",
        "America/New_York",
        "America/Santiago",
        "America/Havana",
        "America/Sao_Paulo",
        "Africa/Casablanca",
        "Asia/Tehran",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Auckland",
        "Pacific/Apia",
    ]
)
STARTS = st.datetimes(datetime.fromisoformat("2026-12-01"), datetime.fromisoformat("2028-12-31")).map(
    lambda at: at.replace(minute=at.minute // 15 * 15, second=0, microsecond=0)
)
FAR = datetime.fromisoformat("2034-01-01T23:59")
UNTIL = datetime(2028, 7, 1, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="module")
def _dateutil_ends_in_2040() -> Iterator[None]:
    """It looks on until 9999 for a rule that matches nothing, some seconds each time."""
    patch = pytest.MonkeyPatch()
    shortened = SimpleNamespace(**{**vars(dt), "MAXYEAR": 2040})
    patch.setattr(dateutil.rrule, "datetime", shortened)
    yield
    patch.undo()


def some(values: Any, least: int = 1, most: int = 4) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=least, max_size=most, unique=True).map(
        lambda few: ",".join(map(str, few))
    )


DAY = st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"])


@st.composite
def rules(draw: st.DrawFn) -> str:
    """Without what dateutil takes otherwise: it counts BYSETPOS of the first week from the start, not from the week's."""
    frequency = draw(st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]))
    parts = [f"FREQ={frequency}", f"INTERVAL={draw(st.integers(1, 6))}", f"WKST={draw(DAY)}"]
    if draw(st.booleans()):
        parts.append(f"COUNT={draw(st.integers(1, 60))}")
    by_place = draw(st.booleans())
    by: set[str] = draw(st.sets(st.sampled_from(sorted(BY[frequency])), max_size=3))
    if "BYWEEKNO" in by:
        by -= {"NUMBERED"}
    if "NUMBERED" in by:
        by -= {"BYDAY"}
    parts += [f"{'BYDAY' if name == 'NUMBERED' else name}={draw(BY[frequency][name])}" for name in sorted(by)]
    if by and by_place and frequency != "WEEKLY":
        parts.append(f"BYSETPOS={draw(some(st.integers(-6, 6).filter(bool), most=2))}")
    return ";".join(parts)


EVERY: dict[str, st.SearchStrategy[str]] = {
    "BYMONTH": some(st.integers(1, 12)),
    "BYDAY": some(DAY),
    "BYHOUR": some(st.integers(0, 23), most=3),
    "BYMINUTE": some(st.sampled_from([0, 10, 30]), most=2),
}
MONTHDAYS = some(st.integers(-31, 31).filter(bool), most=6)
# Not 52 and 53: dateutil counts the weeks of the year before by a formula that is wrong for years of 52 whole weeks and
# some days, so it may leave out the first days of January, which are in that year's last week.
WEEKS = some(st.integers(-51, 51).filter(bool), most=6)
BY = {
    "DAILY": EVERY | {"BYMONTHDAY": MONTHDAYS},
    "WEEKLY": EVERY,
    "MONTHLY": EVERY
    | {
        "BYMONTHDAY": MONTHDAYS,
        "NUMBERED": some(st.builds("{}{}".format, st.sampled_from([1, 2, 5, -1, -2]), DAY)),
    },
    "YEARLY": EVERY
    | {
        "BYMONTHDAY": MONTHDAYS,
        "NUMBERED": some(st.builds("{}{}".format, st.sampled_from([1, 4, 5, -1, -5]), DAY)),
        "BYWEEKNO": WEEKS,
        "BYYEARDAY": some(st.integers(-366, 366).filter(bool), most=8),
    },
}


def test_the_last_week_of_a_year_goes_on_in_january() -> None:
    """Weeks from Tuesday: the 52nd of 2033 is from December 27 to January 2."""
    start = datetime.fromisoformat("2033-12-01T09:00")
    found = local_times(parsed("FREQ=YEARLY;WKST=TU;BYWEEKNO=52"), start, start.date(), FAR.date())
    assert [at.date().isoformat() for at in found] == [
        *(f"2033-12-{day}" for day in range(27, 32)),
        "2034-01-01",
    ]


@given(rules(), STARTS)
@settings(max_examples=examples(200), deadline=None)
def test_local_times_are_those_of_dateutil(text: str, start: datetime) -> None:
    try:
        rule = parsed(text)
    except InvalidPattern:
        assume(False)
    expected = list(dateutil.rrule.rrulestr(text, dtstart=start).between(start, FAR, inc=True))
    event("none" if not expected else "some")
    assert list(local_times(rule, start, start.date(), FAR.date())) == expected
    later = start + timedelta(days=500)
    assert list(local_times(rule, start, later.date(), FAR.date())) == [
        one for one in expected if one.date() >= later.date()
    ]


@given(
    rules(),
    STARTS,
    ZONES,
    st.sampled_from(["", ";UNTIL=20280326T013000Z", ";UNTIL=20280401"]),
    st.sets(st.integers(0, 8), max_size=3),
    st.lists(st.integers(1, 30_000), max_size=3),
)
@settings(max_examples=examples(40), deadline=None)
def test_what_a_client_sees_of_the_file_is_the_series(
    text: str, start: datetime, zone: str, ending: str, left_out: set[int], hours: list[int]
) -> None:
    """The oracle takes an EXDATE for its UTC time and for its local time, so nothing is left out of two on a day."""
    try:
        series = recurrence_of(
            local_start=start,
            timezone=zone,
            rrule=text if "COUNT" in text else text + ending,
            rdates=[start + timedelta(hours=number) for number in hours],
        )
        ours = starts(series, until=UNTIL, at_most=400)
    except (InvalidPattern, TooMany):
        assume(False)
    assume(ours)
    once_a_day = not hours and "BYHOUR" not in text and "BYMINUTE" not in text
    removed = [one for place, one in enumerate(ours) if once_a_day and place in left_out]
    entry = CalendarEntry(
        uid="1",
        sequence=1,
        stamp=ours[0],
        start=ours[0],
        end=ours[0] + timedelta(minutes=30),
        timezone=zone,
        summary="",
        recurrence=series,
        exdates=removed,
    )
    calendar = icalendar.Calendar.from_ical(write([entry], name="x"))
    shown = recurring_ical_events.of(calendar).between(datetime(2026, 1, 1, tzinfo=UTC), UNTIL)
    seen = {one.start.astimezone(UTC) for one in shown}
    assert sorted(seen) == [one for one in ours if one not in removed]


@given(rules(), STARTS, ZONES)
@settings(max_examples=examples(100), deadline=None)
def test_starts_in_pieces_are_the_starts_as_a_whole(text: str, start: datetime, zone: str) -> None:
    try:
        series = recurrence_of(local_start=start, timezone=zone, rrule=text)
    except InvalidPattern:
        assume(False)
    at = start.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    cuts = [at + timedelta(days=days) for days in (0, 100, 365, 1_000)]
    whole = starts(series, until=cuts[-1], at_most=10_000)
    pieces = starts(series, until=cuts[0], at_most=9)
    for low, high in pairwise(cuts):
        pieces += starts(series, after=low, until=high, at_most=10_000)
    assert pieces == whole
    assert recurrence_of(local_start=series.local_start, timezone=zone, rrule=series.rrule) == series
