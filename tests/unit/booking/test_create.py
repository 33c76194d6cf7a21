from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.decide import decide
from services.booking.domain.model.appointment import Answer, Status
from services.booking.domain.model.decision import Code
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
    PEOPLE,
    a_book,
    a_create,
    a_person,
    accepted,
    after,
    an_appointment,
    decided,
    event,
    refused,
    status,
)


def test_a_booking_has_version_one_and_says_who_made_it_when() -> None:
    booked = after(decided(a_create()))
    assert (booked.version, booked.created_by, booked.updated_by) == (1, str(ANNA), str(ANNA))
    assert booked.created_at == booked.updated_at == NOW
    assert booked.organizer_id == ANNA
    assert booked.answers == {BEN: Answer.PENDING}


@pytest.mark.parametrize(
    ("participants", "expected"),
    [
        pytest.param((), Status.CONFIRMED, id="alone: confirmed at once"),
        pytest.param((BEN,), Status.PENDING, id="with somebody: pending"),
        pytest.param((ANNA,), Status.CONFIRMED, id="the organizer is not among the participants"),
    ],
)
def test_status_of_a_booking(participants: tuple[Any, ...], expected: Status) -> None:
    decision = decided(a_create(participant_ids=participants))
    assert status(decision) is expected
    assert event(decision) == "appointment.created"


def test_participants_are_taken_once_and_in_order() -> None:
    booked = after(decided(a_create(participant_ids=(CARA, ANNA, BEN, CARA))))
    assert list(booked.answers) == [CARA, BEN]


def test_the_event_names_everybody_concerned() -> None:
    event = accepted(decided(a_create(participant_ids=(CARA, BEN)))).event
    assert event is not None
    assert [person.id for person in event.people] == [ANNA, CARA, BEN]


def test_an_admin_books_for_somebody_else() -> None:
    booked = after(decided(a_create(ADMIN, organizer_id=ANNA)))
    assert (booked.organizer_id, booked.created_by) == (ANNA, str(ADMIN))


@pytest.mark.parametrize(
    ("who", "fields", "code"),
    [
        pytest.param(NOBODY, {}, Code.NOT_ALLOWED, id="an actor whom nobody knows"),
        pytest.param(INACTIVE, {}, Code.NOT_ALLOWED, id="an inactive actor"),
        pytest.param(FOREIGNER, {}, Code.NOT_ALLOWED, id="an actor of another organization"),
        pytest.param(ANNA, {"organization": OTHER_ORG}, Code.NOT_ALLOWED, id="in another organization"),
        pytest.param("reminders", {}, Code.NOT_ALLOWED, id="a service"),
        pytest.param(COLLEAGUE, {"organizer_id": ANNA}, Code.NOT_ALLOWED, id="for somebody else as a member"),
        pytest.param(ADMIN, {"organizer_id": NOBODY}, Code.UNKNOWN_USER, id="for nobody"),
        pytest.param(ADMIN, {"organizer_id": FOREIGNER}, Code.UNKNOWN_USER, id="for a foreign organizer"),
        pytest.param(ANNA, {"participant_ids": (NOBODY,)}, Code.UNKNOWN_USER, id="with nobody"),
        pytest.param(ANNA, {"participant_ids": (FOREIGNER,)}, Code.UNKNOWN_USER, id="with a foreigner"),
        pytest.param(ANNA, {"participant_ids": (INACTIVE,)}, Code.UNKNOWN_USER, id="with somebody inactive"),
        pytest.param(ANNA, {"start": NOW, "end": NOW + HOUR}, Code.IN_THE_PAST, id="starting just now"),
        pytest.param(
            ANNA, {"start": NOW - HOUR, "end": NOW + HOUR}, Code.IN_THE_PAST, id="starting an hour ago"
        ),
        pytest.param(ANNA, {"end": MONDAY_9}, Code.INVALID, id="of no length"),
        pytest.param(ANNA, {"end": MONDAY_9 - HOUR}, Code.INVALID, id="ending before it starts"),
        pytest.param(
            ANNA, {"end": MONDAY_9 + timedelta(microseconds=999_999)}, Code.INVALID, id="under a second"
        ),
        pytest.param(ANNA, {"end": MONDAY_9 + timedelta(days=1, seconds=1)}, Code.INVALID, id="over a day"),
        pytest.param(ANNA, {"end": MONDAY_9 + timedelta(days=3650)}, Code.INVALID, id="of ten years"),
        pytest.param(
            ANNA,
            {
                "start": datetime(2032, 3, 1, 12, 0, 1, tzinfo=UTC),
                "end": datetime(2032, 3, 1, 13, tzinfo=UTC),
            },
            Code.INVALID,
            id="more than five years ahead",
        ),
    ],
)
def test_refusals(who: Any, fields: dict[str, Any], code: Code) -> None:
    assert refused(decided(a_create(who, **fields))).code is code


@pytest.mark.parametrize(
    "fields",
    [
        pytest.param({"end": MONDAY_9 + timedelta(seconds=1)}, id="a second"),
        pytest.param({"end": MONDAY_9 + timedelta(days=1)}, id="a day"),
        pytest.param({"start": NOW + timedelta(microseconds=1), "end": NOW + HOUR}, id="from just after now"),
        pytest.param(
            {"start": datetime(2032, 3, 1, 12, tzinfo=UTC), "end": datetime(2032, 3, 1, 13, tzinfo=UTC)},
            id="five years ahead",
        ),
    ],
)
def test_the_limits_themselves_are_allowed(fields: dict[str, Any]) -> None:
    assert event(decided(a_create(**fields))) == "appointment.created"


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        pytest.param({}, "2027-07-01T07:00:00+00:00", id="without a zone: the organizer's"),
        pytest.param({"timezone": "Asia/Tokyo"}, "2027-07-01T00:00:00+00:00", id="in the zone of the body"),
    ],
)
def test_wall_clock_time(fields: dict[str, Any], expected: str) -> None:
    local = datetime(2027, 7, 1, 9)  # noqa: DTZ001  wall-clock time is naive
    booked = after(decided(a_create(start=local, end=local + HOUR, **fields)))
    assert booked.start.isoformat() == expected
    assert booked.timezone == fields.get("timezone", "Europe/Berlin")


@pytest.mark.parametrize(
    ("start", "errors"),
    [
        pytest.param(
            datetime(2027, 3, 28, 2, 30),  # noqa: DTZ001
            [("start_time", "nonexistent_time")],
            id="clocks skip the start",
        ),
        pytest.param(
            datetime(2027, 3, 28, 2, 0),  # noqa: DTZ001
            [("start_time", "nonexistent_time"), ("end_time", "nonexistent_time")],
            id="clocks skip start and end",
        ),
        pytest.param(
            datetime(1, 1, 1, tzinfo=UTC).replace(
                tzinfo=datetime.fromisoformat("2000-01-01T00:00+14:00").tzinfo
            ),
            [("start_time", "out_of_range"), ("end_time", "out_of_range")],
            id="before the first year",
        ),
    ],
)
def test_impossible_times_are_named_field_by_field(start: datetime, errors: list[tuple[str, str]]) -> None:
    end = start + (timedelta(minutes=59) if start.minute == 0 else HOUR)
    refusal = refused(decided(a_create(start=start, end=end)))
    assert [(error.field, error.code) for error in refusal.errors] == errors


def test_unknown_people_are_named_by_the_position_that_was_sent() -> None:
    refusal = refused(decided(a_create(participant_ids=(BEN, NOBODY, ANNA, FOREIGNER, NOBODY))))
    assert [error.field for error in refusal.errors] == [
        "participant_ids.1",
        "participant_ids.3",
        "participant_ids.4",
    ]


@pytest.mark.parametrize("organization", [None, OTHER_ORG])
def test_a_used_id_is_refused_without_telling_whose_it_is(organization: Any) -> None:
    taken = an_appointment(organization_id=organization) if organization else an_appointment()
    refusal = refused(decided(a_create(appointment_id=taken.id), taken))
    assert [(error.field, error.code) for error in refusal.errors] == [("appointment_id", "exists")]
    assert (refusal.appointment_id, refusal.version) == (None, None)


@pytest.mark.parametrize(
    ("start", "minutes", "free"),
    [
        pytest.param(MONDAY_9 - HOUR, 60, True, id="ends when the other starts"),
        pytest.param(MONDAY_9 + HOUR, 60, True, id="starts when the other ends"),
        pytest.param(MONDAY_9 - HOUR, 61, False, id="ends a minute into the other"),
        pytest.param(MONDAY_9 + timedelta(minutes=59), 60, False, id="starts in the other's last minute"),
        pytest.param(MONDAY_9 - HOUR, 180, False, id="around the other"),
        pytest.param(MONDAY_9 + timedelta(minutes=20), 10, False, id="within the other"),
    ],
)
def test_conflict(start: datetime, minutes: int, free: bool) -> None:
    decision = decided(a_create(start=start, end=start + timedelta(minutes=minutes)), an_appointment())
    if free:
        assert event(decision) == "appointment.created"
    else:
        assert refused(decision).code is Code.CONFLICT


@pytest.mark.parametrize(
    ("participants", "answer", "free"),
    [
        pytest.param((BEN,), "pending", False, id="who is invited is busy"),
        pytest.param((BEN,), "confirmed", False, id="who confirmed is busy"),
        pytest.param((BEN,), "declined", True, id="who declined is free"),
        pytest.param((ANNA,), "declined", False, id="the organizer is busy too"),
    ],
)
def test_who_is_busy(participants: tuple[Any, ...], answer: str, free: bool) -> None:
    decision = decided(a_create(COLLEAGUE, participant_ids=participants), an_appointment({BEN: answer}))
    assert (event(decision) == "appointment.created") if free else refused(decision).code is Code.CONFLICT


@pytest.mark.parametrize("closed", ["cancelled", "completed", "no_show"])
def test_what_is_closed_occupies_nobody(closed: str) -> None:
    assert event(decided(a_create(), an_appointment(status=Status(closed)))) == "appointment.created"


@pytest.mark.parametrize(
    ("who", "invites", "shown"),
    [
        pytest.param(ANNA, CARA, True, id="the organizer of the other sees it"),
        pytest.param(BEN, CARA, True, id="its participant sees it"),
        pytest.param(COLLEAGUE, BEN, False, id="a colleague sees the busy range only"),
        pytest.param(ADMIN, BEN, True, id="an admin sees it"),
    ],
)
def test_a_conflict_names_the_other_appointment_to_who_may_see_it(
    who: Any, invites: Any, shown: bool
) -> None:
    other = an_appointment()
    refusal = refused(decided(a_create(who, participant_ids=(invites,)), other))
    [overlap] = refusal.overlaps
    assert (overlap.start, overlap.end) == (other.start, other.end)
    assert overlap.appointment_id == (other.id if shown else None)


def test_of_two_commands_for_one_slot_in_a_batch_the_first_wins() -> None:
    book = a_book()
    first = decide(a_create(number=1), book, NOW)
    second = decide(a_create(COLLEAGUE, number=2), book, NOW)
    assert event(first) == "appointment.created"
    assert refused(second).code is Code.CONFLICT


def test_five_hundred_participants_are_booked() -> None:
    crowd = tuple(UUID(int=1000 + number) for number in range(500))
    book = a_book()
    book.people = {**PEOPLE, **{user: a_person(user) for user in crowd}}
    booked = after(decide(a_create(participant_ids=crowd), book, NOW))
    assert len(booked.answers) == 500
