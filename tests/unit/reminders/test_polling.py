"""When calendars are polled again."""

from datetime import UTC, datetime, timedelta

import pytest

from services.reminders.domain.polling import Known, is_reported, is_whole_due, next_poll

NOW = datetime(2027, 1, 11, 8, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("failures", "asked", "least", "most"),
    [
        (0, None, 27 * MINUTE, 33 * MINUTE),
        (1, None, 2.5 * MINUTE, 5 * MINUTE),
        (2, None, 5 * MINUTE, 10 * MINUTE),
        (5, None, 40 * MINUTE, 80 * MINUTE),
        (1_000, None, DAY / 2, DAY),
        (1, 3 * HOUR, 3 * HOUR, 3 * HOUR),
        (1_000, HOUR, DAY / 2, DAY),
        (1, timedelta(), 2.5 * MINUTE, 5 * MINUTE),
    ],
)
def test_the_wait_grows_with_failures_and_obeys_the_host(
    failures: int, asked: timedelta | None, least: timedelta, most: timedelta
) -> None:
    waits = [next_poll(NOW, failures, asked, chance) - NOW for chance in (0.0, 0.5, 1.0)]
    assert waits == sorted(waits)
    assert least <= waits[0] <= waits[-1] <= most


def test_a_calendar_is_read_as_a_whole_at_first_and_once_a_day() -> None:
    assert is_whole_due(Known(), NOW)
    assert not is_whole_due(Known(sent_at=NOW - 23 * HOUR), NOW)
    assert is_whole_due(Known(sent_at=NOW - DAY), NOW)


def test_a_result_is_reported_when_it_says_something_new_and_once_an_hour() -> None:
    known = Known(error="gone", reported_at=NOW - 30 * MINUTE)
    assert not is_reported(known, "gone", NOW, changed=False)
    assert is_reported(known, None, NOW, changed=False)
    assert is_reported(known, "busy", NOW, changed=False)
    assert is_reported(known, "gone", NOW, changed=True)
    assert is_reported(known, "gone", NOW + 30 * MINUTE, changed=False)
    assert is_reported(Known(), None, NOW, changed=False)
