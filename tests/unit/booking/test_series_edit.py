"""One command for several occurrences: all of them, or nothing."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Answer, Status
from services.booking.domain.model.commands import Cancel, Confirm, Decline, Scope, Update
from services.booking.domain.model.decision import Code
from services.booking.domain.model.recurring_series import AHEAD
from tests.unit.booking.builders import (
    ADMIN,
    BEN,
    CARA,
    COLLEAGUE,
    HOUR,
    MONDAY_9,
    NOBODY,
    NOW,
    ORG,
    a_create,
    accepted,
    by,
    refused,
)
from tests.unit.booking.recurring import WEEK, Diary, a_series, settled

ALL, FOLLOWING, THIS = Scope.ALL, Scope.FOLLOWING, Scope.THIS
DAY = timedelta(days=1)


def titles(diary: Diary) -> list[str]:
    return [item.title for item in diary.all()]


@pytest.mark.parametrize(
    ("scope", "expected"),
    [
        pytest.param(THIS, ["Visit", "New", "Visit", "Visit"], id="this"),
        pytest.param(FOLLOWING, ["Visit", "New", "New", "New"], id="this and following"),
        pytest.param(ALL, ["New", "New", "New", "New"], id="all"),
    ],
)
def test_how_much_of_a_series_changes(scope: Scope, expected: list[str]) -> None:
    diary = Diary(a_series())
    diary.ask(Update, diary.all()[1], scope=scope, content={"title": "New"})
    assert titles(diary) == expected


def test_each_touched_occurrence_has_its_event_and_the_series_one() -> None:
    diary = Diary(a_series())
    decision = settled(diary.ask(Update, diary.all()[1], scope=FOLLOWING, content={"title": "New"}))
    assert [step.event and step.event.type for step in decision.steps] == 3 * ["appointment.updated"]
    assert all(
        step.event and step.event.more == {"of_series": diary.series().id, "organizer_confirmed": False}
        for step in decision.steps
    )
    [event] = decision.happened
    assert (event.body["change"], event.body["scope"], event.body["version"]) == ("updated", "following", 2)
    assert event.body["appointment"] == decision.steps[0].appointment == decision.appointment
    assert [change.field for change in event.body["changes"]] == ["title"]
    assert len(event.body["occurrences"]) == len(decision.outcome["occurrences"]) == 3


def test_new_times_move_each_by_the_same_wall_clock_time() -> None:
    diary = Diary(a_series())
    before = diary.all()
    # Monday ten to Tuesday half past eleven in Berlin, for the last two weeks: one of them after the clock change.
    start = before[2].start + DAY + 1.5 * HOUR
    decision = settled(diary.ask(Update, before[2], scope=FOLLOWING, start=start, end=start + 2 * HOUR))
    after = diary.all()
    assert [item.start for item in after] == [
        before[0].start,
        before[1].start,
        before[2].start + DAY + 1.5 * HOUR,
        before[3].start + DAY + 1.5 * HOUR,
    ]
    assert {item.end - item.start for item in after[2:]} == {2 * HOUR}
    assert decision.happened[0].body["change"] == "rescheduled"
    assert [item.original_start for item in after] == [item.original_start for item in before]


def test_a_shift_over_the_clock_change_keeps_the_wall_clock() -> None:
    diary = Diary(a_series(), at=NOW - 2 * WEEK)
    before = diary.all()
    start = before[3].start - WEEK + HOUR  # ten o'clock in winter instead of ten o'clock in summer
    settled(diary.ask(Update, before[3], scope=ALL, start=start, end=start + HOUR))
    assert [item.start - then.start for item, then in zip(diary.all(), before, strict=True)] == [
        -WEEK,
        -WEEK,
        -WEEK,
        -WEEK + HOUR,
    ]


def test_a_shift_by_one_period_is_in_nobodys_way() -> None:
    diary = Diary(a_series())
    before = diary.all()
    settled(diary.ask(Update, before[0], scope=ALL, start=before[1].start, end=before[1].end))
    assert [item.start for item in diary.all()][:2] == [before[1].start, before[2].start]
    assert diary.book.overlapping(BEN, MONDAY_9, MONDAY_9 + HOUR) == []


def test_they_may_not_overlap_each_other_afterwards() -> None:
    diary = Diary(a_series())
    one, two, *_ = diary.all()
    accepted(diary.ask(Update, two, start=one.end, end=one.end + HOUR))
    refusal = refused(diary.ask(Update, one, scope=ALL, end=one.end + HOUR))
    assert [(error.field, error.code) for error in refusal.errors] == [("occurrences.1", "conflict")]


def test_all_or_nothing_and_each_that_is_in_the_way_is_reported() -> None:
    diary = Diary(a_series())
    diary.do(a_create(CARA, number=7, start=MONDAY_9 + WEEK + 3 * HOUR, end=MONDAY_9 + WEEK + 4 * HOUR))
    before = diary.all()
    refusal = refused(
        diary.ask(Update, before[0], scope=ALL, start=MONDAY_9 + 3 * HOUR, end=MONDAY_9 + 4 * HOUR)
    )
    assert refusal.code is Code.CONFLICT
    assert [(error.field, error.code) for error in refusal.errors] == [("occurrences.1", "conflict")]
    assert refusal.errors[0].message == "2027-03-15 13:00: At least one person is busy at this time."
    assert (refusal.appointment_id, refusal.version) == (before[0].id, 1)
    assert diary.all() == before
    assert diary.book.overlapping(BEN, MONDAY_9, MONDAY_9 + HOUR) != []


def test_single_edits_survive_where_the_series_edit_says_nothing() -> None:
    diary = Diary(a_series())
    one, two, three, four = diary.all()
    accepted(diary.ask(Update, two, content={"title": "Special"}, start=two.start + HOUR, end=two.end + HOUR))
    accepted(diary.ask(Cancel, three))
    settled(
        diary.ask(
            Update, one, scope=ALL, content={"location": "Hall"}, start=one.start + DAY, end=one.end + DAY
        )
    )
    after = diary.all()
    assert [item.title for item in after] == ["Visit", "Special", "Visit", "Visit"]
    assert [item.location for item in after] == ["Hall", "Hall", "", "Hall"]
    assert after[1].start == two.start + HOUR + DAY, "what was moved keeps its distance"
    assert after[2].status is Status.CANCELLED
    assert after[2].start == three.start
    assert after[3].start == four.start + DAY


def test_people_are_added_and_removed_not_replaced() -> None:
    diary = Diary(a_series())
    one, two, *_ = diary.all()
    accepted(diary.ask(Update, two, participant_ids=(BEN, COLLEAGUE)))
    settled(diary.ask(Update, one, scope=ALL, participant_ids=(CARA,)))
    assert [list(item.answers) for item in diary.all()] == [[CARA], [COLLEAGUE, CARA], [CARA], [CARA]]


def test_somebody_who_was_taken_out_of_one_stays_out() -> None:
    diary = Diary(a_series())
    accepted(diary.ask(Update, diary.all()[1], participant_ids=()))
    settled(diary.ask(Update, diary.all()[0], scope=ALL, participant_ids=(BEN, CARA)))
    assert [list(item.answers) for item in diary.all()] == [[BEN, CARA], [CARA], [BEN, CARA], [BEN, CARA]]


def test_who_is_added_must_be_free_and_known() -> None:
    diary = Diary(a_series())
    assert refused(diary.ask(Update, diary.all()[0], scope=ALL, participant_ids=(NOBODY,))).code is (
        Code.UNKNOWN_USER
    )
    diary.do(a_create(CARA, number=7, participant_ids=(), start=MONDAY_9 + WEEK, end=MONDAY_9 + WEEK + HOUR))
    refusal = refused(diary.ask(Update, diary.all()[0], scope=ALL, participant_ids=(BEN, CARA)))
    assert [error.field for error in refusal.errors] == ["occurrences.1"]


def test_people_times_occurrences_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    diary = Diary(a_series())
    monkeypatch.setattr("services.booking.domain.series.limits.PLACES_MAX", 8)
    refusal = refused(diary.ask(Update, diary.all()[0], scope=ALL, participant_ids=(BEN, CARA)))
    assert [error.field for error in refusal.errors] == ["participant_ids"]


def test_content_times_occurrences_is_bounded() -> None:
    diary = Diary(a_series(rrule="FREQ=DAILY;COUNT=500"))
    content = {"description": 10_000 * "ä"}
    refusal = refused(diary.ask(Update, diary.all()[0], scope=ALL, content=content))
    assert [error.code for error in refusal.errors] == ["too_much_content"]
    assert settled(diary.ask(Update, diary.all()[200], scope=FOLLOWING, content=content)).steps


def test_what_has_begun_or_is_over_is_not_touched() -> None:
    diary = Diary(a_series())
    diary.at = MONDAY_9 + WEEK
    decision = settled(diary.ask(Cancel, diary.all()[0], scope=ALL))
    assert [item.status for item in diary.all()] == 2 * [Status.PENDING] + 2 * [Status.CANCELLED]
    assert decision.appointment == diary.all()[0], "the named one is shown as it is"


def test_cancelling_all_says_so_once_and_ends_the_series() -> None:
    diary = Diary(a_series())
    decision = settled(diary.ask(Cancel, diary.all()[0], scope=ALL, reason="ill"))
    assert {item.status for item in diary.all()} == {Status.CANCELLED}
    assert {item.cancellation_reason for item in diary.all()} == {"ill"}
    assert decision.happened[0].body["change"] == "cancelled"
    assert decision.happened[0].body["series"]["ended"] is True
    again = refused(diary.ask(Cancel, diary.all()[0], scope=ALL))
    assert again.code is Code.INVALID_TRANSITION


def test_a_cancelled_occurrence_can_name_its_series() -> None:
    diary = Diary(a_series())
    accepted(diary.ask(Cancel, diary.all()[1]))
    decision = settled(diary.ask(Cancel, diary.all()[1], scope=FOLLOWING))
    assert len(decision.steps) == 2
    assert [item.status is Status.CANCELLED for item in diary.all()] == [False, True, True, True]


def test_a_participant_answers_for_all_that_they_are_invited_to() -> None:
    diary = Diary(a_series(participant_ids=(BEN, CARA)))
    accepted(diary.ask(Update, diary.all()[2], participant_ids=(CARA,)))
    decision = settled(diary.ask(Decline, diary.all()[0], BEN, scope=ALL))
    assert len(decision.steps) == 3
    assert decision.happened[0].body["change"] == "declined"
    assert [item.answers.get(BEN) for item in diary.all()] == [
        Answer.DECLINED,
        Answer.DECLINED,
        None,
        Answer.DECLINED,
    ]
    settled(diary.ask(Confirm, diary.all()[1], BEN, scope=FOLLOWING))
    assert [item.answers.get(BEN) for item in diary.all()] == [
        Answer.DECLINED,
        Answer.CONFIRMED,
        None,
        Answer.CONFIRMED,
    ]


def test_the_organizer_confirms_all() -> None:
    diary = Diary(a_series())
    settled(diary.ask(Confirm, diary.all()[0], scope=ALL))
    assert {item.status for item in diary.all()} == {Status.CONFIRMED}


def test_who_may_not_gets_the_same_answer_as_for_one() -> None:
    diary = Diary(a_series())
    assert refused(diary.ask(Cancel, diary.all()[0], BEN, scope=ALL)).code is Code.NOT_ALLOWED
    assert refused(diary.ask(Cancel, diary.all()[0], CARA, scope=ALL)).code is Code.NOT_FOUND
    assert settled(diary.ask(Cancel, diary.all()[0], ADMIN, scope=ALL)).steps


def test_the_version_is_that_of_the_named_one() -> None:
    diary = Diary(a_series())
    accepted(diary.ask(Update, diary.all()[1], content={"title": "Other"}))
    assert (
        refused(diary.ask(Cancel, diary.all()[1], scope=ALL, expected_version=1)).code
        is Code.VERSION_MISMATCH
    )
    assert settled(diary.ask(Cancel, diary.all()[0], scope=ALL, expected_version=1)).steps


def test_equal_values_are_no_change() -> None:
    diary = Diary(a_series())
    first = diary.all()[0]
    decision = settled(
        diary.ask(Update, first, scope=ALL, content={"title": "Visit"}, start=first.start, end=first.end)
    )
    assert (decision.steps, decision.happened, decision.series) == ((), (), None)
    assert decision.appointment == first
    assert {item.version for item in diary.all()} == {1}


def test_an_appointment_that_stands_alone_knows_no_scope() -> None:
    diary = Diary(a_create())
    [alone] = diary.book.take_changes().appointments
    assert accepted(diary.ask(Cancel, alone.after, scope=ALL)).appointment.status is Status.CANCELLED


def test_times_beyond_the_calendar_are_refused() -> None:
    diary = Diary(a_series())
    first = diary.all()[0]
    far = first.start.replace(year=9999)
    refusal = refused(diary.ask(Update, first, scope=ALL, start=far, end=far + HOUR))
    assert refusal.code is Code.INVALID
    assert len(refusal.errors) == 4


def extended(diary: Diary) -> object:
    command = commands.ExtendSeries(
        id=UUID(int=0xEE), organization=ORG, actor=by("booking"), series_id=diary.series().id
    )
    return diary.do(command)


def test_what_is_still_to_be_made_follows_the_edit() -> None:
    diary = Diary(a_series(rrule="FREQ=WEEKLY"))
    first = diary.all()[0]
    settled(
        diary.ask(
            Update,
            first,
            scope=ALL,
            content={"title": "New"},
            participant_ids=(BEN, CARA),
            start=first.start + DAY,
            end=first.end + DAY + HOUR,
        )
    )
    settled(diary.ask(Decline, diary.all()[10], CARA, scope=FOLLOWING))
    count = len(diary.all())
    diary.at = NOW + 4 * WEEK
    extended(diary)
    new = diary.all()[count:]
    assert len(new) == 3
    last = new[-1]
    assert last.original_start is not None
    assert (last.title, last.start - last.original_start, last.end - last.start) == ("New", DAY, 2 * HOUR)
    assert last.answers == {BEN: Answer.PENDING, CARA: Answer.DECLINED}
    assert diary.series().booked_until == diary.at + AHEAD


def test_a_series_that_was_called_off_is_not_extended() -> None:
    diary = Diary(a_series(rrule="FREQ=WEEKLY"))
    settled(diary.ask(Cancel, diary.all()[5], scope=FOLLOWING))
    diary.at = NOW + 10 * WEEK
    assert settled(extended(diary)).steps == ()  # type: ignore[arg-type]
