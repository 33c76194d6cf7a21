"""Time elsewhere in portions that commands can carry: all of it, each once, none too large."""

from datetime import UTC, datetime, timedelta

import orjson
import pytest

from contracts.availability import ImportBusyTimes
from services.ingress.domain.importing import portions

NINE = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("ranges", "removed", "uid"),
    [
        pytest.param(0, 0, "{}", id="nothing"),
        pytest.param(1, 0, "{}", id="one range"),
        pytest.param(0, 3, "{}", id="only what is gone"),
        pytest.param(5_000, 5_000, "{}@example.com", id="as much as there may be"),
        pytest.param(2_000, 2_000, "{:0>255}", id="the longest names"),
        pytest.param(2_000, 0, "{:\N{GRINNING FACE}>255}", id="names of four bytes a character"),
        pytest.param(2_000, 0, '{:">255}', id="names that are escaped"),
    ],
)
def test_every_portion_is_a_command_and_together_they_say_all(ranges: int, removed: int, uid: str) -> None:
    busy = [
        (uid.format(number), NINE + number * HOUR, NINE + (number + 1) * HOUR) for number in range(ranges)
    ]
    gone = [uid.format(f"gone {number}") for number in range(removed)]
    bodies = list(portions(busy, gone))
    assert max((len(orjson.dumps(body)) for body in bodies), default=0) < 256 * 1024
    checked = [ImportBusyTimes.model_validate(body) for body in bodies]
    ranges_sent = [item for body in checked for item in body.busy_times]
    assert [(item.start_time, item.end_time) for item in ranges_sent] == [
        (start, end) for _, start, end in busy
    ]
    assert len({item.uid for item in ranges_sent}) == ranges
    assert len({name for body in checked for name in body.removed}) == removed
    assert len(bodies) <= 1 + (ranges + removed) // 150
