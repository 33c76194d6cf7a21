"""The rights to change an existing appointment, the states it may be changed from, and the results."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.booking.domain.decide import decide
from services.booking.domain.model.appointment import Answer, Status
from services.booking.domain.model.commands import (
    Announce,
    Cancel,
    CheckIn,
    Complete,
    Confirm,
    Decline,
    MarkNoShow,
    ToAppointment,
    Update,
)
from services.booking.domain.model.decision import Change, Code
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
    NOBODY,
    NOW,
    OTHER_ORG,
    a_book,
    a_command,
    a_create,
    accepted,
    after,
    an_appointment,
    decided,
    event,
    refused,
    status,
)

KINDS = (Update, Confirm, Decline, Cancel, CheckIn, Complete, MarkNoShow, Announce)
MANAGING = (Update, Cancel, Complete, MarkNoShow, Announce)
OVER = MONDAY_9 + HOUR


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("who", [NOBODY, INACTIVE, FOREIGNER], ids=["nobody", "inactive", "foreigner"])
def test_who_is_not_of_the_organization_may_do_nothing(kind: type[ToAppointment], who: UUID) -> None:
    assert refused(decided(a_command(kind, who), an_appointment())).code is Code.NOT_ALLOWED


@pytest.mark.parametrize("kind", KINDS)
def test_a_colleague_who_takes_no_part_does_not_learn_that_it_exists(kind: type[ToAppointment]) -> None:
    hidden = refused(decided(a_command(kind, COLLEAGUE, expected_version=99), an_appointment()))
    absent = refused(decided(a_command(kind, COLLEAGUE, expected_version=99)))
    assert hidden == absent
    assert hidden.code is Code.NOT_FOUND


@pytest.mark.parametrize("kind", KINDS)
def test_an_admin_of_another_organization_does_not_learn_that_it_exists(kind: type[ToAppointment]) -> None:
    command = a_command(kind, FOREIGNER, organization=OTHER_ORG)
    assert refused(decided(command, an_appointment())) == refused(decided(command))


@pytest.mark.parametrize("kind", MANAGING)
def test_a_participant_sees_it_but_may_not_manage_it(kind: type[ToAppointment]) -> None:
    refusal = refused(decided(a_command(kind, BEN), an_appointment(), at=OVER))
    assert (refusal.code, refusal.version) == (Code.NOT_ALLOWED, 3)


@pytest.mark.parametrize("kind", [Confirm, Decline, CheckIn])
def test_an_admin_does_not_answer_or_arrive_for_others(kind: type[ToAppointment]) -> None:
    assert refused(decided(a_command(kind, ADMIN), an_appointment(), at=MONDAY_9)).code is Code.NOT_ALLOWED


def test_the_organizer_does_not_decline() -> None:
    assert refused(decided(a_command(Decline, ANNA), an_appointment())).code is Code.NOT_ALLOWED


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("service", ["reminders", "notifier", "reminders-2"])
def test_only_reminders_closes_and_does_nothing_else(kind: type[ToAppointment], service: str) -> None:
    came = {BEN: MONDAY_9} if kind is Complete else {}
    decision = decided(a_command(kind, service), an_appointment({}, checked_in=came), at=OVER)
    if kind in (Complete, MarkNoShow) and service == "reminders":
        assert after(decision).updated_by == "service:reminders"
    else:
        assert refused(decision).code is Code.NOT_ALLOWED


@pytest.mark.parametrize(
    ("kind", "came", "at", "allowed"),
    [
        pytest.param(Complete, {BEN: MONDAY_9}, OVER, True, id="completed at its end when somebody came"),
        pytest.param(Complete, {}, OVER, False, id="not completed when nobody came"),
        pytest.param(Complete, {BEN: MONDAY_9}, OVER - timedelta(seconds=1), False, id="not before its end"),
        pytest.param(Complete, {BEN: NOW}, OVER, False, id="who came before it was moved has not come"),
        pytest.param(MarkNoShow, {}, OVER, True, id="a no-show when nobody came"),
        pytest.param(MarkNoShow, {BEN: MONDAY_9}, OVER, False, id="no no-show when somebody came"),
        pytest.param(
            MarkNoShow, {BEN: NOW}, OVER, True, id="a no-show although somebody came before the move"
        ),
    ],
)
def test_reminders_closes_by_who_checked_in(
    kind: type[ToAppointment], came: dict[UUID, datetime], at: datetime, allowed: bool
) -> None:
    appointment = an_appointment({BEN: "confirmed"}, checked_in=came)
    decision = decided(a_command(kind, "reminders"), appointment, at=at)
    if allowed:
        assert after(decision).version == 4
    else:
        assert refused(decision).code is Code.INVALID_TRANSITION


@pytest.mark.parametrize("kind", KINDS)
def test_a_stale_version_is_refused_before_anything_is_said_about_rights(kind: type[ToAppointment]) -> None:
    refusal = refused(decided(a_command(kind, BEN, expected_version=2), an_appointment()))
    assert (refusal.code, refusal.version) == (Code.VERSION_MISMATCH, 3)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("final", [Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED])
def test_final_states_are_final(kind: type[ToAppointment], final: Status) -> None:
    who = BEN if kind in (Confirm, Decline, CheckIn) else ANNA
    refusal = refused(decided(a_command(kind, who), an_appointment(status=final), at=OVER))
    assert refusal.code is Code.INVALID_TRANSITION


@pytest.mark.parametrize(
    ("kind", "at", "allowed"),
    [
        pytest.param(CheckIn, MONDAY_9 - timedelta(minutes=30, seconds=1), False, id="check-in too early"),
        pytest.param(CheckIn, MONDAY_9 - timedelta(minutes=30), True, id="check-in half an hour before"),
        pytest.param(CheckIn, OVER, True, id="check-in at the end"),
        pytest.param(CheckIn, OVER + timedelta(seconds=1), False, id="check-in too late"),
        pytest.param(Complete, MONDAY_9 - timedelta(seconds=1), False, id="complete before the start"),
        pytest.param(Complete, MONDAY_9, True, id="complete from the start on"),
        pytest.param(MarkNoShow, OVER - timedelta(seconds=1), False, id="no-show before the end"),
        pytest.param(MarkNoShow, OVER, True, id="no-show from the end on"),
    ],
)
def test_when(kind: type[ToAppointment], at: datetime, allowed: bool) -> None:
    decision = decided(a_command(kind, ANNA), an_appointment({BEN: "confirmed"}), at=at)
    if allowed:
        assert after(decision).version == 4
    else:
        assert refused(decision).code is Code.INVALID_TRANSITION


@pytest.mark.parametrize("kind", [Complete, MarkNoShow])
def test_what_was_never_confirmed_cannot_be_closed(kind: type[ToAppointment]) -> None:
    refusal = refused(decided(a_command(kind, ANNA), an_appointment(), at=OVER))
    assert refusal.code is Code.INVALID_TRANSITION


@pytest.mark.parametrize(
    ("kind", "event_type", "expected"),
    [
        pytest.param(Cancel, "appointment.cancelled", Status.CANCELLED, id="cancel"),
        pytest.param(Complete, "appointment.completed", Status.COMPLETED, id="complete"),
        pytest.param(MarkNoShow, "appointment.no_show", Status.NO_SHOW, id="no-show"),
    ],
)
@pytest.mark.parametrize("who", [ANNA, ADMIN], ids=["organizer", "admin"])
def test_closing(kind: type[ToAppointment], event_type: str, expected: Status, who: UUID) -> None:
    decision = decided(a_command(kind, who), an_appointment({BEN: "confirmed"}), at=OVER)
    assert (event(decision), status(decision), after(decision).version) == (event_type, expected, 4)


def test_a_cancellation_keeps_its_reason_and_frees_everybody() -> None:
    book = a_book(an_appointment())
    cancelled = after(decide(a_command(Cancel, ANNA, reason="ill"), book, NOW))
    assert cancelled.cancellation_reason == "ill"
    assert event(decide(a_create(), book, NOW)) == "appointment.created"


ANSWERS = [
    # before, organizer confirmed, who, command → event, status
    pytest.param(
        {BEN: "pending"},
        False,
        BEN,
        Confirm,
        "appointment.confirmed",
        "confirmed",
        id="the only one confirms",
    ),
    pytest.param(
        {BEN: "pending", CARA: "pending"},
        False,
        BEN,
        Confirm,
        "appointment.participant_confirmed",
        "pending",
        id="the first of two confirms",
    ),
    pytest.param(
        {BEN: "pending", CARA: "confirmed"},
        False,
        BEN,
        Confirm,
        "appointment.confirmed",
        "confirmed",
        id="the last of two confirms",
    ),
    pytest.param(
        {BEN: "pending", CARA: "declined"},
        False,
        BEN,
        Confirm,
        "appointment.confirmed",
        "confirmed",
        id="the last who has not declined confirms",
    ),
    pytest.param(
        {BEN: "pending"},
        False,
        ANNA,
        Confirm,
        "appointment.confirmed",
        "confirmed",
        id="the organizer confirms the whole",
    ),
    pytest.param(
        {BEN: "declined"},
        False,
        ANNA,
        Confirm,
        "appointment.confirmed",
        "confirmed",
        id="the organizer confirms though all declined",
    ),
    pytest.param(
        {BEN: "pending"},
        True,
        BEN,
        Confirm,
        "appointment.participant_confirmed",
        "confirmed",
        id="a yes after the organizer's",
    ),
    pytest.param(
        {BEN: "confirmed"}, False, BEN, Confirm, None, "confirmed", id="a second yes changes nothing"
    ),
    pytest.param({BEN: "confirmed"}, False, ANNA, Confirm, None, "confirmed", id="it is confirmed already"),
    pytest.param(
        {BEN: "pending"},
        False,
        BEN,
        Decline,
        "appointment.participant_declined",
        "pending",
        id="the only one declines",
    ),
    pytest.param(
        {BEN: "pending", CARA: "confirmed"},
        False,
        BEN,
        Decline,
        "appointment.confirmed",
        "confirmed",
        id="a no that leaves only yeses",
    ),
    pytest.param(
        {BEN: "confirmed"},
        False,
        BEN,
        Decline,
        "appointment.participant_declined",
        "pending",
        id="the only yes is withdrawn",
    ),
    pytest.param(
        {BEN: "confirmed"},
        True,
        BEN,
        Decline,
        "appointment.participant_declined",
        "confirmed",
        id="a no after the organizer's yes",
    ),
    pytest.param(
        {BEN: "declined", CARA: "pending"},
        False,
        BEN,
        Decline,
        None,
        "pending",
        id="a second no changes nothing",
    ),
    pytest.param(
        {BEN: "declined", CARA: "confirmed"},
        False,
        BEN,
        Confirm,
        "appointment.participant_confirmed",
        "confirmed",
        id="who declined may confirm later",
    ),
]


@pytest.mark.parametrize(("before", "whole", "who", "kind", "event_type", "expected"), ANSWERS)
def test_answers(
    before: dict[UUID, str],
    whole: bool,
    who: UUID,
    kind: type[ToAppointment],
    event_type: str | None,
    expected: str,
) -> None:
    appointment = an_appointment(before, organizer_confirmed=whole)
    decision = decided(a_command(kind, who), appointment)
    assert (event(decision), status(decision)) == (event_type, Status(expected))
    assert after(decision).version == (4 if event_type else 3)


def test_an_event_tells_only_the_answer_that_changed_and_the_reason() -> None:
    command = a_command(Decline, BEN, reason="on leave")
    happened = accepted(decided(command, an_appointment({BEN: "confirmed", CARA: "pending"}))).event
    assert happened is not None
    assert happened.changes == (
        Change("confirmation_status", {BEN: Answer.CONFIRMED}, {BEN: Answer.DECLINED}),
        Change("reason", None, "on leave"),
    )


def test_who_declined_is_free_for_others_and_cannot_come_back_when_busy() -> None:
    book = a_book(an_appointment())
    accepted(decide(a_command(Decline, BEN), book, NOW))
    accepted(decide(a_create(COLLEAGUE), book, NOW))
    refusal = refused(decide(a_command(Confirm, BEN), book, NOW))
    assert (refusal.code, refusal.version) == (Code.CONFLICT, 4)


def test_checking_in_is_noted_once_for_each_person() -> None:
    book = a_book(an_appointment())
    decide(a_command(CheckIn, BEN), book, MONDAY_9)
    again = decide(a_command(CheckIn, BEN), book, MONDAY_9 + timedelta(minutes=1))
    assert event(again) is None
    both = decide(a_command(CheckIn, ANNA), book, MONDAY_9 + timedelta(minutes=2))
    assert after(both).checked_in == {BEN: MONDAY_9, ANNA: MONDAY_9 + timedelta(minutes=2)}
    assert after(both).version == 5


def test_cancelling_twice_is_an_invalid_transition() -> None:
    book = a_book(an_appointment())
    decide(a_command(Cancel, ANNA), book, NOW)
    assert refused(decide(a_command(Cancel, ANNA), book, NOW)).code is Code.INVALID_TRANSITION
