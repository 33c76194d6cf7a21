"""When a message that falls into quiet hours may go out."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import QuietHours
from notifications.quiet_hours import waits_until

BERLIN = ZoneInfo("Europe/Berlin")
NIGHT, NOON = QuietHours(time(22), time(7)), QuietHours(time(12), time(13))


@pytest.mark.parametrize(
    ("quiet", "now", "until"),
    [
        pytest.param(NIGHT, "2028-01-10T21:59+01:00", None, id="before"),
        pytest.param(NIGHT, "2028-01-10T22:00+01:00", "2028-01-11T07:00+01:00", id="from the start on"),
        pytest.param(NIGHT, "2028-01-11T06:59+01:00", "2028-01-11T07:00+01:00", id="after midnight"),
        pytest.param(NIGHT, "2028-01-11T07:00+01:00", None, id="the end is outside"),
        pytest.param(NOON, "2028-01-11T12:30+01:00", "2028-01-11T13:00+01:00", id="within a day"),
        pytest.param(NIGHT, "2028-03-25T23:00+01:00", "2028-03-26T07:00+02:00", id="a short night"),
        pytest.param(NIGHT, "2028-10-28T23:00+02:00", "2028-10-29T07:00+01:00", id="a long night"),
        pytest.param(None, "2028-01-11T12:30+01:00", None, id="none"),
    ],
)
def test_when_they_end(quiet: QuietHours | None, now: str, until: str | None) -> None:
    expected = datetime.fromisoformat(until) if until else None
    assert waits_until(datetime.fromisoformat(now), quiet, BERLIN) == expected


@given(
    now=st.datetimes(datetime(2026, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    start=st.times(),
    end=st.times(),
    zone=st.sampled_from(["Europe/Berlin", "Australia/Lord_Howe", "America/Sao_Paulo", "Asia/Kathmandu"]),
)
def test_nothing_waits_for_more_than_a_day_nor_into_quiet_hours(
    now: datetime, start: time, end: time, zone: str
) -> None:
    if start == end:
        return
    quiet, place = QuietHours(start, end), ZoneInfo(zone)
    until = waits_until(now, quiet, place)
    if until is not None:
        assert now < until <= now + timedelta(hours=25)
        assert until.utcoffset() == timedelta(0)
