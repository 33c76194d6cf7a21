"""When a series occurs, and which patterns are refused."""

from datetime import UTC, date, datetime, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from scheduling.recurrence import InvalidPattern, Recurrence, TooMany, recurrence_of, shift, starts


def local(*parts: int) -> datetime:
    """A naive time of some wall clock."""
    return datetime(*parts)  # type: ignore[arg-type]  # noqa: DTZ001


MONDAY_9 = local(2027, 1, 4, 9)
FAR = datetime(2040, 1, 1, tzinfo=UTC)


def a_series(start: datetime = MONDAY_9, timezone: str = "Europe/Berlin", **pattern: Any) -> Recurrence:
    return recurrence_of(local_start=start, timezone=timezone, **pattern)


def local_starts(series: Recurrence, until: datetime = FAR) -> list[str]:
    zone = ZoneInfo(series.timezone)
    found = starts(series, until=until, at_most=2_000)
    return [f"{one.astimezone(zone):%Y-%m-%d %H:%M}" for one in found]


@pytest.mark.parametrize(
    ("pattern", "rrule"),
    [
        pytest.param(
            {"frequency": "weekly", "count": 3}, "FREQ=WEEKLY;COUNT=3", id="weekly on the start's day"
        ),
        pytest.param(
            {"frequency": "weekly", "interval": 2, "days_of_week": [4, 0, 0]},
            "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO,FR",
            id="each day once and in order",
        ),
        pytest.param({"frequency": "monthly"}, "FREQ=MONTHLY", id="monthly on the start's day"),
        pytest.param(
            {"frequency": "daily", "until": date(2027, 7, 31)},
            "FREQ=DAILY;UNTIL=20270731T215959Z",
            id="until includes its whole local day",
        ),
        pytest.param(
            {"rrule": " rrule:freq=weekly;byday=fr,mo;wkst=su"},
            "FREQ=WEEKLY;WKST=SU;BYDAY=MO,FR",
            id="small letters and the name of the property",
        ),
        pytest.param(
            {"rrule": "FREQ=MONTHLY;BYDAY=+2TU,-1FR;COUNT=4"},
            "FREQ=MONTHLY;COUNT=4;BYDAY=2TU,-1FR",
            id="a plus sign is left out",
        ),
        pytest.param(
            {"rrule": "FREQ=DAILY;UNTIL=20270731T090000"},
            "FREQ=DAILY;UNTIL=20270731T070000Z",
            id="a local end is one of the series' zone",
        ),
        pytest.param(
            {"rrule": "FREQ=YEARLY;BYWEEKNO=20"},
            "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO,TU,WE,TH,FR,SA,SU",
            id="a week is all its days",
        ),
        pytest.param({}, None, id="no rule: dates alone"),
    ],
)
def test_the_canonical_rule(pattern: dict[str, Any], rrule: str | None) -> None:
    series = a_series(**pattern)
    assert series.rrule == rrule
    assert not rrule or a_series(rrule=rrule) == series


@pytest.mark.parametrize(
    ("start", "zone", "pattern", "expected"),
    [
        pytest.param(
            local(2027, 3, 27, 2, 30),
            "Europe/Berlin",
            {"frequency": "daily", "count": 3},
            ["2027-03-27 02:30", "2027-03-28 03:30", "2027-03-29 02:30"],
            id="a skipped time moves forward by the gap, that day only",
        ),
        pytest.param(
            local(2027, 10, 2, 2, 15),
            "Australia/Lord_Howe",
            {"frequency": "daily", "count": 3},
            ["2027-10-02 02:15", "2027-10-03 02:45", "2027-10-04 02:15"],
            id="a gap of half an hour",
        ),
        pytest.param(
            local(2027, 1, 31, 9),
            "Europe/Berlin",
            {"frequency": "monthly", "count": 4},
            ["2027-01-31 09:00", "2027-03-31 09:00", "2027-05-31 09:00", "2027-07-31 09:00"],
            id="the 31st is left out in short months",
        ),
        pytest.param(
            local(2028, 2, 29, 9),
            "Europe/Berlin",
            {"frequency": "yearly", "count": 2},
            ["2028-02-29 09:00", "2032-02-29 09:00"],
            id="the leap day",
        ),
        pytest.param(
            local(2027, 1, 5, 9),
            "Europe/Berlin",
            {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO;COUNT=2"},
            ["2027-01-18 09:00", "2027-02-01 09:00"],
            id="a start that does not match is none; the first match is the first",
        ),
        pytest.param(
            local(2027, 1, 6, 9),
            "Europe/Berlin",
            {"rrule": "FREQ=WEEKLY;BYDAY=MO,WE,FR;BYSETPOS=2;COUNT=2"},
            ["2027-01-06 09:00", "2027-01-13 09:00"],
            id="places are counted from the week's begin, also in the first",
        ),
        pytest.param(
            local(2027, 3, 28, 2, 30),
            "Europe/Berlin",
            {"rrule": "FREQ=DAILY;BYHOUR=2,3;COUNT=3"},
            ["2027-03-28 03:30", "2027-03-29 02:30"],
            id="two that fall together are one",
        ),
        pytest.param(
            MONDAY_9,
            "Europe/Berlin",
            {
                "frequency": "weekly",
                "count": 3,
                "exdates": [local(2027, 1, 11, 9), local(2027, 1, 12, 9)],
                "rdates": [local(2027, 1, 13, 9), datetime(2027, 1, 18, 8, tzinfo=UTC)],
            },
            ["2027-01-04 09:00", "2027-01-13 09:00", "2027-01-18 09:00"],
            id="dates are added once and taken away; an exception that hits nothing is let be",
        ),
        pytest.param(
            datetime(2027, 1, 4, 8, tzinfo=UTC),
            "Europe/Berlin",
            {"frequency": "daily", "count": 1},
            ["2027-01-04 09:00"],
            id="an instant is its wall clock",
        ),
        pytest.param(
            MONDAY_9,
            "Europe/Berlin",
            {"rdates": [local(2027, 2, 1, 10)]},
            ["2027-01-04 09:00", "2027-02-01 10:00"],
            id="without a rule the start counts",
        ),
    ],
)
def test_starts(start: datetime, zone: str, pattern: dict[str, Any], expected: list[str]) -> None:
    assert local_starts(a_series(start, zone, **pattern)) == expected


def test_an_ambiguous_time_is_the_earlier() -> None:
    series = a_series(local(2027, 10, 30, 2, 30), frequency="daily", count=2)
    assert starts(series, until=FAR, at_most=9)[1] == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)


BY_RULE = "rrule"
MANY = [local(2027, 1, 4, 9) + timedelta(days=day) for day in range(501)]


@pytest.mark.parametrize(
    ("pattern", "field", "code"),
    [
        ({"rrule": "FREQ=SECONDLY"}, BY_RULE, "unsupported_frequency"),
        ({"rrule": "FREQ=MINUTELY;COUNT=2"}, BY_RULE, "unsupported_frequency"),
        ({"rrule": "FREQ=HOURLY"}, BY_RULE, "unsupported_frequency"),
        ({"rrule": "INTERVAL=2"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY\nFREQ=DAILY"}, BY_RULE, "unsupported_frequency"),
        ({"rrule": "FREQ=DAILY;X-EVERY=1"}, BY_RULE, "unknown_part"),
        ({"rrule": "FREQ=DAILY;BYEASTER=0"}, BY_RULE, "unknown_part"),
        ({"rrule": "FREQ=DAILY;INTERVAL=1;INTERVAL=1"}, BY_RULE, "repeated_part"),
        ({"rrule": "FREQ=DAILY;COUNT=2;UNTIL=20270301"}, BY_RULE, "one_end"),
        ({"rrule": "FREQ=DAILY;COUNT=751"}, BY_RULE, "too_many"),
        ({"rrule": "FREQ=DAILY;COUNT=1000000000"}, BY_RULE, "too_many"),
        ({"rrule": "FREQ=DAILY;COUNT=" + "9" * 400}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;COUNT=0"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;COUNT=-1"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;COUNT=١"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;INTERVAL=0"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;INTERVAL=1001"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;BYMONTH=13"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=MONTHLY;BYMONTHDAY=0"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=MONTHLY;BYDAY=54MO"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;BYHOUR=24"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;BYDAY=XX"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;WKST=1MO"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;UNTIL=2027"}, BY_RULE, "malformed"),
        ({"rrule": "FREQ=DAILY;UNTIL=20270230"}, BY_RULE, "out_of_range"),
        ({"rrule": "FREQ=DAILY;UNTIL=00010101T000000Z"}, BY_RULE, "end_before_start"),
        ({"rrule": "FREQ=DAILY;UNTIL=20270103"}, BY_RULE, "end_before_start"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=TU;UNTIL=20270104"}, BY_RULE, "no_occurrence"),
        ({"rrule": "FREQ=YEARLY;UNTIL=99991231T235959Z"}, BY_RULE, "too_far"),
        ({"rrule": "FREQ=YEARLY;COUNT=7"}, BY_RULE, "too_far"),
        ({"rrule": "FREQ=DAILY;UNTIL=20300101"}, BY_RULE, "too_many"),
        ({"rrule": "FREQ=DAILY;BYHOUR=1,2,3"}, BY_RULE, "too_many"),
        ({"rrule": f"FREQ=DAILY;BYMINUTE={','.join(map(str, range(60)))};BYHOUR=1,2"}, BY_RULE, "too_many"),
        ({"rrule": "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30"}, BY_RULE, "no_occurrence"),
        ({"rrule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, BY_RULE, "no_occurrence"),
        ({"rrule": "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6"}, BY_RULE, "no_occurrence"),
        ({"rrule": "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6"}, BY_RULE, "no_occurrence"),
        ({"rrule": "FREQ=MONTHLY;BYSETPOS=1"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=WEEKLY;BYMONTHDAY=1"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=WEEKLY;BYDAY=1MO"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=MONTHLY;BYWEEKNO=1"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=MONTHLY;BYYEARDAY=1"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=YEARLY;BYWEEKNO=1;BYDAY=1MO"}, BY_RULE, "combination"),
        ({"rrule": "FREQ=DAILY;BYMONTH=" + "1," * 300 + "1"}, BY_RULE, "too_long"),
        ({"frequency": "hourly"}, "frequency", "unsupported_frequency"),
        ({"frequency": "daily", "interval": 0}, "interval", "out_of_range"),
        ({"frequency": "daily", "count": 751}, "count", "too_many"),
        ({"frequency": "yearly", "count": 9}, "count", "too_far"),
        ({"frequency": "daily", "count": 2, "until": date(2027, 2, 1)}, "until", "one_end"),
        ({"frequency": "daily", "until": date(2027, 1, 3)}, "until", "end_before_start"),
        ({"frequency": "daily", "until": date(9999, 12, 31)}, "until", "too_far"),
        ({"frequency": "daily", "until": date(2031, 1, 1)}, "until", "too_many"),
        ({"frequency": "weekly", "days_of_week": [7]}, "days_of_week", "out_of_range"),
        ({"frequency": "monthly", "days_of_week": [1]}, "days_of_week", "combination"),
        ({"frequency": "daily", "interval": 7, "days_of_week": [1]}, "frequency", "no_occurrence"),
        ({"frequency": "daily", "count": 1, "exdates": [MONDAY_9]}, "exdates", "no_occurrence"),
        ({"frequency": "daily", "exdates": MANY}, "exdates", "too_many"),
        ({"frequency": "daily", "rdates": MANY}, "rdates", "too_many"),
        ({"frequency": "daily", "rdates": [MONDAY_9, local(2033, 1, 1)]}, "rdates.1", "out_of_range"),
        ({"frequency": "daily", "rdates": [local(2027, 1, 3)]}, "rdates.0", "out_of_range"),
        ({"frequency": "daily", "exdates": [local(1, 1, 1)]}, "exdates.0", "out_of_range"),
        ({"frequency": "daily", "exdates": [datetime.max.replace(tzinfo=UTC)]}, "exdates.0", "out_of_range"),
    ],
    ids=str,
)
def test_a_pattern_that_is_refused(pattern: dict[str, Any], field: str, code: str) -> None:
    with pytest.raises(InvalidPattern) as refused:
        a_series(**pattern)
    assert (refused.value.field, refused.value.code) == (field, code)
    assert refused.value.message.endswith(".")


@pytest.mark.parametrize(
    "rrule",
    [
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYMONTH=4;BYWEEKNO=1,2,53,-1;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=YEARLY;BYYEARDAY=366,365,-1;BYMONTHDAY=1,2,3,4,5,6,7;BYDAY=MO,TU,WE,TH,FR,SA,SU",
        "FREQ=MONTHLY;BYDAY=1MO,2TU,3WE;BYMONTHDAY=31,-1;BYHOUR=1,2,3,4;BYMINUTE=1,2,3,4;BYSETPOS=300",
    ],
)
def test_a_rule_that_matches_nothing_is_refused_at_once(rrule: str) -> None:
    fastest = min(_refusal_seconds(rrule) for _ in range(5))
    assert fastest < 0.05


def _refusal_seconds(rrule: str) -> float:
    began = perf_counter()
    with pytest.raises(InvalidPattern):
        a_series(rrule=rrule)
    return perf_counter() - began


@pytest.mark.parametrize("start", [local(1, 1, 1), local(9999, 12, 31, 23), local(9995, 1, 1)])
def test_a_start_at_the_ends_of_the_calendar_is_refused(start: datetime) -> None:
    with pytest.raises(InvalidPattern):
        a_series(start, frequency="weekly")


def test_more_than_asked_for_are_too_many() -> None:
    series = a_series(frequency="daily")
    with pytest.raises(TooMany):
        starts(series, until=datetime(2027, 3, 1, tzinfo=UTC), at_most=9)


def test_the_next_nights_of_a_series_without_end_long_after_its_start() -> None:
    series = a_series(frequency="weekly", interval=2)
    after = datetime(2039, 12, 19, 8, tzinfo=UTC)
    found = starts(series, after=after, until=after + timedelta(days=28), at_most=9)
    assert found == [after + timedelta(days=14), after + timedelta(days=28)]
    assert series.endless


def test_no_more_than_some_five_years_are_looked_through() -> None:
    found = starts(a_series(frequency="yearly"), until=datetime.max.replace(tzinfo=UTC), at_most=9)
    assert len(found) == 6


@pytest.mark.parametrize(
    ("instant", "by", "expected"),
    [
        ("2027-03-27T08:00", timedelta(days=1), "2027-03-28T07:00"),
        ("2027-03-27T01:30", timedelta(days=1), "2027-03-28T01:30"),
        ("2027-10-30T00:30", timedelta(days=1), "2027-10-31T00:30"),
        ("2027-10-31T01:30", timedelta(0), "2027-10-31T01:30"),
        ("2027-10-30T08:00", timedelta(days=1, hours=-1), "2027-10-31T08:00"),
    ],
    ids=["keeps the wall clock", "out of a gap", "an ambiguous is the earlier", "no shift", "days and hours"],
)
def test_shift_in_berlin(instant: str, by: timedelta, expected: str) -> None:
    moved = shift(datetime.fromisoformat(instant).replace(tzinfo=UTC), "Europe/Berlin", by)
    assert moved == datetime.fromisoformat(expected).replace(tzinfo=UTC)
