"""The story of an appointment: causes, notifications, and the reason for each channel."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID, uuid4, uuid5
from zoneinfo import ZoneInfo

import orjson
import pytest
from rich.console import Console

from cli.dead_letters.reading import gathered
from cli.trace.audiences import audiences
from cli.trace.preference_history import PreferenceHistory, is_about_preferences
from cli.trace.queue import note_waiting
from cli.trace.story import Node, Story, build_story
from cli.trace.tree import tree
from contracts.catalog import BY_NAME
from contracts.envelope import Envelope, Message, Record
from contracts.tools.samples import APPOINTMENT, COMMAND, GOOD, GRETA, JONAS, ORGANIZATION
from contracts.topics import ALL
from services.notifier.store.waiting import Waiting
from tests.unit.cli.dead_letters.letter_box import logged

NOON = datetime(2028, 3, 1, 12, tzinfo=UTC)
EVENT = str(uuid5(UUID(COMMAND), "event"))
_offsets = count()


def event(name: str, second: int = 0, identifier: str | None = None, **changes: Any) -> Record:
    """The sample of this kind, so many seconds after noon; all follow from one command."""
    kind = BY_NAME[name]
    if kind.topic.name == "notifier.events" and name.startswith("notification"):
        changes = {"event_id": EVENT} | changes
    envelope = Envelope(
        UUID(identifier) if identifier else uuid4(),
        kind.ce_type,
        subject=APPOINTMENT,
        organization=UUID(ORGANIZATION),
        actor=GRETA,
        correlation_id=COMMAND,
    )
    message = envelope.message(kind.topic.name, orjson.dumps(GOOD[name] | changes))
    at = NOON + timedelta(seconds=second)
    return Record(message.topic, 0, next(_offsets), at, message.key, message.value, message.headers)


ASKED = event("appointment.create", 0, COMMAND)
ANSWERED = event("booking.command.accepted", 1)
HAPPENED = event("appointment.created", 1, EVENT)


def delivery(state: str, second: int, **changes: Any) -> Record:
    """An event of a delivery; without a `notification_id` of its own it is always the same one."""
    return event(f"notification.{state}", second, **({"decision": "on by default"} | changes))


def shown(records: list[Record], wishes: PreferenceHistory | None = None, verbose: bool = False) -> str:
    """The story of these records on a terminal of 200 columns in UTC."""
    return drawn(build_story(records), wishes, verbose)


def drawn(found: Story, wishes: PreferenceHistory | None = None, verbose: bool = False) -> str:
    """The story on a terminal of 200 columns in UTC."""
    console = Console(width=200)
    with console.capture() as captured:
        console.print(tree(APPOINTMENT, found, wishes or PreferenceHistory(), ZoneInfo("UTC"), verbose))
    return captured.get()


def the_event(story: Story) -> Node:
    """The event that followed from the command."""
    return story.nodes[0].nodes[0]


def test_an_event_is_under_its_command_and_a_delivery_under_its_event() -> None:
    found = build_story([ASKED, ANSWERED, HAPPENED, delivery("planned", 2), delivery("sent", 3)])
    [command] = found.nodes
    assert [note.what for note in command.notes] == ["accepted, version 1"]
    [one] = the_event(found).deliveries.values()
    assert (one.recipient, one.channel, one.why) == (JONAS, "email", "on by default")
    assert [step.words for step in one.steps] == ["planned", "sent"]


def test_an_event_is_under_the_command_whose_outcome_names_it_whatever_it_correlates_with() -> None:
    command, updated = str(uuid4()), str(uuid4())
    records = [
        event("appointment.update", 0, command),
        event("appointment.updated", 1, updated),
        event("booking.command.accepted", 2, command_id=command, event_ids=[updated]),
    ]
    [node] = build_story(records).nodes
    assert [inner.line.id for inner in node.nodes] == [updated]


def test_second_copies_change_nothing() -> None:
    records = [ASKED, ANSWERED, HAPPENED, delivery("planned", 2), delivery("sent", 3)]
    doubled = [record for record in records for _ in range(2)]
    assert shown(doubled) == shown(records)


def test_a_reminder_and_what_nothing_is_known_of_begin_nodes_of_their_own() -> None:
    found = build_story([HAPPENED, event("reminder.due", 5), delivery("sent", 6, event_id=str(uuid4()))])
    assert [node.line.type for node in found.nodes] == [
        "appointment.created",
        "reminder.due",
        "notification.sent",
    ]


@pytest.mark.parametrize(
    ("state", "changes", "words"),
    [
        ("sent", {"attempts": 1}, "sent"),
        ("sent", {"attempts": 3}, "sent after 3 attempts"),
        ("failed", {"attempts": 6, "reason": "timeout"}, "given up after 6 attempts (timeout)"),
        ("bounced", {"attempts": 1, "reason": "no such address"}, "bounced (no such address)"),
        (
            "expired",
            {"attempts": 0, "reason": "the appointment is over"},
            "not sent any more (the appointment is over)",
        ),
        ("dead_lettered", {"attempts": 1, "reason": "HTTP 422"}, "refused for good (HTTP 422)"),
    ],
)
def test_each_end_of_a_delivery_is_said_in_words(state: str, changes: dict[str, Any], words: str) -> None:
    found = build_story([HAPPENED, delivery(state, 2, **changes)])
    [one] = found.nodes[0].deliveries.values()
    assert one.steps[0].words == words


def test_what_is_held_says_why_and_until_when() -> None:
    held = delivery("held", 3, reason="quiet hours", next_attempt_at="2028-03-02T06:00:00Z")
    text = shown(
        [HAPPENED, delivery("planned", 2), held, delivery("sent", 9, reason="in the digest of 2 March")]
    )
    assert "held (quiet hours) until Thu 06:00 12:00:03 → sent (in the digest of 2 March) 12:00:09" in text


def test_another_channel_says_instead_of_which_it_is_used() -> None:
    first = delivery("failed", 2)
    other = str(uuid4())
    second = delivery(
        "planned",
        2,
        notification_id=other,
        channel="sms",
        fallback_of=GOOD["notification.failed"]["notification_id"],
    )
    found = build_story([HAPPENED, first, second])
    assert [one.why for one in found.nodes[0].deliveries.values()] == ["on by default", "instead of e-mail"]


def test_what_operators_did_is_told_where_it_belongs() -> None:
    identifier = GOOD["notification.dead_lettered"]["notification_id"]
    aside = logged(_refused(identifier))
    [letter] = gathered([aside])
    again = logged(letter.again("template fixed", "greta"))
    found = build_story([HAPPENED, delivery("dead_lettered", 2), aside, again, again, delivery("sent", 9)])
    [one] = found.nodes[0].deliveries.values()
    assert [step.words for step in one.steps] == [
        "refused for good (422 unknown template)",
        f"dead letter {letter.id[:8]}",
        "redriven by greta: template fixed",
        "redriven by greta: template fixed",
        "sent",
    ]
    planned = [delivery("planned", second) for second in (1, 10)]
    text = shown([HAPPENED, planned[0], delivery("dead_lettered", 2), planned[1], delivery("sent", 11)])
    assert "refused for good (422 unknown template) 12:00:02 → sent 12:00:11" in text
    discard = logged(letter.discarded("a test", "greta"))
    [one] = build_story([HAPPENED, delivery("dead_lettered", 2), aside, discard]).nodes[0].deliveries.values()
    assert one.steps[-1].words == "discarded by greta: a test"


def _refused(identifier: str) -> Message:
    """The dead letter of a delivery, as the notifier publishes it."""
    record = event("notification.dead_lettered", identifier=identifier)
    headers = (
        ("ce_id", identifier.encode()),
        ("ce_type", b"notification.deliver"),
        ("dead-letter-id", str(uuid4()).encode()),
        ("dead-letter-service", b"notifier"),
        ("dead-letter-delivery-id", identifier.encode()),
    )
    return Message("notifier.dead-letters", record.key, record.value, headers)


def wishes(*records: Record) -> PreferenceHistory:
    """The history of preferences in these records."""
    assert all(map(is_about_preferences, records))
    return PreferenceHistory.of(records)


def not_by(preferences: PreferenceHistory, second: int = 2) -> dict[str, str]:
    """The channels on which Jonas, who gets an e-mail, is not notified of the event."""
    found = build_story([HAPPENED, delivery("planned", second)])
    [one] = audiences(found.nodes[0], preferences)
    return one.not_by


def test_a_channel_that_was_not_used_says_why() -> None:
    assert not_by(PreferenceHistory())["sms"] == "off by default"
    own = event(
        "preferences.changed", 1, preferences={"channels": {"sms": False, "push": True}, "version": 1}
    )
    assert not_by(wishes(own)) == {
        "in_app": "there is no text for it",
        "sms": "switched off by the person",
        "push": "there is no text for it",
    }


def test_what_was_said_later_does_not_count() -> None:
    own = event("preferences.changed", 60, preferences={"channels": {"sms": False}, "version": 1})
    assert not_by(wishes(own))["sms"] == "off by default"


def test_wishes_of_a_strange_shape_break_nothing() -> None:
    own = event("preferences.changed", 1, preferences={"channels": 3, "types": [1]})
    assert not_by(wishes(own))["sms"] == "there is no text for it"


def test_people_who_were_told_alike_are_one_line_unless_each_is_wanted() -> None:
    crowd = [
        delivery("planned", 2, notification_id=str(uuid4()), recipient_id=str(uuid4())) for _ in range(40)
    ]
    text = shown([HAPPENED, *crowd])
    assert "and 37 more: invitation" in text
    assert text.count("waits to be sent") == 1
    assert shown([HAPPENED, *crowd], verbose=True).count("waits to be sent") == 40


def test_the_tree_has_the_whole_story_on_one_screen() -> None:
    text = shown(
        [ASKED, ANSWERED, HAPPENED, delivery("planned", 2), delivery("sent", 3), delivery("delivered", 5)]
    )
    lines = [line.strip(" │├└─") for line in text.splitlines()]
    assert lines[0].rstrip() == "“Quarterly review” · Mon 27 Mar 2028 09:00–10:00 Europe/Berlin · pending"
    assert lines[1].rstrip() == f"{APPOINTMENT} · times in UTC"
    assert lines[2].rstrip() == "Wed 01 Mar 12:00:00  Greta Albrecht asks: create → accepted, version 1"
    assert lines[4].rstrip() == "Jonas Becker: invitation"
    assert lines[5].rstrip() == "e-mail on by default  sent 12:00:03 → delivered 12:00:05"
    assert lines[6].startswith("not by in-app: ")
    assert len(lines) == 7


@pytest.mark.parametrize(
    ("attempts", "reason", "outage", "words"),
    [
        (0, None, False, "waits to be sent"),
        (1, "HTTP 429", False, "waits for attempt 2 (HTTP 429) until Wed 12:05"),
        (
            1,
            "HTTP 503",
            True,
            "waits for the Communication Service (HTTP 503)",
        ),
    ],
)
def test_what_waits_says_for_what(attempts: int, reason: str | None, outage: bool, words: str) -> None:
    found = build_story([HAPPENED, delivery("planned", 2)])
    identifier = UUID(GOOD["notification.planned"]["notification_id"])
    note_waiting(found, [Waiting(identifier, attempts, reason, NOON + timedelta(minutes=5), outage)])
    assert f"on by default  {words}" in drawn(found)


def test_a_queue_that_knows_more_than_the_log_changes_nothing() -> None:
    found = build_story([HAPPENED])
    note_waiting(found, [Waiting(uuid4(), 1, None, NOON, True)])
    assert found.deliveries == {}


@pytest.mark.parametrize("topic", [topic.name for topic in ALL])
@pytest.mark.parametrize(
    "value",
    [
        b"",
        b"[1]",
        b"{not json",
        b'{"version": 1, "appointment": {"start_time": 3}, "changes": 4}',
        b'{"notification_id": "x", "attempts": "many", "state": [], "type": 7, "channel": {}}',
        b'{"command_id": [], "event_ids": 5, "channels": 1, "notification_id": "x"}',
    ],
)
def test_garbage_never_breaks_a_story(topic: str, value: bytes) -> None:
    head = (("ce_id", EVENT.encode()), ("ce_type", b"appointment.updated"))
    record = Record(topic, 0, 0, NOON, None, value, head)
    assert "Quarterly review" in shown([HAPPENED, record, replace(record, headers=())])
