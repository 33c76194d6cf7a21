"""Facts read from a record, and the messages about it."""

from dataclasses import replace
from uuid import UUID

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts.appointments import Appointment
from contracts.envelope import Envelope, Message, header, key_elsewhere, outcome_id
from services.projector.domain.calendar import Change
from services.projector.domain.outcomes import CommandOutcome, Preference, Rules, newest, newest_rules
from services.projector.messages.incoming import read, shown
from tests.unit.projector.builders import (
    ANNA,
    BEN,
    HUB,
    ORGANIZER,
    a_hold,
    a_notification,
    a_preferences_outcome,
    a_record,
    an_appointment,
    an_event,
    an_id,
    an_outcome,
    availability_changed,
    busy_times_changed,
    feed_changed,
    organization_preferences_changed,
    preferences_changed,
    series_changed,
)


def test_a_change_has_the_wire_form_of_its_appointment() -> None:
    """The body passes through unchanged; the responses are those of the wire, and the organizer's own."""
    fact = read(
        a_record(
            an_event(
                "participant_declined", version=2, confirmation_status={ANNA: "declined", BEN: "confirmed"}
            )
        )
    )
    assert fact is not None
    assert isinstance(fact.body, Change)
    assert Appointment.model_validate_json(fact.body.body) == an_appointment(
        version=2, confirmation_status={ANNA: "declined", BEN: "confirmed"}
    )
    assert dict(fact.body.attendees) == {ANNA: "declined", BEN: "confirmed", ORGANIZER: "organizer"}
    assert (fact.body.change, fact.body.changes) == ("participant_declined", "[]")


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(an_event("updated", removed=[BEN], participant_ids=[ANNA]), id="calendar.changed"),
        pytest.param(preferences_changed(), id="preferences.shown"),
        pytest.param(organization_preferences_changed(), id="organization_preferences.shown"),
        pytest.param(availability_changed(), id="availability.shown"),
        pytest.param(busy_times_changed(1, "elsewhere"), id="busy_times.shown"),
        pytest.param(a_hold(), id="hold.shown"),
        pytest.param(feed_changed(), id="feed.shown"),
    ],
)
def test_what_is_told_is_the_same_each_time(message: Message) -> None:
    """A pure function of the record: same id, same bytes, keyed by the organization, caused by it."""
    record = a_record(message, 41)
    first, second = (shown(record, fact) for _ in range(2) if (fact := read(record)) is not None)
    assert first == second
    assert first is not None
    assert (first.topic, first.key) == ("projector.events", str(HUB).encode())
    assert header(first.headers, "cause") == record.position
    assert header(first.headers, "correlation-id") == (
        header(message.headers, "correlation-id") or header(message.headers, "ce_id")
    )


def test_who_was_removed_is_told_once_more() -> None:
    """The audience is everybody who takes part, and who did until this change."""
    record = a_record(an_event("updated", removed=[BEN], participant_ids=[ANNA]))
    fact = read(record)
    assert fact is not None
    message = shown(record, fact)
    assert message is not None
    assert set(orjson.loads(message.value or b"")["user_ids"]) == {str(ORGANIZER), str(ANNA), str(BEN)}


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(an_outcome(), id="an outcome"),
        pytest.param(a_preferences_outcome(), id="an outcome of preferences"),
        pytest.param(a_notification(), id="a delivery"),
        pytest.param(series_changed(), id="a series, which its occurrences tell of"),
    ],
)
def test_nobody_is_told_of(message: Message) -> None:
    """Only what somebody waits for is message."""
    record = a_record(message)
    fact = read(record)
    assert fact is not None
    assert shown(record, fact) is None


def test_an_outcome_belongs_to_its_actor() -> None:
    """The actor is in the headers; without them no person may read the outcome."""
    fact = read(a_record(a_preferences_outcome()))
    assert fact is not None
    assert isinstance(fact.body, CommandOutcome)
    assert (fact.body.actor, fact.body.organization_id) == (str(ANNA), HUB)
    assert orjson.loads(fact.body.body)["preferences"]["version"] == 1
    bare = replace(an_outcome(), headers=Envelope(id=an_id("bare"), type="command.refused").headers())
    nobody = read(a_record(bare))
    assert nobody is not None
    assert isinstance(nobody.body, CommandOutcome)
    assert nobody.body.actor is None


def test_outcomes_of_two_organizations_under_one_id_are_kept_side_by_side() -> None:
    """The id of an outcome says under which key its command was decided."""
    message = a_preferences_outcome()
    command = UUID(orjson.loads(message.value or b"")["command_id"])
    keys = [command, key_elsewhere(HUB, command)]
    for key in keys:
        head = Envelope(
            id=outcome_id(key), type="command.accepted", source="appointments/notifier", organization=HUB
        )
        fact = read(a_record(replace(message, headers=head.headers())))
        assert fact is not None
        assert isinstance(fact.body, CommandOutcome)
        assert fact.body.key == key


def test_other_types_are_not_ours() -> None:
    """A type that the views do not show is skipped, whatever its body."""
    assert (
        read(a_record(replace(an_event(), headers=Envelope(id=an_id("x"), type="reminder.due").headers())))
        is None
    )


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(replace(an_event(), value=b"{"), id="no JSON"),
        pytest.param(replace(an_event(), value=None), id="no value"),
        pytest.param(replace(an_event(), value=b"[]"), id="not an object"),
        pytest.param(replace(an_event(), headers=()), id="no headers"),
        pytest.param(replace(an_event(), headers=(("ce_id", b"\xff"),)), id="a header that is not text"),
        pytest.param(
            replace(a_notification(), headers=Envelope(id=an_id("x"), type="notification.sent").headers()),
            id="a delivery of no organization",
        ),
        pytest.param(replace(preferences_changed(), value=b'{"user_id": "x"}'), id="preferences of nobody"),
        pytest.param(replace(availability_changed(), value=b"{}"), id="availability of nobody"),
        pytest.param(replace(a_hold(), value=b'{"hold": 1}'), id="a hold of nothing"),
    ],
)
def test_what_can_never_be_read(message: Message) -> None:
    """It is set aside with a sentence that says why."""
    with pytest.raises(InvalidMessage, match=r"\w+"):
        read(a_record(message))


def test_the_newest_preferences_of_a_batch() -> None:
    """One row for each person: the highest version, whatever the order."""
    batch = [
        Preference(person, HUB, version, "{}")
        for person, version in ((ANNA, 2), (BEN, 1), (ANNA, 3), (ANNA, 1))
    ]
    assert {(item.user_id, item.version) for item in newest(batch)} == {(ANNA, 3), (BEN, 1)}


def test_the_newest_rules_of_a_batch() -> None:
    """One row for each organization: the highest version, whatever the order."""
    other = an_id("another organization")
    batch = [Rules(where, version, "{}") for where, version in ((HUB, 2), (other, 1), (HUB, 3), (HUB, 1))]
    assert {(item.organization_id, item.version) for item in newest_rules(batch)} == {(HUB, 3), (other, 1)}
