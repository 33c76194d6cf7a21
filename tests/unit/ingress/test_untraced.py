"""Which requests have no span."""

import pytest

from services.ingress.http.middleware import untraced


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/appointments", False),
        ("/api/appointments/calendar", False),
        ("/api/appointments/calendar.ics", True),
        ("/api/appointments/calendar.ics/", True),
        ("/api/appointments/stream", True),
        ("/health/live", True),
        ("/metrics/", True),
    ],
)
def test_a_secret_in_the_query_and_what_comes_all_the_time_are_not_traced(path: str, expected: bool) -> None:
    assert untraced({"type": "http", "path": path}) is expected
