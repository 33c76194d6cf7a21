"""When a reminder is due, and until when it is of use."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.reminders.domain.due import due_at, is_still_useful
from tests.unit.reminders.builders import BERLIN, MONDAY_9, before

NEW_YORK = ZoneInfo("America/New_York")
LORD_HOWE = ZoneInfo("Australia/Lord_Howe")
SAO_PAULO = ZoneInfo("America/Sao_Paulo")
KOLKATA = ZoneInfo("Asia/Kolkata")
ZONES = (BERLIN, NEW_YORK, LORD_HOWE, SAO_PAULO, KOLKATA)
DAY = 1_440


def local(
    zone: ZoneInfo, year: int, month: int, day: int, hour: int, minute: int = 0, fold: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=zone, fold=fold)


@pytest.mark.parametrize(
    ("starts_at", "lead", "zone", "expected"),
    [
        pytest.param(
            local(BERLIN, 2026, 3, 29, 9),
            120,
            BERLIN,
            datetime(2026, 3, 29, 5, tzinfo=UTC),
            id="two hours are elapsed time",
        ),
        pytest.param(
            local(BERLIN, 2026, 3, 29, 4),
            120,
            BERLIN,
            local(BERLIN, 2026, 3, 29, 1),
            id="two hours before 4 on the night that has no 2 is 1",
        ),
        pytest.param(
            local(BERLIN, 2026, 3, 29, 9),
            DAY,
            BERLIN,
            datetime(2026, 3, 28, 8, tzinfo=UTC),
            id="a day before 9 is 9 also over the change to summer time",
        ),
        pytest.param(
            local(BERLIN, 2026, 10, 25, 9),
            DAY,
            BERLIN,
            datetime(2026, 10, 24, 7, tzinfo=UTC),
            id="and over the change to winter time",
        ),
        pytest.param(
            local(BERLIN, 2026, 3, 29, 9),
            DAY + 60,
            BERLIN,
            datetime(2026, 3, 28, 6, tzinfo=UTC),
            id="25 hours are elapsed time",
        ),
        pytest.param(
            local(NEW_YORK, 2026, 11, 5, 9),
            7 * DAY,
            NEW_YORK,
            local(NEW_YORK, 2026, 10, 29, 9),
            id="a week before 9 is 9 in New York",
        ),
        pytest.param(
            local(LORD_HOWE, 2026, 4, 5, 9),
            DAY,
            LORD_HOWE,
            local(LORD_HOWE, 2026, 4, 4, 9),
            id="a day where the clocks change by half an hour",
        ),
        pytest.param(
            local(SAO_PAULO, 2018, 11, 5, 0, 30),
            DAY,
            SAO_PAULO,
            local(SAO_PAULO, 2018, 11, 4, 1, 30),
            id="a time that midnight's change skips is read with the offset before it",
        ),
        pytest.param(
            local(BERLIN, 2026, 3, 30, 2, 30),
            DAY,
            BERLIN,
            local(BERLIN, 2026, 3, 29, 3, 30),
            id="2:30 on the night that has none is 3:30",
        ),
        pytest.param(
            local(BERLIN, 2026, 10, 26, 2, 30),
            DAY,
            BERLIN,
            datetime(2026, 10, 25, 0, 30, tzinfo=UTC),
            id="2:30 on the night that has two is the earlier",
        ),
        pytest.param(
            local(KOLKATA, 2026, 3, 29, 9),
            DAY,
            KOLKATA,
            datetime(2026, 3, 28, 3, 30, tzinfo=UTC),
            id="a day where clocks never change",
        ),
        pytest.param(
            local(BERLIN, 2026, 10, 25, 2, 30, fold=1),
            0,
            BERLIN,
            datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
            id="no lead is the start itself, also in the later of two equal hours",
        ),
    ],
)
def test_due_at(starts_at: datetime, lead: int, zone: ZoneInfo, expected: datetime) -> None:
    assert due_at(starts_at.astimezone(UTC), lead, zone) == expected


YEAR_2015, YEAR_2037 = 1_420_070_400, 2_114_380_800
instants = st.integers(YEAR_2015, YEAR_2037).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))
zones = st.sampled_from(ZONES)


@given(instants, st.integers(0, 43_200), zones)
def test_it_is_never_after_the_start_and_off_by_no_more_than_the_clocks_change(
    starts_at: datetime, lead: int, zone: ZoneInfo
) -> None:
    due = due_at(starts_at, lead, zone)
    assert due <= starts_at
    assert abs(starts_at - due - timedelta(minutes=lead)) <= timedelta(hours=1)
    assert due.utcoffset() == timedelta(0)


@given(instants, st.integers(1, 30), zones)
def test_days_keep_the_wall_clock_where_that_time_exists_once(
    starts_at: datetime, days: int, zone: ZoneInfo
) -> None:
    wall = starts_at.astimezone(zone).replace(tzinfo=None) - timedelta(days=days)
    exists = [
        instant
        for fold in (0, 1)
        if (instant := wall.replace(tzinfo=zone, fold=fold).astimezone(UTC))
        .astimezone(zone)
        .replace(tzinfo=None)
        == wall
    ]
    due = due_at(starts_at, days * DAY, zone)
    if exists:
        assert due == min(exists)
    else:
        assert wall < due.astimezone(zone).replace(tzinfo=None) <= wall + timedelta(hours=1)


@given(instants, st.integers(0, 43_200).filter(lambda lead: lead % DAY), zones)
def test_other_leads_are_elapsed_time(starts_at: datetime, lead: int, zone: ZoneInfo) -> None:
    assert starts_at - due_at(starts_at, lead, zone) == timedelta(minutes=lead)


@given(instants, st.integers(1, 29), zones)
def test_a_day_more_is_never_later(starts_at: datetime, days: int, zone: ZoneInfo) -> None:
    assert due_at(starts_at, (days + 1) * DAY, zone) < due_at(starts_at, days * DAY, zone)


@pytest.mark.parametrize(
    ("lead", "late", "useful"),
    [
        pytest.param(60, timedelta(0), True, id="at its instant"),
        pytest.param(60, timedelta(minutes=30), True, id="half its lead late"),
        pytest.param(60, timedelta(minutes=30, microseconds=1), False, id="later than half its lead"),
        pytest.param(DAY, timedelta(hours=6), True, id="six hours late"),
        pytest.param(DAY, timedelta(hours=6, microseconds=1), False, id="more than six hours late"),
        pytest.param(DAY * 30, timedelta(hours=7), False, id="seven hours late, however long the lead"),
        pytest.param(1, timedelta(seconds=30), True, id="a minute before, half a minute late"),
        pytest.param(1, timedelta(seconds=31), False, id="a minute before, more than half a minute late"),
        pytest.param(0, timedelta(seconds=1), True, id="at the start, a second late"),
        pytest.param(0, timedelta(seconds=61), False, id="at the start, more than a minute late"),
    ],
)
def test_is_still_useful(lead: int, late: timedelta, useful: bool) -> None:
    due = before(minutes=lead)
    assert is_still_useful(due, lead, MONDAY_9, due + late) is useful


@given(st.integers(1, 43_200), st.timedeltas(timedelta(0), timedelta(days=40)))
def test_nothing_is_of_use_once_it_began(lead: int, late: timedelta) -> None:
    due = before(minutes=lead)
    if is_still_useful(due, lead, MONDAY_9, due + late):
        assert due + late < MONDAY_9
