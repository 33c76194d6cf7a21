"""Seats: who takes one, who waits, and who gets what is given back."""

from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.attendance import seats as rules
from services.booking.domain.decide import decide
from services.booking.domain.model.appointment import Answer, Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Cancel, Confirm, Decline, Join, Leave, ToAppointment
from services.booking.domain.model.decision import Accepted, Code, Decision
from services.booking.domain.model.times import Period
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    COLLEAGUE,
    FOREIGNER,
    HOUR,
    INACTIVE,
    MONDAY_9,
    NOW,
    PEOPLE,
    a_book,
    a_command,
    a_create,
    a_person,
    accepted,
    after,
    an_appointment,
    an_update,
    decided,
    event,
    needed_for,
    refused,
)

SLOT = Period(MONDAY_9, MONDAY_9 + HOUR)


def a_class(answers: dict[UUID, str] | None = None, **different: Any) -> Appointment:
    """ANNA's, with one seat, which BEN has unless told otherwise."""
    given = {BEN: "confirmed"} if answers is None else answers
    return an_appointment(given, **({"seats": 1} | different))


def elsewhere(user: UUID) -> Appointment:
    """Something else that this person has at that time."""
    return an_appointment({}, id=UUID(int=0x300), organizer_id=user)


def joining(who: UUID = CARA, **fields: Any) -> ToAppointment:
    return a_command(Join, who, **fields)


def waiting(*who: UUID, **different: Any) -> Appointment:
    """It is full, and these wait."""
    return a_class(waiting=who, **different)


def seated(decision: Decision) -> list[UUID]:
    """Return the people who got a seat from the waiting list, by the event."""
    happened = accepted(decision).event
    assert happened is not None
    return list((happened.more or {}).get("seated", ()))


def place(decision: Decision) -> int | None:
    """The place in the queue that the outcome tells."""
    outcome = accepted(decision).outcome
    return outcome["waiting"]["position"] if outcome else None


def test_who_joins_has_said_yes() -> None:
    decision = decided(joining(), a_class({}))
    assert after(decision).answers == {CARA: Answer.CONFIRMED}
    assert (event(decision), place(decision)) == ("appointment.participant_joined", None)


def test_the_whole_is_confirmed_by_the_first_who_joins_after_all_declined() -> None:
    decision = decided(joining(), a_class({BEN: "declined"}))
    assert event(decision) == "appointment.confirmed"


def test_who_declined_may_take_a_seat_again() -> None:
    decision = decided(joining(BEN), a_class({BEN: "declined", CARA: "pending"}, seats=2))
    assert after(decision).answers[BEN] is Answer.CONFIRMED


@pytest.mark.parametrize("answer", ["pending", "confirmed"])
def test_who_has_a_seat_already_changes_nothing(answer: str) -> None:
    assert event(decided(joining(BEN), a_class({BEN: answer}))) is None


REFUSED = [
    pytest.param(joining(), a_class(), Code.FULL, id="no seat left"),
    pytest.param(joining(wait=True), a_class({}, start=NOW), Code.INVALID_TRANSITION, id="it has begun"),
    pytest.param(
        joining(wait=True), a_class({}, status="cancelled"), Code.NOT_FOUND, id="cancelled: nothing to see"
    ),
    pytest.param(joining(), an_appointment({}), Code.NOT_FOUND, id="without seats strangers see nothing"),
    pytest.param(
        joining(BEN),
        an_appointment({BEN: "declined"}),
        Code.NOT_ALLOWED,
        id="without seats participants may not",
    ),
    pytest.param(joining(ANNA), a_class({}), Code.INVALID, id="the organizer has no seat"),
    pytest.param(joining(INACTIVE), a_class({}), Code.NOT_ALLOWED, id="not an active person"),
    pytest.param(joining(FOREIGNER), a_class({}), Code.NOT_ALLOWED, id="not of the organization"),
    pytest.param(
        joining(expected_version=2), a_class({}), Code.VERSION_MISMATCH, id="not the version that was seen"
    ),
    pytest.param(a_command(Leave, CARA), a_class(), Code.NOT_FOUND, id="leaving what one is not in"),
    pytest.param(a_command(Leave, ADMIN), a_class(), Code.NOT_ALLOWED, id="an admin leaves for nobody else"),
    pytest.param(a_command(Leave, ANNA), a_class(), Code.NOT_ALLOWED, id="the organizer does not leave"),
    pytest.param(a_command(Confirm, CARA), waiting(CARA), Code.NOT_ALLOWED, id="who waits confirms nothing"),
    pytest.param(a_command(Decline, CARA), waiting(CARA), Code.NOT_ALLOWED, id="who waits declines nothing"),
    pytest.param(
        a_command(Confirm, CARA),
        a_class({BEN: "confirmed", CARA: "declined"}),
        Code.FULL,
        id="who declined comes back to a full one",
    ),
    pytest.param(
        an_update(seats=1, changes_seats=True),
        a_class({BEN: "pending", CARA: "confirmed"}, seats=2),
        Code.INVALID,
        id="fewer seats than are taken",
    ),
    pytest.param(
        an_update(participant_ids=(BEN, CARA)), a_class(), Code.INVALID, id="more invited than seats"
    ),
    pytest.param(
        a_create(participant_ids=(BEN, CARA), seats=1), a_class({}), Code.INVALID, id="booked with more"
    ),
]


@pytest.mark.parametrize(("command", "before", "code"), REFUSED)
def test_what_is_refused(command: ToAppointment, before: Appointment, code: Code) -> None:
    assert refused(decided(command, before)).code is code


def test_who_is_busy_does_not_join_and_does_not_queue() -> None:
    for wait in (False, True):
        refusal = refused(decided(joining(wait=wait), a_class({}), elsewhere(CARA)))
        assert (refusal.code, refusal.version) == (Code.CONFLICT, 3)


def test_a_booking_has_the_seats_that_were_asked_for() -> None:
    assert after(decided(a_create(seats=1))).seats == 1


def test_who_declined_takes_no_seat() -> None:
    decision = decided(an_update(seats=1, changes_seats=True), a_class({BEN: "declined", CARA: "pending"}))
    assert after(decision).seats == 1


def test_who_waits_stands_at_the_end_and_takes_no_time() -> None:
    decision = decided(joining(wait=True), waiting(COLLEAGUE))
    assert after(decision).waiting == (COLLEAGUE, CARA)
    assert (event(decision), place(decision)) == ("appointment.participant_waiting", 2)
    happened = accepted(decision).event
    assert happened is not None
    assert {person.id for person in happened.people} == {ANNA, BEN, CARA, COLLEAGUE}


@pytest.mark.parametrize("wait", [True, False])
def test_asking_again_says_the_same_place(wait: bool) -> None:
    decision = decided(joining(wait=wait), waiting(COLLEAGUE, CARA))
    assert (event(decision), place(decision)) == (None, 2)


def test_who_waits_and_is_busy_meanwhile_keeps_the_place() -> None:
    decision = decided(joining(), waiting(CARA, COLLEAGUE), elsewhere(CARA))
    assert (event(decision), place(decision)) == (None, 1)


def test_the_queue_has_an_end() -> None:
    crowd = [UUID(int=0x5000 + number) for number in range(rules.WAITING_MAX)]
    assert refused(decided(joining(wait=True), waiting(*crowd))).code is Code.FULL
    assert place(decided(joining(wait=True), waiting(*crowd[1:]))) == rules.WAITING_MAX


def test_an_appointment_names_only_so_many_people_whether_they_come_or_not() -> None:
    crowd = {UUID(int=0x5000 + number): "declined" for number in range(rules.PARTICIPANTS_MAX)}
    assert refused(decided(joining(), a_class(crowd, seats=5))).code is Code.FULL


FREEING = [
    pytest.param(a_command(Leave, BEN), id="leaving"),
    pytest.param(a_command(Decline, BEN), id="declining"),
    pytest.param(an_update(participant_ids=()), id="being removed"),
    pytest.param(an_update(seats=2, changes_seats=True), id="one more seat"),
]


@pytest.mark.parametrize("command", FREEING)
def test_a_freed_seat_goes_to_the_first_who_waits(command: ToAppointment) -> None:
    decision = decided(command, waiting(CARA, COLLEAGUE))
    now = after(decision)
    assert (now.answers[CARA], now.waiting, seated(decision)) == (Answer.CONFIRMED, (COLLEAGUE,), [CARA])


@pytest.mark.parametrize("command", FREEING)
def test_who_is_busy_meanwhile_is_passed_over_and_goes_on_waiting(command: ToAppointment) -> None:
    decision = decided(command, waiting(CARA, COLLEAGUE), elsewhere(CARA))
    assert (after(decision).waiting, seated(decision)) == ((CARA,), [COLLEAGUE])


def test_who_left_the_company_meanwhile_is_passed_over() -> None:
    book = Book([waiting(CARA, COLLEAGUE)], {**PEOPLE, CARA: a_person(CARA, active=False)})
    assert seated(decide(a_command(Leave, BEN), book, NOW)) == [COLLEAGUE]


def test_everybody_moves_up_when_there_is_no_limit_any_more() -> None:
    decision = decided(an_update(seats=None, changes_seats=True), waiting(CARA, COLLEAGUE))
    assert (after(decision).waiting, seated(decision)) == ((), [CARA, COLLEAGUE])


def test_a_seat_that_nobody_waiting_could_take_goes_to_the_first_of_them_who_has_time_now() -> None:
    decision = decided(joining(ADMIN, wait=True), waiting(CARA, COLLEAGUE, answers={}), elsewhere(CARA))
    assert (event(decision), seated(decision)) == ("appointment.participant_joined", [COLLEAGUE])
    assert place(decision) == 2


def test_who_takes_a_seat_themselves_is_not_told_that_they_were_seated() -> None:
    decision = decided(joining(ADMIN), waiting(CARA, answers={}, seats=2))
    assert (after(decision).waiting, seated(decision)) == ((), [CARA])


def test_once_it_has_begun_nobody_moves_up() -> None:
    now = after(decided(a_command(Leave, BEN), waiting(CARA), at=MONDAY_9))
    assert (now.answers, now.waiting) == ({}, (CARA,))


def test_who_waits_may_stop() -> None:
    decision = decided(a_command(Leave, CARA), waiting(CARA, COLLEAGUE))
    assert (after(decision).waiting, event(decision)) == ((COLLEAGUE,), "appointment.participant_left")


def test_leaving_is_told_to_who_left_as_well() -> None:
    happened = accepted(decided(a_command(Leave, BEN), a_class())).event
    assert happened is not None
    assert {person.id for person in happened.people} == {ANNA, BEN}


def test_who_waits_and_is_invited_waits_no_more() -> None:
    now = after(decided(an_update(participant_ids=(BEN, CARA), seats=2, changes_seats=True), waiting(CARA)))
    assert (now.answers[CARA], now.waiting) == (Answer.PENDING, ())


def test_other_times_leave_the_queue_as_it_is() -> None:
    later = an_update(start=MONDAY_9 + HOUR, end=MONDAY_9 + 2 * HOUR)
    assert after(decided(later, waiting(CARA, COLLEAGUE))).waiting == (CARA, COLLEAGUE)


def test_a_cancellation_concerns_who_waits() -> None:
    happened = accepted(decided(a_command(Cancel, ANNA), waiting(CARA))).event
    assert happened is not None
    assert {person.id for person in happened.people} == {ANNA, BEN, CARA}


def test_a_batch_looks_at_the_time_of_who_joins_and_of_who_waits_and_of_nobody_else() -> None:
    about = {UUID(int=0x100): waiting(COLLEAGUE)}
    assert needed_for([joining()], about) == {(CARA, SLOT), (COLLEAGUE, SLOT)}
    assert needed_for([a_command(Leave, BEN)], about) == {(COLLEAGUE, SLOT)}
    assert needed_for([a_command(Decline, BEN)], about) == {(COLLEAGUE, SLOT)}


def test_who_queued_in_this_batch_is_known_to_be_busy_in_this_batch() -> None:
    book = a_book(waiting(answers={BEN: "confirmed"}))
    assert isinstance(decide(joining(wait=True), book, NOW), Accepted)
    assert isinstance(decide(a_create(CARA, participant_ids=()), book, NOW), Accepted)
    left = decide(a_command(Leave, BEN), book, NOW)
    assert (after(left).answers, after(left).waiting) == ({}, (CARA,))
