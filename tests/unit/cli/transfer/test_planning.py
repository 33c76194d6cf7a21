"""The commands that an entry leads to: their actor, their ids, and their order."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson
import pytest

from cli.transfer.entries import Entry, Problem
from cli.transfer.importing.follow_ups import follow_ups
from cli.transfer.importing.planning import Planned, begins, planned
from contracts.envelope import Message
from tests.unit.cli.transfer.cast import GONE, GRETA, HARBOR, JONAS, MAYA, MIRA, NORDLICHT, an_entry, roster

NOW = datetime(2027, 2, 20, 12, tzinfo=UTC)
SERIES = {"rrule": "FREQ=WEEKLY;COUNT=3"}


def plan(entry: Entry, attempt: int = 1) -> Planned:
    """The plan of an entry that can be sent; Greta is the owner."""
    found = planned(entry, roster(), GRETA, at=NOW, attempt=attempt)
    assert isinstance(found, Planned), found
    return found


def told(message: Message) -> tuple[str, str, dict[str, Any]]:
    """Type, actor and body of a command."""
    headers = {name: value.decode() for name, value in message.headers}
    return headers["ce_type"], headers["actor"], orjson.loads(message.value or b"")


def test_the_organizer_is_the_actor_in_their_own_organization() -> None:
    found = plan(an_entry(organizer="MAYA@example.org"))
    headers = dict(found.message.headers)
    assert headers["actor"].decode() == MAYA.id
    assert found.message.key == str(HARBOR).encode()


def test_who_names_no_organizer_is_the_owners() -> None:
    assert plan(an_entry()).body["organizer_id"] == GRETA.id


def test_participants_are_found_by_address_and_id_each_once_the_organizer_not_among_them() -> None:
    people = [JONAS.email, MIRA.id, JONAS.id, GRETA.email]
    assert plan(an_entry(participant_ids=people)).body["participant_ids"] == [JONAS.id, MIRA.id]


@pytest.mark.parametrize(
    "who",
    [
        pytest.param("client@elsewhere.example", id="a stranger"),
        pytest.param(GONE.email, id="who left"),
        pytest.param(MAYA.id, id="of another organization"),
        pytest.param(7, id="no text at all"),
    ],
)
def test_unknown_people_are_left_out_and_noted(who: Any) -> None:
    found = plan(an_entry(participant_ids=[who, JONAS.id]))
    assert found.body["participant_ids"] == [JONAS.id]
    assert [note.code for note in found.entry.notes] == ["unknown_user"]
    assert plan(an_entry(participant_ids=[who])).body["participant_ids"] == []


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        pytest.param(
            an_entry(organizer="client@elsewhere.example"), "unknown_user", id="an unknown organizer"
        ),
        pytest.param(an_entry(title=""), "invalid", id="no title"),
        pytest.param(an_entry(start_time="tomorrow"), "invalid", id="no time"),
        pytest.param(an_entry(colour="red"), "invalid", id="a field that there is not"),
        pytest.param(an_entry(participant_ids="jonas"), "invalid", id="participants that are no list"),
        pytest.param(an_entry(title="Caf\udce9"), "encoding", id="text that is not UTF-8"),
        pytest.param(an_entry(recurring_pattern=7), "invalid", id="a pattern that is a number"),
    ],
)
def test_what_cannot_be_sent_says_why(entry: Entry, code: str) -> None:
    found = planned(entry, roster(), GRETA, at=NOW, attempt=1)
    assert isinstance(found, Problem)
    assert found.code == code


def test_without_owner_and_organizer_it_cannot_be_sent() -> None:
    found = planned(an_entry(), roster(), None, at=NOW, attempt=1)
    assert isinstance(found, Problem)
    assert "--owner" in found.detail


def test_the_same_entry_has_the_same_ids_wherever_it_stands() -> None:
    here, there = plan(an_entry()), plan(Entry("line 900", an_entry().body))
    assert here.message == there.message


def test_a_corrected_entry_is_the_same_appointment_and_another_command() -> None:
    wrong, right = plan(an_entry("crm-17")), plan(an_entry("crm-17", title="Corrected"))
    assert wrong.body["appointment_id"] == right.body["appointment_id"]
    assert wrong.command_id != right.command_id


def test_another_attempt_is_another_command_of_the_same_appointment() -> None:
    first, second = plan(an_entry()), plan(an_entry(), attempt=2)
    assert first.body == second.body
    assert first.command_id != second.command_id


def test_an_id_that_is_a_uuid_is_kept_and_another_follows_from_the_organization() -> None:
    assert plan(an_entry(str(UUID(int=99)))).body["appointment_id"] == str(UUID(int=99))
    ours, theirs = plan(an_entry("7")), plan(an_entry("7", organizer=MAYA.id))
    assert ours.body["appointment_id"] != theirs.body["appointment_id"]


def test_existing_appointments_let_their_organizers_hours_be_unless_they_say_otherwise() -> None:
    assert plan(an_entry()).body["ignore_availability"] is True
    assert plan(an_entry(ignore_availability=False)).body["ignore_availability"] is False


def test_a_series_leaves_out_what_cannot_be_booked_unless_it_says_otherwise() -> None:
    assert plan(an_entry(recurring_pattern=SERIES)).body["on_conflict"] == "skip"
    asked = an_entry(recurring_pattern=SERIES, on_conflict="refuse")
    assert plan(asked).body["on_conflict"] == "refuse"
    assert "on_conflict" not in plan(an_entry()).body


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(
            "2027-03-01T09:00:00", datetime(2027, 3, 1, 8, tzinfo=UTC), id="the organizer's wall clock"
        ),
        pytest.param("2027-03-01T09:00:00-05:00", datetime(2027, 3, 1, 14, tzinfo=UTC), id="with an offset"),
        pytest.param("2027-03-28T02:30:00", None, id="a time that there is not"),
    ],
)
def test_when_it_begins(start: str, expected: datetime | None) -> None:
    assert begins(plan(an_entry(start_time=start))) == expected


def test_answers_and_the_organizers_word_follow_on_behalf_of_each() -> None:
    entry = an_entry(participant_ids=[JONAS.id, MIRA.id], answers={JONAS.email: "confirmed"}, confirmed=True)
    followed = [told(one) for one in follow_ups(plan(entry), {"appointment_id": "A"}, roster())]
    assert followed == [
        ("appointment.confirm", JONAS.id, {"appointment_id": "A"}),
        ("appointment.confirm", GRETA.id, {"appointment_id": "A"}),
    ]


def test_the_organizer_says_nothing_where_all_have_answered() -> None:
    answers = {JONAS.id: "confirmed", MIRA.id: "declined"}
    entry = an_entry(participant_ids=[JONAS.id, MIRA.id], answers=answers, confirmed=True)
    kinds = [told(one)[0] for one in follow_ups(plan(entry), {"appointment_id": "A"}, roster())]
    assert kinds == ["appointment.confirm", "appointment.decline"]


def test_who_waited_for_a_seat_queues_again_in_the_same_order() -> None:
    entry = an_entry(seats=1, participant_ids=[GRETA.id], waiting=[MIRA.id, GONE.id, JONAS.email])
    followed = [told(one) for one in follow_ups(plan(entry), {"appointment_id": "A"}, roster())]
    queued = {"appointment_id": "A", "wait": True}
    assert followed == [("appointment.join", MIRA.id, queued), ("appointment.join", JONAS.id, queued)]


def test_changed_occurrences_are_updated_by_their_original_start() -> None:
    changes = [
        {
            "original_start_time": "2027-03-08T08:00:00Z",
            "title": "Elsewhere",
            "participant_ids": [MIRA.email],
        },
        {"original_start_time": "2027-03-15T08:00:00Z", "title": "Was not booked"},
    ]
    entry = an_entry(recurring_pattern=SERIES, changes=changes, participant_ids=[MIRA.id])
    outcome = {
        "appointment_id": "A",
        "occurrences": [{"original_start_time": "2027-03-08T08:00:00+00:00", "appointment_id": "B"}],
    }
    [one] = [told(message) for message in follow_ups(plan(entry), outcome, roster())]
    body = {
        "appointment_id": "B",
        "title": "Elsewhere",
        "participant_ids": [MIRA.id],
        "ignore_availability": True,
    }
    assert one == ("appointment.update", GRETA.id, body)


def test_what_follows_has_stable_ids() -> None:
    entry = an_entry(participant_ids=[JONAS.id], answers={JONAS.id: "declined"})
    first, again = (follow_ups(plan(entry), {"appointment_id": "A"}, roster()) for _ in range(2))
    assert first == again != []
    assert first[0].key == str(NORDLICHT).encode()
