"""Booking a series: all occurrences in one decision."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import pytest

from services.booking.domain.decide import decide
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.decision import Code, Refusal
from services.booking.domain.model.recurring_series import AHEAD
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    FOREIGNER,
    HOUR,
    MONDAY_9,
    NOW,
    a_book,
    an_appointment,
    decided,
    refused,
)
from tests.unit.booking.recurring import WEEK, Diary, a_pattern, a_series, settled


def test_each_occurrence_is_an_appointment_of_its_own() -> None:
    command = a_series(participant_ids=(BEN, CARA))
    decision = settled(decided(command))
    series_id = uuid5(command.id, "series")
    occurrences = [step.appointment for step in decision.steps]
    # The clocks in Berlin are put forward on 28 March: nine UTC is ten o'clock, then eight UTC is.
    assert [item.start for item in occurrences] == [
        datetime(2027, 3, 8, 9, tzinfo=UTC),
        datetime(2027, 3, 15, 9, tzinfo=UTC),
        datetime(2027, 3, 22, 9, tzinfo=UTC),
        datetime(2027, 3, 29, 8, tzinfo=UTC),
    ]
    assert [item.original_start for item in occurrences] == [item.start for item in occurrences]
    assert {item.end - item.start for item in occurrences} == {HOUR}
    assert occurrences[0].id == command.appointment_id
    assert occurrences[1].id == uuid5(series_id, "2027-03-15T09:00:00Z")
    assert {item.series_id for item in occurrences} == {series_id}
    assert all(item.recurring_pattern == {"rrule": "FREQ=WEEKLY;COUNT=4"} for item in occurrences)
    assert all(item.version == 1 and list(item.answers) == [BEN, CARA] for item in occurrences)


def test_each_has_its_event_and_the_series_has_one_after_them() -> None:
    decision = settled(decided(a_series()))
    series_id = decision.outcome["series_id"]
    assert [step.event and step.event.type for step in decision.steps] == 4 * ["appointment.created"]
    assert {step.event and (step.event.more or {})["of_series"] for step in decision.steps} == {series_id}
    [event] = decision.happened
    assert (event.type, event.subject) == ("series.changed", series_id)
    body = event.body
    assert (body["change"], body["scope"], body["version"]) == ("created", "all", 1)
    assert body["appointment"] == decision.steps[0].appointment == decision.appointment
    assert [person.id for person in body["people"]] == [ANNA, BEN]
    assert body["series"]["timezone"] == "Europe/Berlin"
    assert body["series"]["local_start"] == "2027-03-08T10:00:00"
    assert body["series"]["booked_until"] is None
    assert decision.outcome["occurrences"] == body["occurrences"]
    assert len(body["occurrences"]) == 4
    assert decision.outcome["skipped"] == []


def test_the_zone_is_the_one_that_is_named() -> None:
    decision = settled(decided(a_series(timezone="America/New_York")))
    # New York put its clocks forward on 14 March already.
    assert [step.appointment.start.hour for step in decision.steps] == [9, 8, 8, 8]


@pytest.mark.parametrize("hour", [0, 1])
def test_the_first_is_at_the_very_instant_that_was_sent(hour: int) -> None:
    """Half past two comes twice on 31 October in Berlin; by the pattern it is the earlier."""
    start = datetime(2027, 10, 31, hour, 30, tzinfo=UTC)
    decision = settled(decided(a_series(start=start, end=start + HOUR)))
    first, second, *_ = (step.appointment for step in decision.steps)
    assert (first.start, first.end) == (start, start + HOUR)
    assert first.original_start == datetime(2027, 10, 31, 0, 30, tzinfo=UTC)
    assert second.start == datetime(2027, 11, 7, 1, 30, tzinfo=UTC)


def test_one_without_an_end_is_booked_a_year_ahead() -> None:
    decision = settled(decided(a_series(rrule="FREQ=WEEKLY")))
    assert len(decision.steps) == 53
    assert decision.series is not None
    assert decision.series.booked_until == MONDAY_9 + AHEAD
    assert decision.steps[-1].appointment.start <= MONDAY_9 + AHEAD


@pytest.mark.parametrize(
    ("command", "field", "code"),
    [
        pytest.param(a_series(rrule="FREQ=SECONDLY"), "recurring_pattern.rrule", None, id="secondly"),
        pytest.param(
            a_series(rrule="FREQ=DAILY;UNTIL=20260101T000000Z"), None, None, id="it ends before it begins"
        ),
        pytest.param(
            a_series(rrule="FREQ=DAILY;COUNT=1000000000"), None, None, id="a thousand million times"
        ),
        pytest.param(
            a_series(rrule="FREQ=DAILY;BYHOUR=9,10,11"), "recurring_pattern.rrule", None, id="too many"
        ),
        pytest.param(
            a_series(pattern=a_pattern("FREQ=DAILY;COUNT=1", exdates=(MONDAY_9,))),
            None,
            "no_occurrence",
            id="all of it is excepted",
        ),
        pytest.param(
            a_series(rrule="FREQ=DAILY;COUNT=3", end=MONDAY_9 + timedelta(hours=24), start=MONDAY_9 - HOUR),
            "end_time",
            "too_long",
            id="longer than a day",
        ),
        pytest.param(
            a_series(pattern=a_pattern("FREQ=DAILY;COUNT=3", rdates=(MONDAY_9 + HOUR / 2,))),
            "recurring_pattern",
            "overlaps",
            id="an occurrence within another",
        ),
        pytest.param(
            a_series(
                rrule="FREQ=DAILY;COUNT=300", participant_ids=tuple(UUID(int=n) for n in range(100, 170))
            ),
            None,
            Code.UNKNOWN_USER,
            id="unknown people first",
        ),
    ],
)
def test_what_makes_no_sense_is_refused_at_once(
    command: commands.Create, field: str | None, code: str | None
) -> None:
    refusal = refused(decided(command))
    assert refusal.code in (Code.INVALID, Code.UNKNOWN_USER)
    assert field in (None, refusal.errors[0].field)
    assert code in (None, refusal.errors[0].code)


def test_people_times_occurrences_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.booking.domain.series.limits.PLACES_MAX", 7)
    refusal = refused(decided(a_series()))
    assert [(error.field, error.code) for error in refusal.errors] == [
        ("recurring_pattern", "too_many_places")
    ]


def test_content_times_occurrences_is_bounded() -> None:
    long = 10_000 * "ä"
    assert settled(decided(a_series(rrule="FREQ=DAILY;COUNT=365", description=long))).steps
    refusal = refused(decided(a_series(rrule="FREQ=DAILY;COUNT=500", description=long)))
    assert [(error.field, error.code) for error in refusal.errors] == [
        ("recurring_pattern", "too_much_content")
    ]


def busy(week: int, **different: Any) -> Appointment:
    """BEN is busy in that week."""
    fields: dict[str, Any] = {"id": UUID(int=0x900 + week), "organizer_id": BEN, "answers": {}}
    return an_appointment(
        **fields | {"start": MONDAY_9 + week * WEEK, "end": MONDAY_9 + week * WEEK + HOUR} | different
    )


def test_each_occurrence_in_the_way_is_reported() -> None:
    refusal = refused(decided(a_series(), busy(1), busy(2)))
    assert refusal.code is Code.CONFLICT
    assert [(error.field, error.code) for error in refusal.errors] == [
        ("occurrences.1", "conflict"),
        ("occurrences.2", "conflict"),
    ]
    assert refusal.errors[0].message == "2027-03-15 10:00: At least one person is busy at this time."
    assert {overlap.user_id for overlap in refusal.overlaps} == {BEN}


def test_what_is_in_the_way_is_left_out_where_the_command_says_so() -> None:
    decision = settled(decided(a_series(skip_conflicts=True), busy(0), busy(2)))
    first, second = (step.appointment for step in decision.steps)
    assert (first.original_start, second.original_start) == (MONDAY_9 + WEEK, MONDAY_9 + 3 * WEEK - HOUR)
    assert first.id == a_series().appointment_id, "the first that is booked has the id that was sent"
    skipped = [
        {"original_start_time": MONDAY_9, "code": "conflict"},
        {"original_start_time": MONDAY_9 + 2 * WEEK, "code": "conflict"},
    ]
    assert decision.outcome["skipped"] == decision.happened[0].body["skipped"] == skipped


@pytest.mark.parametrize(
    ("command", "week", "sought"),
    [
        pytest.param(a_series(), 1, True, id="for one that is refused"),
        pytest.param(a_series(skip_conflicts=True), 1, False, id="not for one that leaves it out"),
        pytest.param(a_series(skip_conflicts=True), 0, True, id="for one of which nothing may be left"),
    ],
)
def test_other_times_are_looked_for_where_the_whole_may_be_refused(
    command: commands.Create, week: int, sought: bool
) -> None:
    book = a_book(busy(week))
    decide(command, book, NOW)
    assert bool(book.sought) is sought


def test_a_series_of_which_nothing_is_left_is_refused() -> None:
    weeks = [busy(week) for week in range(4)]
    weeks[3] = busy(3, start=weeks[3].start - HOUR, end=weeks[3].end)
    assert refused(decided(a_series(skip_conflicts=True), *weeks)).code is Code.CONFLICT


def test_past_and_far_occurrences_are_reported_like_others() -> None:
    late = refused(decided(a_series(), at=MONDAY_9 + timedelta(days=8)))
    assert [(error.field, error.code) for error in late.errors] == [
        ("occurrences.0", "in_the_past"),
        ("occurrences.1", "in_the_past"),
    ]
    assert late.code is Code.IN_THE_PAST
    mixed = refused(decided(a_series(), busy(2), at=MONDAY_9 + timedelta(days=1)))
    assert mixed.code is Code.CONFLICT
    far = a_series(
        rrule="FREQ=YEARLY;COUNT=3", start=MONDAY_9 + 52 * 3 * WEEK, end=MONDAY_9 + 52 * 3 * WEEK + HOUR
    )
    assert [error.code for error in refused(decided(far)).errors] == ["too_far"]


def test_the_past_is_left_out_like_a_conflict() -> None:
    decision = settled(decided(a_series(skip_conflicts=True), at=MONDAY_9 + timedelta(days=1)))
    assert [one["code"] for one in decision.outcome["skipped"]] == ["in_the_past"]
    assert len(decision.steps) == 3


def test_a_refused_series_leaves_no_trace() -> None:
    book = a_book(busy(3, start=MONDAY_9 + 3 * WEEK - HOUR, end=MONDAY_9 + 3 * WEEK))
    assert isinstance(decide(a_series(), book, NOW), Refusal)
    changes = book.take_changes()
    assert (changes.appointments, changes.series) == ([], [])
    assert book.overlapping(ANNA, MONDAY_9, MONDAY_9 + HOUR) == []


def test_a_series_occupies_what_it_books() -> None:
    diary = Diary(a_series())
    refusal = refused(diary.do(a_series(CARA, number=2)))
    assert [error.field for error in refusal.errors] == [f"occurrences.{number}" for number in range(4)]


def test_an_occurrences_id_that_is_in_use_is_refused() -> None:
    command = a_series()
    taken = uuid5(uuid5(command.id, "series"), "2027-03-15T09:00:00Z")
    refusal = refused(
        decided(command, an_appointment({}, id=taken, start=NOW - HOUR, end=NOW, organizer_id=CARA))
    )
    assert [(error.field, error.code) for error in refusal.errors] == [("occurrences.1", "exists")]


def test_permission_comes_before_anything_else() -> None:
    assert refused(decided(a_series(FOREIGNER))).code is Code.NOT_ALLOWED
    assert refused(decided(a_series(CARA, organizer_id=ANNA))).code is Code.NOT_ALLOWED
    assert settled(decided(a_series(ADMIN, organizer_id=ANNA))).steps[0].appointment.organizer_id == ANNA


def test_the_friendly_form() -> None:
    pattern = replace(a_pattern(None), frequency="weekly", days_of_week=(0, 2), until=date(2027, 3, 17))
    decision = settled(decided(a_series(pattern=pattern)))
    assert [step.appointment.start.day for step in decision.steps] == [8, 10, 15, 17]
