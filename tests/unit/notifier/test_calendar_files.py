"""The calendar file of an e-mail, read as a calendar program reads it."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import icalendar
import orjson
import pytest

from contracts.envelope import Record
from notifications.preferences import Preferences
from notifications.templates.catalogue import FILES, TEMPLATES
from services.notifier.clients.communication import on_channel
from services.notifier.domain.calendar_files import INSTANCES_MAX, MOST, calendar_file
from services.notifier.domain.model import Event, Occurrence, Person
from services.notifier.messages.events import Happened
from services.notifier.planning import deliveries
from services.notifier.sending import group_calls
from tests.unit.notifier.builders import (
    BEN,
    EVERYTHING_ON,
    MONDAY_9,
    NOW,
    PEOPLE,
    an_event,
    participants,
    someone,
)
from tests.unit.notifier.test_series import HOUR, MANY, WEEK, a_series, to_all

LINK = "https://hub.example/appointments/1"
INVITATION, RESCHEDULED, CANCELLED = (
    f"appointment_{what}" for what in ("invitation", "rescheduled", "cancelled")
)


def _read(event: Event, kind: str) -> tuple[str, list[Any]]:
    """The method and the events of the file."""
    file = calendar_file(event, kind, LINK)
    assert file is not None
    calendar = icalendar.Calendar.from_ical(file)
    assert "\r\n" in file
    return str(calendar["METHOD"]), calendar.walk("VEVENT")


def _instant(event: Any, name: str) -> datetime:
    at: datetime = event[name].dt
    return at.astimezone(UTC)


def test_an_invitation_is_a_request_with_all_that_a_calendar_shows() -> None:
    event = an_event("created", location="Room 4", meeting_url="https://meet.example/1", title="Q; A, B")
    method, [entry] = _read(event, INVITATION)
    assert method == "REQUEST"
    assert str(entry["UID"]) == str(event.appointment.id)
    assert (int(entry["SEQUENCE"]), str(entry["STATUS"])) == (3, "TENTATIVE")
    assert (str(entry["SUMMARY"]), str(entry["LOCATION"]), str(entry["URL"])) == ("Q; A, B", "Room 4", LINK)
    assert (_instant(entry, "DTSTART"), _instant(entry, "DTEND")) == (MONDAY_9, MONDAY_9 + HOUR)
    answers = {str(one): one.params["PARTSTAT"] for one in entry["ATTENDEE"]}
    assert answers[f"urn:uuid:{BEN}"] == "NEEDS-ACTION"
    assert set(answers.values()) == {"NEEDS-ACTION", "ACCEPTED", "DECLINED"}
    assert entry["ORGANIZER"].params["CN"] == "Anna"


@pytest.mark.parametrize(
    ("event", "kind", "method", "status"),
    [
        (an_event("rescheduled", status="confirmed"), RESCHEDULED, "REQUEST", "CONFIRMED"),
        (an_event("cancelled", status="cancelled"), CANCELLED, "CANCEL", "CANCELLED"),
        (an_event("updated", participants([BEN], [])), CANCELLED, "CANCEL", "CANCELLED"),
        (an_event("participant_left", status="confirmed"), "appointment_seat", "REQUEST", "CONFIRMED"),
    ],
    ids=["new time", "cancelled", "removed", "a seat"],
)
def test_the_method_follows_what_is_told(event: Event, kind: str, method: str, status: str) -> None:
    found, [entry] = _read(event, kind)
    assert (found, str(entry["STATUS"])) == (method, status)


@pytest.mark.parametrize("kind", ["appointment_updated", "appointment_reminder", "appointment_created"])
def test_other_messages_bring_none(kind: str) -> None:
    assert calendar_file(an_event("updated"), kind, LINK) is None


def test_one_of_a_series_is_named_by_the_series_and_its_start_by_the_pattern() -> None:
    moved = an_event("rescheduled", series_id=someone("series"), original_start=MONDAY_9 - WEEK)
    _, [entry] = _read(moved, RESCHEDULED)
    assert str(entry["UID"]) == str(someone("series"))
    assert _instant(entry, "RECURRENCE-ID") == MONDAY_9 - WEEK
    assert _instant(entry, "DTSTART") == MONDAY_9


def test_a_new_series_has_its_rule_and_leaves_out_what_was_skipped() -> None:
    series = a_series(version=5, skipped=[MONDAY_9 + WEEK])
    _, [entry] = _read(to_all("created", series=series), INVITATION)
    assert entry["RRULE"].to_ical() == b"FREQ=WEEKLY;COUNT=3"
    assert entry["EXDATE"].dts[0].dt.astimezone(UTC) == MONDAY_9 + WEEK
    assert (_instant(entry, "DTSTART"), int(entry["SEQUENCE"])) == (MONDAY_9, 5)
    assert "RECURRENCE-ID" not in entry


def test_a_series_that_is_called_off_is_called_off_as_a_whole() -> None:
    method, [entry] = _read(to_all("cancelled", status="cancelled", series=a_series(version=2)), CANCELLED)
    assert (method, str(entry["UID"]), int(entry["SEQUENCE"])) == ("CANCEL", str(someone("series")), 2)
    assert "RECURRENCE-ID" not in entry


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        (to_all("rescheduled"), RESCHEDULED),
        (to_all("updated"), INVITATION),
        (to_all("cancelled", series=a_series(whole=False), status="cancelled"), CANCELLED),
    ],
    ids=["moved", "invited later", "the rest called off"],
)
def test_a_change_of_a_series_names_each_of_its_occurrences_with_its_own_version(
    event: Event, kind: str
) -> None:
    assert event.series is not None
    later = [
        replace(one, start=one.start + HOUR, end=one.end + HOUR, version=number + 4)
        for number, one in enumerate(MANY)
    ]
    _, entries = _read(replace(event, series=replace(event.series, occurrences=later)), kind)
    assert {str(entry["UID"]) for entry in entries} == {str(someone("series"))}
    assert [_instant(entry, "RECURRENCE-ID") for entry in entries] == [one.original for one in MANY]
    assert [_instant(entry, "DTSTART") for entry in entries] == [one.start for one in later]
    assert [int(entry["SEQUENCE"]) for entry in entries] == [4, 5, 6]


def test_what_would_be_too_large_has_fewer_names_and_then_is_left_out() -> None:
    crowd = {someone(str(number)): "pending" for number in range(400)}
    people = {user: Person(user, "A rather long name " * 3, "UTC", "en") for user in crowd}
    file = calendar_file(replace(an_event("created", answers=crowd), people=people), INVITATION, LINK)
    assert file is not None
    assert "ATTENDEE" not in file
    many = [
        Occurrence(someone(str(number)), at, at, at + HOUR)
        for number in range(INSTANCES_MAX + 1)
        for at in (MONDAY_9 + number * WEEK,)
    ]
    for count, title in ((INSTANCES_MAX + 1, "A"), (INSTANCES_MAX, "Ä" * 200)):
        event = to_all("rescheduled", series=a_series(occurrences=many[:count]), title=title)
        assert calendar_file(event, RESCHEDULED, LINK) is None
    some = calendar_file(to_all("rescheduled", series=a_series(occurrences=many[:30])), RESCHEDULED, LINK)
    assert some is not None
    assert len(some.encode()) <= MOST


def test_a_zone_that_nobody_knows_is_no_reason_to_say_nothing() -> None:
    _, [entry] = _read(an_event("created", timezone="Moon/Base"), INVITATION)
    assert _instant(entry, "DTSTART") == MONDAY_9


def _bodies(event: Event, preferences: Preferences) -> dict[str, dict[str, Any]]:
    """The bodies that are sent to BEN, by channel."""
    record = Record("booking.events", 0, 0, NOW, None, None)
    happened = Happened(event, "", None, None)
    planned = deliveries.planned(record, happened, {BEN: preferences}, {}, NOW, "https://hub.example")
    return {item.channel: orjson.loads(body) for item, body in planned if item.recipient_id == BEN}


def test_only_the_e_mail_brings_it_and_what_goes_instead_of_one_does_not() -> None:
    bodies = _bodies(an_event("created"), EVERYTHING_ON)
    assert [channel for channel, body in bodies.items() if "calendar_file" in body["template_data"]] == [
        "email"
    ]
    assert bodies["email"]["template_data"]["calendar_file"].startswith("BEGIN:VCALENDAR")
    instead = orjson.loads(on_channel(orjson.dumps(bodies["email"]), "sms"))
    assert "calendar_file" not in instead["template_data"]
    assert instead["channels"] == ["sms"]


@pytest.mark.parametrize("template_id", [template_id for template_id, files in FILES.items() if files])
def test_no_text_shows_the_file(template_id: str) -> None:
    template = TEMPLATES[template_id]
    data = dict.fromkeys((*template.layout.variables, "calendar_file"), "BEGIN:VCALENDAR")
    shown = template.rendered("email", "en", data | dict.fromkeys(template.layout.variables, "x"))
    assert not any("VCALENDAR" in text for text in shown.values())


def test_hundreds_who_are_invited_share_their_calls_with_the_file() -> None:
    crowd = {someone(str(number)): "pending" for number in range(30)}
    event = replace(an_event("created", answers=crowd), people=PEOPLE)
    record = Record("booking.events", 0, 0, NOW, None, None)
    planned = deliveries.planned(record, Happened(event, "", None, None), {}, {}, NOW, "https://hub.example")
    emails = [(item, body) for item, body in planned if item.channel == "email" and item.type == INVITATION]
    assert len(set(group_calls.bundles(emails).values())) == 1
