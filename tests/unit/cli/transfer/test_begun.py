"""A series that has begun is moved in from now on."""

from datetime import UTC, datetime
from typing import Any

import pytest

from cli.transfer.entries import Problem
from cli.transfer.importing.planning import Planned, planned
from tests.unit.cli.transfer.cast import GRETA, an_entry, roster

NOW = datetime(2027, 3, 20, 12, tzinfo=UTC)


def moved_in(**pattern: Any) -> Planned | Problem:
    """Plan, on Saturday the 20th, a series of Mondays from 1 March 2027, 09:00 in Berlin."""
    return planned(an_entry(recurring_pattern=pattern), roster(), GRETA, at=NOW, attempt=1)


@pytest.mark.parametrize(
    ("pattern", "start", "expected"),
    [
        pytest.param(
            {"rrule": "FREQ=WEEKLY;COUNT=6"},
            "2027-03-22T09:00:00",
            {"rrule": "FREQ=WEEKLY;COUNT=3"},
            id="what is over counts",
        ),
        pytest.param(
            {"frequency": "weekly", "interval": 2, "days_of_week": [0]},
            "2027-03-29T09:00:00",
            {"rrule": "FREQ=WEEKLY;INTERVAL=2;BYDAY=MO"},
            id="it keeps step",
        ),
        pytest.param(
            {"rrule": "FREQ=WEEKLY", "exdates": ["2027-03-08T09:00:00", "2027-03-29T09:00:00"]},
            "2027-03-22T09:00:00",
            {"rrule": "FREQ=WEEKLY", "exdates": ["2027-03-29T09:00:00"]},
            id="exceptions to come stay",
        ),
    ],
)
def test_what_is_to_come(pattern: dict[str, Any], start: str, expected: dict[str, Any]) -> None:
    plan = moved_in(**pattern)
    assert isinstance(plan, Planned)
    assert (plan.body["start_time"], plan.body["recurring_pattern"]) == (start, expected)
    assert plan.body["end_time"] == start.replace("09:", "10:")
    assert [note.code for note in plan.entry.notes] == ["in_the_past"]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        pytest.param(
            {"rrule": "FREQ=WEEKLY;UNTIL=20280101"}, {"rrule": "FREQ=WEEKLY;UNTIL=20280101"}, id="by its end"
        ),
        pytest.param(
            {"rrule": "freq=daily;count=3700", "exdates": ["2020-01-01T09:00:00", "2027-04-01T09:00:00"]},
            {"rrule": "FREQ=DAILY;COUNT=5", "exdates": ["2027-04-01T09:00:00"]},
            id="by its number",
        ),
    ],
)
def test_a_series_longer_than_ours_is_moved_in_with_what_is_to_come(
    pattern: dict[str, Any], expected: dict[str, Any]
) -> None:
    entry = an_entry(
        recurring_pattern=pattern, start_time="2017-02-06T09:00:00", end_time="2017-02-06T10:00:00"
    )
    plan = planned(entry, roster(), GRETA, at=NOW, attempt=1)
    assert isinstance(plan, Planned)
    assert plan.body["recurring_pattern"] == expected
    assert plan.body["start_time"] in ("2027-03-22T09:00:00", "2027-03-21T09:00:00")
    assert [note.code for note in plan.entry.notes] == ["in_the_past"]


@pytest.mark.parametrize(
    ("pattern", "code"),
    [
        pytest.param({"rrule": "FREQ=WEEKLY;COUNT=2"}, "in_the_past", id="a series that is over"),
        pytest.param({"rrule": "FREQ=SECONDLY"}, "invalid", id="a rule that is not taken"),
        pytest.param({"rrule": "FREQ=DAILY;COUNT=1000000000"}, "invalid", id="a rule without measure"),
    ],
)
def test_what_cannot_be_moved_in(pattern: dict[str, Any], code: str) -> None:
    found = moved_in(**pattern)
    assert isinstance(found, Problem)
    assert found.code == code


def test_a_series_that_has_not_begun_is_sent_as_it_is_written() -> None:
    pattern = {"frequency": "monthly", "count": 3}
    entry = an_entry(
        recurring_pattern=pattern, start_time="2027-04-01T09:00:00", end_time="2027-04-01T10:00:00"
    )
    plan = planned(entry, roster(), GRETA, at=NOW, attempt=1)
    assert isinstance(plan, Planned)
    assert plan.body["recurring_pattern"] == pattern
    assert list(plan.entry.notes) == []
