"""Check-ins and no-shows."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from scheduling.check_in import arrived

START = datetime(2030, 1, 14, 9, tzinfo=UTC)
ANN = UUID(int=1)


@pytest.mark.parametrize(
    ("before", "came"),
    [
        pytest.param(timedelta(minutes=30), True, id="as early as anybody can"),
        pytest.param(timedelta(minutes=-50), True, id="late"),
        pytest.param(timedelta(minutes=30, microseconds=1), False, id="before the appointment was moved"),
    ],
)
def test_arrived(before: timedelta, came: bool) -> None:
    assert (ANN in arrived({ANN: START - before}, START)) is came
