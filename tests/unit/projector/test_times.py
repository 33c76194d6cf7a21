"""People's time in the views: the newest version counts, and ended holds do not come back."""

from datetime import timedelta
from typing import Any

import pytest

from services.projector.domain.times import BusyTime, BusyTimes, Hold, Hours, Series, newest, ranges_of
from services.projector.messages.incoming import read
from tests.unit.projector.builders import (
    ANNA,
    BEN,
    DECIDED,
    HUB,
    MONDAY_9,
    ORGANIZER,
    a_hold,
    a_record,
    an_event,
    an_id,
    availability_changed,
    busy_times_changed,
    series_changed,
)

TEN = MONDAY_9 + timedelta(hours=1)


@pytest.mark.parametrize(
    ("policy", "margin"),
    [
        pytest.param({}, 0, id="nothing around it matters without a policy"),
        pytest.param({"buffer_before": 10, "buffer_after": 5}, 900, id="buffers of neighbours add"),
        pytest.param({"max_per_day": 3}, 26 * 3600, id="a limit for each day looks at the whole day"),
        pytest.param({"buffer_after": 60, "max_per_day": 1}, 27 * 3600, id="both"),
    ],
)
def test_how_far_around_a_range_matters(policy: dict[str, Any], margin: int) -> None:
    fact = read(a_record(availability_changed(3, **policy)))
    assert fact is not None
    assert isinstance(fact.body, Hours)
    assert fact.body[:4] == (ANNA, HUB, 3, margin)


def test_the_newest_word_on_each_uid() -> None:
    """In whatever order changes come; a uid that is gone leaves an empty range behind."""
    changes = [
        fact.body
        for message in (
            busy_times_changed(3, "b", removed=["a"]),
            busy_times_changed(1, "a", "b"),
            busy_times_changed(2, "c"),
        )
        if (fact := read(a_record(message))) and isinstance(fact.body, BusyTimes)
    ]
    at = {version: MONDAY_9 + timedelta(hours=version) for version in (1, 2, 3)}
    assert sorted(ranges_of(changes)) == [
        BusyTime(ANNA, "a", HUB, DECIDED, DECIDED, 3),
        BusyTime(ANNA, "b", HUB, at[3], at[3] + timedelta(hours=1), 3),
        BusyTime(ANNA, "c", HUB, at[2], at[2] + timedelta(hours=1), 2),
    ]


def test_a_hold_that_is_over_does_not_come_back() -> None:
    holds = [
        fact.body
        for message in (a_hold("released"), a_hold("placed"))
        if (fact := read(a_record(message))) and isinstance(fact.body, Hold)
    ]
    same = (ANNA, BEN), MONDAY_9, TEN
    placed = Hold(an_id("hold"), HUB, 1, *same, DECIDED + timedelta(minutes=10), ANNA)
    assert holds == [Hold(an_id("hold"), HUB, 2, *same, DECIDED - timedelta(hours=1), ANNA), placed]
    assert newest(holds, lambda hold: hold.id) == holds[:1]


def test_a_series_keeps_its_wire_form() -> None:
    fact = read(a_record(series_changed(4)))
    assert fact is not None
    assert isinstance(fact.body, Series)
    assert fact.body[:3] == (an_id("weekly"), HUB, 4)


def test_who_waits_for_a_seat_has_a_place_of_their_own() -> None:
    fact = read(a_record(an_event(seats=1, participant_ids=[ANNA], waiting=[BEN])))
    assert fact is not None
    assert dict(fact.body.attendees) == {ANNA: "pending", BEN: "waiting", ORGANIZER: "organizer"}  # type: ignore[union-attr]
    assert BEN in fact.body.audience  # type: ignore[union-attr]


def test_of_equal_versions_the_first_counts_as_between_batches() -> None:
    one, other = (Series(an_id("weekly"), HUB, 2, body) for body in ("one", "other"))
    assert newest([one, other], lambda each: each.id) == [one]
    changes = [
        fact.body
        for message in (busy_times_changed(1, "a"), busy_times_changed(1, "a", "b", hour=7))
        if (fact := read(a_record(message))) and isinstance(fact.body, BusyTimes)
    ]
    starts = {time.uid: time.start_time for time in ranges_of(changes)}
    assert starts == {"a": MONDAY_9 + timedelta(hours=1), "b": MONDAY_9 + timedelta(hours=7)}
