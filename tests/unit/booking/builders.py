"""People, appointments and commands to decide about."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from services.booking.domain.decide import decide, time_needs_of
from services.booking.domain.free_time.occupancy import needed
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Answer, Appointment, Status, occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.decision import Accepted, Decision, Refusal
from services.booking.domain.model.needs import Known
from services.booking.domain.model.people import Actor, People, Person
from services.booking.domain.model.status import open_status
from services.booking.domain.model.times import Period

ORG = UUID(int=0xA)
OTHER_ORG = UUID(int=0xB)
ANNA, BEN, CARA, ADMIN, COLLEAGUE, INACTIVE, FOREIGNER, NOBODY = (UUID(int=number) for number in range(1, 9))
NOW = datetime(2027, 3, 1, 12, tzinfo=UTC)
MONDAY_9 = datetime(2027, 3, 8, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
CLIENT = UUID(int=0xC)


def a_person(identifier: UUID, **different: Any) -> Person:
    """An active member of ORG who lives in Berlin."""
    person = Person(identifier, ORG, "Somebody", "Europe/Berlin", "de", frozenset({"member"}), True)
    return replace(person, **different)


PEOPLE = {
    person.id: person
    for person in (
        *(a_person(user) for user in (ANNA, BEN, CARA, COLLEAGUE)),
        a_person(ADMIN, roles=frozenset({"member", "admin"})),
        a_person(INACTIVE, active=False),
        a_person(FOREIGNER, organization_id=OTHER_ORG, roles=frozenset({"member", "admin"})),
    )
}


def an_appointment(answers: dict[UUID, str] | None = None, **different: Any) -> Appointment:
    """ANNA's appointment at MONDAY_9 for an hour, with BEN invited unless told otherwise."""
    given = {
        user: Answer(answer) for user, answer in ({BEN: "pending"} if answers is None else answers).items()
    }
    confirmed = different.get("organizer_confirmed", False)
    fields: dict[str, Any] = {
        "id": UUID(int=0x100),
        "organization_id": ORG,
        "organizer_id": ANNA,
        "answers": given,
        "client_id": None,
        "start": MONDAY_9,
        "end": MONDAY_9 + HOUR,
        "timezone": "Europe/Berlin",
        "title": "Visit",
        "description": "",
        "location": "",
        "meeting_url": "",
        "status": open_status(given, confirmed),
        "organizer_confirmed": confirmed,
        "checked_in": {},
        "reminder_settings": None,
        "custom_fields": {},
        "version": 3,
        "created_at": NOW - HOUR,
        "created_by": str(ANNA),
        "updated_at": NOW - HOUR,
        "updated_by": str(ANNA),
        "cancellation_reason": None,
    }
    return Appointment(**(fields | different))


def a_book(*appointments: Appointment) -> Book:
    """A book with these appointments, their people's time taken."""
    occupied = [
        (user, Entry(item.start, item.end, item.id)) for item in appointments for user in occupants(item)
    ]
    return Book(appointments, PEOPLE, occupied)


def by(who: UUID | str) -> Actor:
    """The actor: a user, or a service by name."""
    return Actor(str(who), who) if isinstance(who, UUID) else Actor(f"service:{who}")


def a_create(who: UUID | str = ANNA, **different: Any) -> commands.Create:
    """A command to book MONDAY_9 for an hour with BEN."""
    number = different.pop("number", 1)
    identifier = uuid5(UUID(int=0xDD), str(number))
    fields: dict[str, Any] = {
        "id": identifier,
        "organization": ORG,
        "actor": by(who),
        "appointment_id": uuid5(identifier, "appointment"),
        "organizer_id": None,
        "participant_ids": (BEN,),
        "client_id": None,
        "start": MONDAY_9,
        "end": MONDAY_9 + HOUR,
        "timezone": None,
        "fold": 0,
        "title": "Visit",
        "description": "",
        "location": "",
        "meeting_url": "",
        "reminder_settings": None,
        "custom_fields": {},
    }
    return commands.Create(**(fields | different))


def a_command(kind: type[commands.ToAppointment], who: UUID | str, **fields: Any) -> commands.ToAppointment:
    """A command to the appointment of `an_appointment`."""
    given: dict[str, Any] = {
        "id": UUID(int=0xE0),
        "organization": ORG,
        "actor": by(who),
        "appointment_id": UUID(int=0x100),
    }
    if kind is commands.Update:
        given["content"] = {}
    if kind is commands.Announce:
        given["message"] = "Bring your passports."
    return kind(**(given | fields))


def an_update(who: UUID | str = ANNA, **fields: Any) -> commands.ToAppointment:
    """An update of it."""
    return a_command(commands.Update, who, **fields)


def decided(command: commands.Command, *appointments: Appointment, at: datetime = NOW) -> Decision:
    """Decide one command where there are these appointments and nothing else."""
    return decide(command, a_book(*appointments), at)


def needed_for(
    asked: Iterable[commands.Command], appointments: Mapping[UUID, Appointment], people: People = PEOPLE
) -> set[tuple[UUID, Period]]:
    """The time that must be known to decide these commands, which are about these appointments."""
    return needed(time_needs_of(asked, Known(appointments, people)), appointments)


def accepted(decision: Decision) -> Accepted:
    """The decision, which must be accepted."""
    assert isinstance(decision, Accepted), decision
    return decision


def refused(decision: Decision) -> Refusal:
    """The decision, which must be a refusal."""
    assert isinstance(decision, Refusal), decision
    return decision


def after(decision: Decision) -> Appointment:
    """The appointment after an accepted command."""
    return accepted(decision).appointment


def event(decision: Decision) -> str | None:
    """The type of the event, None when nothing changed."""
    happened = accepted(decision).event
    return happened.type if happened else None


def status(decision: Decision) -> Status:
    """The status after an accepted command."""
    return after(decision).status
