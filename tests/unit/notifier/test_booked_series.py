"""Booking's own events about series, read by the notifier: one message for each person and command."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import icalendar
import orjson
import recurring_ical_events

from contracts import topics
from contracts.envelope import Message, Record
from services.booking.domain.decide import decide
from services.booking.domain.model.book import Book
from services.booking.domain.model.decision import Refusal
from services.booking.messages.commands import decode as decode_command
from services.booking.messages.outcomes import messages_for, verdict_on
from services.notifier.messages.events import Happened
from services.notifier.messages.incoming import decode
from services.notifier.planning import deliveries
from services.notifier.store.appointments import Seen, Standing
from tests.unit.booking.builders import ANNA, BEN, CARA, MONDAY_9, NOW, PEOPLE
from tests.unit.booking.records import BODY, a_record

WEEK, HOUR = timedelta(days=7), timedelta(hours=1)
Mail = tuple[str, UUID]


class Fleet:
    """Booking, and the notifier behind it; both remember what they would store."""

    def __init__(self) -> None:
        self.book = Book((), PEOPLE)
        self.standing: dict[UUID, Seen] = {}
        self.number = 0
        self.files: dict[str, str] = {}

    def ask(self, kind: str, who: UUID = ANNA, **body: Any) -> dict[str, Any]:
        """The outcome of a command."""
        self.number += 1
        identifier = str(uuid5(UUID(int=0xFEED), str(self.number)))
        record = a_record(body, kind=kind, ce_id=identifier, actor=str(who))
        received = decode_command(record)
        assert not isinstance(received.command, Refusal), received.command
        verdict = verdict_on(record, received, decide(received.command, self.book, NOW))
        *events, outcome = messages_for(record, received, verdict, 6)
        self.mails = self._told(events)
        answer: dict[str, Any] = orjson.loads(outcome.value or b"")
        assert answer["status"] == "accepted", answer
        return answer

    def _told(self, events: list[Message]) -> Counter[Mail]:
        """Count the e-mails by type and recipient."""
        mails: Counter[Mail] = Counter()
        for message in events:
            record = Record(topics.BOOKING_EVENTS.name, 0, 0, NOW, None, message.value, message.headers)
            happened = decode(record)
            if not isinstance(happened, Happened):
                continue
            known = {key: Standing(one.version, one.involved) for key, one in self.standing.items()}
            happened = deliveries.completed(happened, known)
            self.standing |= {one.id: one for one in deliveries.seen([happened.source])}  # type: ignore[list-item]
            for delivery, body in deliveries.planned(record, happened, {}, {}, NOW, "https://hub.example"):
                if delivery.channel == "email":
                    mails[delivery.type.removeprefix("appointment_"), delivery.recipient_id] += 1
                    data = orjson.loads(body)["template_data"]
                    if "calendar_file" in data:
                        self.files[delivery.type] = data["calendar_file"]
        return mails


def a_series(fleet: Fleet, **different: Any) -> list[dict[str, Any]]:
    """Four Mondays with BEN and CARA; returns the occurrences."""
    body = BODY | {
        "participant_ids": [str(BEN), str(CARA)],
        "recurring_pattern": {"rrule": "FREQ=WEEKLY;COUNT=4"},
    }
    occurrences: list[dict[str, Any]] = fleet.ask("appointment.create", **body | different)["occurrences"]
    return occurrences


def _shown(file: str) -> list[datetime]:
    """The starts that a calendar program shows for a file."""
    found = recurring_ical_events.of(icalendar.Calendar.from_ical(file)).between(
        MONDAY_9 - WEEK, MONDAY_9 + 60 * WEEK
    )
    return sorted(event["DTSTART"].dt.astimezone(UTC) for event in found)


def _starts(occurrences: list[dict[str, Any]]) -> list[datetime]:
    return [datetime.fromisoformat(one["start_time"]) for one in occurrences]


def test_a_booked_series_is_one_invitation_whose_file_shows_what_was_booked() -> None:
    fleet = Fleet()
    occurrences = a_series(fleet)
    assert fleet.mails == {("created", ANNA): 1, ("invitation", BEN): 1, ("invitation", CARA): 1}
    assert _shown(fleet.files["appointment_invitation"]) == _starts(occurrences)


def test_what_was_skipped_is_not_in_the_file() -> None:
    fleet = Fleet()
    busy = {"start_time": "2027-03-15T09:00:00Z", "end_time": "2027-03-15T10:00:00Z"}
    fleet.ask("appointment.create", CARA, **BODY | busy | {"participant_ids": []})
    occurrences = a_series(fleet, on_conflict="skip")
    assert len(occurrences) == 3
    assert _shown(fleet.files["appointment_invitation"]) == _starts(occurrences)


def test_each_command_to_all_of_it_is_told_once() -> None:
    fleet = Fleet()
    [first, second, *_] = a_series(fleet)
    about = {"appointment_id": first["appointment_id"]}
    fleet.ask("appointment.decline", BEN, appointment_id=first["appointment_id"])
    assert fleet.mails == {("updated", ANNA): 1}
    fleet.ask("appointment.update", **about, title="Other", scope="all")
    assert fleet.mails == {("updated", BEN): 1, ("updated", CARA): 1}, "BEN still attends the later ones"
    later: dict[str, Any] = {"start_time": "2027-03-15T11:00:00Z", "end_time": "2027-03-15T12:00:00Z"}
    fleet.ask("appointment.update", appointment_id=second["appointment_id"], scope="following", **later)
    assert fleet.mails == {("rescheduled", BEN): 1, ("rescheduled", CARA): 1}
    fleet.ask("appointment.confirm", CARA, **about, scope="all")
    assert sum(fleet.mails.values()) <= 3
    fleet.ask("appointment.cancel", **about, scope="all")
    assert fleet.mails == {("cancelled", ANNA): 1, ("cancelled", BEN): 1, ("cancelled", CARA): 1}
    assert "METHOD:CANCEL" in fleet.files["appointment_cancelled"]
    assert "RECURRENCE-ID" not in fleet.files["appointment_cancelled"]


def test_one_occurrence_is_told_of_by_itself() -> None:
    fleet = Fleet()
    [_, second, *_] = a_series(fleet)
    later: dict[str, Any] = {"start_time": "2027-03-15T11:00:00Z", "end_time": "2027-03-15T12:00:00Z"}
    fleet.ask("appointment.reschedule", appointment_id=second["appointment_id"], **later)
    assert fleet.mails == {("rescheduled", BEN): 1, ("rescheduled", CARA): 1}
    both = icalendar.Calendar.from_ical(fleet.files["appointment_invitation"])
    [moved] = icalendar.Calendar.from_ical(fleet.files["appointment_rescheduled"]).walk("VEVENT")
    both.add_component(moved)
    assert _shown(both.to_ical().decode())[1] == MONDAY_9 + WEEK + 2 * HOUR
    assert len(_shown(both.to_ical().decode())) == 4


def test_a_seat_that_an_edit_of_the_series_frees_is_told_of_as_a_seat_and_not_as_an_invitation() -> None:
    fleet = Fleet()
    [first, *_] = a_series(fleet, participant_ids=[str(BEN)], seats=1)
    fleet.ask("appointment.join", CARA, appointment_id=first["appointment_id"], wait=True)
    assert fleet.mails == {("updated", ANNA): 1}
    fleet.ask("appointment.update", appointment_id=first["appointment_id"], scope="all", participant_ids=[])
    assert fleet.mails == {("seat", CARA): 1, ("cancelled", BEN): 1, ("updated", CARA): 1}


def test_who_is_added_to_all_of_it_gets_one_invitation() -> None:
    fleet = Fleet()
    [first, *_] = a_series(fleet, participant_ids=[str(BEN)])
    fleet.ask(
        "appointment.update",
        appointment_id=first["appointment_id"],
        scope="all",
        participant_ids=[str(BEN), str(CARA)],
    )
    assert fleet.mails == {("invitation", CARA): 1, ("updated", BEN): 1}
    assert fleet.files["appointment_invitation"].count("RECURRENCE-ID") == 4
