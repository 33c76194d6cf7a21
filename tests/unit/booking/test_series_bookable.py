"""Series against people's hours, policies and holds: as for one appointment, occurrence by occurrence."""

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from scheduling.slots import nearest
from services.booking.domain.decide import decide
from services.booking.domain.model import commands
from services.booking.domain.model.commands import Decline, Join, Scope, Update
from services.booking.domain.model.decision import Code
from services.booking.domain.model.recurring_series import AHEAD
from services.booking.domain.model.times import Period
from tests.unit.booking.builders import (
    ANNA,
    BEN,
    CARA,
    COLLEAGUE,
    HOUR,
    MONDAY_9,
    NOW,
    ORG,
    PEOPLE,
    a_create,
    by,
    refused,
)
from tests.unit.booking.ledger import at_once
from tests.unit.booking.recurring import WEEK, a_pattern, a_series, settled
from tests.unit.booking.test_bookable import HOLD, a_hold, after, hours, set_hours

DAY = timedelta(days=1)


def test_occurrences_outside_somebodys_hours_are_reported_with_other_times_for_the_first() -> None:
    daily = a_series(rrule="FREQ=DAILY;COUNT=7")
    refusal = refused(at_once(daily, NOW, after(set_hours(BEN, hours()))))
    assert refusal.code is Code.UNAVAILABLE
    assert [(error.field, error.code) for error in refusal.errors] == [
        ("occurrences.5", "unavailable"),
        ("occurrences.6", "unavailable"),
    ]
    assert refusal.errors[0].message.startswith("2027-03-13 10:00: ")
    saturday = MONDAY_9 + 5 * DAY
    assert len(refusal.alternatives) == 5
    assert all(abs(other.start - saturday) < 2 * DAY for other in refusal.alternatives)


def test_other_times_are_sought_for_the_first_only(monkeypatch: pytest.MonkeyPatch) -> None:
    sought: list[int] = []

    def counted(people: Any, start: int, *rest: Any, **more: Any) -> Any:
        sought.append(start)
        return nearest(people, start, *rest, **more)

    monkeypatch.setattr("services.booking.domain.free_time.alternatives.nearest", counted)
    weekends = a_series(rrule="FREQ=DAILY;COUNT=30", timezone="UTC")
    assert len(refused(at_once(weekends, NOW, after(set_hours(BEN, hours())))).errors) == 8
    assert len(sought) == 1


def test_a_conflict_says_more_than_unavailable_people() -> None:
    ledger = after(set_hours(BEN, hours()), a_create(CARA, participant_ids=(BEN,), start=MONDAY_9))
    refusal = refused(at_once(a_series(rrule="FREQ=DAILY;COUNT=6", number=2), NOW, ledger))
    assert refusal.code is Code.CONFLICT
    assert [error.code for error in refusal.errors] == ["conflict", "unavailable"]


def test_what_people_do_not_want_is_left_out_where_the_command_says_so() -> None:
    daily = a_series(rrule="FREQ=DAILY;COUNT=7", skip_conflicts=True)
    decision = settled(at_once(daily, NOW, after(set_hours(BEN, hours()))))
    assert [one["code"] for one in decision.outcome["skipped"]] == 2 * ["unavailable"]
    assert len(decision.steps) == 5


def test_occurrences_of_one_series_count_among_each_other() -> None:
    twice_a_day = a_pattern("FREQ=DAILY;COUNT=2", rdates=(MONDAY_9 + 3 * HOUR,))
    ledger = after(set_hours(BEN, hours(max_per_day=1)))
    refusal = refused(at_once(a_series(pattern=twice_a_day), NOW, ledger))
    assert [error.field for error in refusal.errors] == ["occurrences.1"]
    near = a_pattern("FREQ=DAILY;COUNT=2", rdates=(MONDAY_9 + HOUR,))
    ledger = after(set_hours(BEN, hours(buffer_before=15)))
    refusal = refused(at_once(a_series(pattern=near), NOW, ledger))
    assert [error.field for error in refusal.errors] == ["occurrences.1"]


def test_a_shift_of_all_is_measured_at_the_new_times() -> None:
    ledger = after(set_hours(BEN, hours(max_per_day=1)), a_series(timezone="UTC"))
    first = min(ledger.appointments.values(), key=lambda item: item.start)

    def moved(by_how_much: timedelta) -> Update:
        return Update(
            id=UUID(int=0x80),
            organization=ORG,
            actor=by(ANNA),
            appointment_id=first.id,
            scope=Scope.ALL,
            content={},
            start=first.start + by_how_much,
            end=first.end + by_how_much,
        )

    evening = refused(at_once(moved(9 * HOUR), NOW, ledger))
    assert [error.code for error in evening.errors] == 4 * ["unavailable"]
    assert len(evening.alternatives) == 5
    assert len(settled(at_once(moved(3 * HOUR), NOW, ledger)).steps) == 4, (
        "one a day, although it moves itself"
    )


def test_what_is_in_the_way_of_any_occurrence_is_loaded() -> None:
    there = MONDAY_9 + WEEK + 5 * HOUR
    busy = a_create(BEN, number=4, participant_ids=(), start=there, end=there + HOUR)
    ledger = after(busy, a_series(timezone="UTC"))
    first = next(item for item in ledger.appointments.values() if item.start == MONDAY_9)
    move = Update(
        id=UUID(int=0x80),
        organization=ORG,
        actor=by(ANNA),
        appointment_id=first.id,
        scope=Scope.ALL,
        content={},
        start=first.start + 5 * HOUR,
        end=first.end + 5 * HOUR,
    )
    refusal = refused(at_once(move, NOW, ledger))
    assert [(error.field, error.code) for error in refusal.errors] == [("occurrences.1", "conflict")]
    assert len(refusal.alternatives) == 5


def test_held_time_is_free_for_the_series_that_uses_it_up() -> None:
    ledger = after(a_hold(), at=NOW)
    stranger = refused(at_once(a_series(CARA, number=2), NOW, ledger))
    assert [error.field for error in stranger.errors] == ["occurrences.0"]
    decision = settled(at_once(a_series(hold_id=HOLD), NOW, ledger))
    more = [step.event and step.event.more for step in decision.steps]
    assert [bool(one and one.get("hold_id")) for one in more] == [True, False, False, False]
    assert ledger.holds == {}


def test_a_refused_series_keeps_the_hold() -> None:
    ledger = after(a_hold(), a_create(CARA, start=MONDAY_9 + WEEK, end=MONDAY_9 + WEEK + HOUR, number=3))
    refused(at_once(a_series(hold_id=HOLD), NOW, ledger))
    assert HOLD in ledger.holds


def test_who_booked_against_their_own_hours_is_booked_so_by_night_too() -> None:
    sundays: dict[str, Any] = {"start": MONDAY_9 - DAY, "end": MONDAY_9 - DAY + HOUR, "participant_ids": ()}
    series = a_series(rrule="FREQ=WEEKLY", ignore_availability=True, **sundays)
    ledger = after(set_hours(ANNA, hours(horizon_days=30)), series)
    [known] = ledger.series.values()
    extend = commands.ExtendSeries(
        id=UUID(int=0x81), organization=ORG, actor=by("booking"), series_id=known.id
    )
    decision = settled(at_once(extend, NOW + 3 * WEEK, ledger))
    assert len(decision.steps) == 2
    assert decision.outcome["skipped"] == []
    [now] = ledger.series.values()
    assert now.booked_until == NOW + 3 * WEEK + AHEAD


def test_who_moved_it_out_of_their_own_hours_is_booked_so_by_night_too() -> None:
    ledger = after(set_hours(ANNA, hours()), a_series(rrule="FREQ=WEEKLY", timezone="UTC"))
    first = min(ledger.appointments.values(), key=lambda item: item.start)
    move = Update(
        id=UUID(int=0x80),
        organization=ORG,
        actor=by(ANNA),
        appointment_id=first.id,
        scope=Scope.ALL,
        content={},
        start=first.start - DAY,
        end=first.end - DAY,
        ignore_availability=True,
    )
    settled(at_once(move, NOW, ledger))
    [known] = ledger.series.values()
    extend = commands.ExtendSeries(
        id=UUID(int=0x81), organization=ORG, actor=by("booking"), series_id=known.id
    )
    decision = settled(at_once(extend, NOW + 3 * WEEK, ledger))
    assert len(decision.steps) == 2
    assert {step.appointment.start.weekday() for step in decision.steps} == {6}


def test_who_waits_for_a_seat_of_one_occurrence_gets_it_when_somebody_declines_all() -> None:
    ledger = after(a_series(seats=1))
    first, second, *_ = sorted(ledger.appointments.values(), key=lambda item: item.start)

    def ask(kind: type[commands.ToAppointment], who: UUID, about: UUID, number: int, **more: Any) -> Any:
        command = kind(id=UUID(int=number), organization=ORG, actor=by(who), appointment_id=about, **more)
        return at_once(command, NOW, ledger)

    ask(Join, CARA, first.id, 0x90, wait=True)
    ask(Join, COLLEAGUE, second.id, 0x91, wait=True)
    at_once(
        a_create(COLLEAGUE, participant_ids=(), start=second.start, end=second.end, number=9), NOW, ledger
    )
    decision = settled(ask(Decline, BEN, first.id, 0x92, scope=Scope.ALL))
    extras = [step.event.more for step in decision.steps if step.event and step.event.more]
    assert [more.get("seated") for more in extras] == [(CARA,), None, None, None], (
        "who is busy is passed over"
    )
    assert all("of_series" in more for more in extras)


def test_nobody_who_left_is_booked_by_night() -> None:
    ledger = after(a_series(rrule="FREQ=WEEKLY", participant_ids=(BEN, CARA)))
    [known] = ledger.series.values()
    extend = commands.ExtendSeries(
        id=UUID(int=0x81), organization=ORG, actor=by("booking"), series_id=known.id
    )
    book = ledger.book([extend], Period(NOW + 3 * WEEK, NOW + 3 * WEEK), {})
    book.people = {**PEOPLE, BEN: replace(PEOPLE[BEN], active=False)}
    decision = settled(decide(extend, book, NOW + 3 * WEEK))
    assert {tuple(step.appointment.answers) for step in decision.steps} == {(CARA,)}
    book = ledger.book([extend], Period(NOW + 3 * WEEK, NOW + 3 * WEEK), {})
    book.people = {**PEOPLE, ANNA: replace(PEOPLE[ANNA], active=False)}
    assert settled(decide(extend, book, NOW + 3 * WEEK)).steps == ()
