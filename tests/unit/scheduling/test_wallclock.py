from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduling.wallclock import NonexistentTime, resolve

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("local", "zone", "fold", "expected"),
    [
        pytest.param("2027-01-31T09:00", "Europe/Berlin", 0, "2027-01-31T08:00", id="winter in Berlin"),
        pytest.param("2027-07-31T09:00", "Europe/Berlin", 0, "2027-07-31T07:00", id="summer in Berlin"),
        pytest.param(
            "2027-10-31T02:30", "Europe/Berlin", 0, "2027-10-31T00:30", id="an ambiguous time is the earlier"
        ),
        pytest.param("2027-10-31T02:30", "Europe/Berlin", 1, "2027-10-31T01:30", id="fold 1 is the later"),
        pytest.param("2027-06-01T12:00", "Asia/Kathmandu", 0, "2027-06-01T06:15", id="odd offsets"),
        pytest.param(
            "2027-04-04T01:45", "Australia/Lord_Howe", 1, "2027-04-03T15:15", id="half an hour put back"
        ),
        pytest.param(
            "2027-06-01T12:00", "Europe/Berlin", 1, "2027-06-01T10:00", id="fold where nothing folds"
        ),
    ],
)
def test_resolve(local: str, zone: str, fold: int, expected: str) -> None:
    instant = resolve(datetime.fromisoformat(local), ZoneInfo(zone), fold)
    assert instant == datetime.fromisoformat(expected).replace(tzinfo=UTC)
    assert instant.tzinfo is UTC


@pytest.mark.parametrize(
    ("local", "zone"),
    [
        pytest.param("2027-03-28T02:30", "Europe/Berlin", id="the hour that spring skips"),
        pytest.param("2027-10-03T02:15", "Australia/Lord_Howe", id="the half hour that spring skips"),
        pytest.param("2011-12-30T12:00", "Pacific/Apia", id="the day that Samoa skipped"),
    ],
)
@pytest.mark.parametrize("fold", [0, 1])
def test_a_skipped_time_does_not_exist(local: str, zone: str, fold: int) -> None:
    with pytest.raises(NonexistentTime):
        resolve(datetime.fromisoformat(local), ZoneInfo(zone), fold)


def test_an_aware_time_is_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="naive"):
        resolve(datetime(2027, 1, 1, tzinfo=UTC), BERLIN)


@pytest.mark.parametrize(
    ("local", "zone"),
    [
        pytest.param("0001-01-01T00:00", "Asia/Tokyo", id="before the first year in UTC"),
        pytest.param("9999-12-31T23:00", "Pacific/Honolulu", id="after the last year in UTC"),
    ],
)
def test_beyond_the_ends_of_the_calendar_it_overflows(local: str, zone: str) -> None:
    with pytest.raises(OverflowError):
        resolve(datetime.fromisoformat(local), ZoneInfo(zone))


@given(st.integers(631_152_000, 2_840_140_800))  # 1990 to 2060
def test_every_instant_is_found_again_from_its_wall_clock(seconds: int) -> None:
    instant = datetime.fromtimestamp(seconds, UTC)
    shown = instant.astimezone(BERLIN)
    assert resolve(shown.replace(tzinfo=None), BERLIN, shown.fold) == instant
