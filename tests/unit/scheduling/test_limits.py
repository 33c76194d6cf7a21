"""How long something may last: a day, which some clock changes make longer than 24 hours."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo, available_timezones

import pytest

from scheduling.limits import LONGEST_DAY, longest_from

DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("zone", "local", "hours"),
    [
        ("Europe/Berlin", "2028-10-29T00:00", 25),
        ("Europe/Berlin", "2028-10-22T00:00", 24),
        ("Europe/Berlin", "2028-03-26T00:00", 24),
        ("Europe/Berlin", "2028-10-28T09:00", 25),
        ("Europe/Berlin", "2028-10-29T09:00", 24),
        ("Australia/Lord_Howe", "2028-04-02T00:00", 24.5),
        ("Antarctica/Troll", "2028-10-29T00:00", 26),
        ("UTC", "2028-10-29T00:00", 24),
    ],
)
def test_a_day_lasts_until_the_same_time_of_the_next(zone: str, local: str, hours: float) -> None:
    start = datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
    assert longest_from(start, zone) == timedelta(hours=hours)


@pytest.mark.thorough
def test_from_midnight_to_midnight_is_a_day_on_every_day_in_every_zone() -> None:
    """And no day is longer than those who read expect."""
    begin = datetime(2026, 12, 1)  # noqa: DTZ001
    for key in sorted(available_timezones()):
        zone = ZoneInfo(key)
        midnights = [(begin + number * DAY).replace(tzinfo=zone).astimezone(UTC) for number in range(366 * 6)]
        for start, end in pairwise(midnights):
            if end - start > DAY:
                assert end - start <= longest_from(start, key) <= timedelta(seconds=LONGEST_DAY), (key, start)
