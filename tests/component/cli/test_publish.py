"""`appointments publish` sends what was asked for, or says what is wrong and sends nothing."""

import asyncio
import json
from uuid import UUID, uuid4

from chassis.configuration.settings import Settings
from chassis.kafka.publisher import Publisher
from contracts.envelope import Envelope, message_id
from contracts.tools.samples import GOOD, GRETA, JONAS, ORGANIZATION
from contracts.topics import BOOKING_COMMANDS, BOOKING_EVENTS, BOOKING_OUTCOMES
from tests.component.cli.conftest import Run, appointments, records
from tests.support import eventually

SENDER = ("--actor", GRETA, "--organization", ORGANIZATION)
TIMES = ("--set", "start_time=2028-03-27T09:00:00", "--set", "end_time=2028-03-27T10:00:00")


async def test_a_command_arrives_as_it_was_given(run: Run, settings: Settings, publisher: Publisher) -> None:
    identifier = str(uuid4())
    answer = await run(
        *("publish", "appointment.create", *SENDER, *TIMES, "--id", identifier),
        *("--set", "title=Review", "--set", f'participant_ids=["{JONAS}"]', "--set", "custom_fields.room=2"),
    )
    assert answer.code == 0, answer.err
    assert answer.lines == [
        {"command_id": identifier, "type": "appointment.create", "topic": "booking.commands"}
    ]
    [record] = await records(settings, BOOKING_COMMANDS.name)
    assert record.key == ORGANIZATION.encode()
    assert record.header("ce_id") == identifier
    assert (record.header("actor"), record.header("organization")) == (GRETA, ORGANIZATION)
    assert json.loads(record.value or b"") == {
        "title": "Review",
        "start_time": "2028-03-27T09:00:00",
        "end_time": "2028-03-27T10:00:00",
        "participant_ids": [JONAS],
        "custom_fields": {"room": 2},
    }


async def test_wrong_fields_are_named_and_nothing_is_sent(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    answer = await run("publish", "appointment.create", *SENDER, "--set", "title=", "--set", "colour=red")
    assert answer.code == 1
    for complaint in ("title: ", "start_time: ", "end_time: ", "colour: "):
        assert complaint in answer.err
    assert await records(settings, BOOKING_COMMANDS.name) == []


async def test_a_dry_run_shows_the_record_and_sends_nothing(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    answer = await run("publish", "appointment.create", *SENDER, *TIMES, "--set", "title=x", "--dry-run")
    assert answer.lines[0]["headers"]["ce_type"] == "appointment.create"
    assert await records(settings, BOOKING_COMMANDS.name) == []


async def test_an_unknown_type_is_a_usage_error_that_names_the_nearest(run: Run) -> None:
    answer = await run("publish", "appointment.created", *SENDER)
    assert answer.code == 2
    assert "did you mean appointment.create?" in answer.err


async def test_the_fields_of_a_command_are_listed_without_any_server() -> None:
    answer = await appointments(
        "publish", "appointment.create", "--fields", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1"
    )
    assert answer.code == 0
    assert any(line.split() == ["title", "text", "required"] for line in answer.out.splitlines())
    assert "recurring_pattern.rrule" in answer.out


async def test_an_end_before_the_start_is_named_together_with_other_wrong_fields(run: Run) -> None:
    times = ("--set", "start_time=2028-03-27T09:00:00", "--set", "end_time=2028-03-27T08:00:00")
    answer = await run(
        "publish", "appointment.create", *SENDER, *times, "--set", "title=x", "--set", "timezone=Mars/Base"
    )
    assert answer.code == 1
    assert "end_time: must be after start_time" in answer.err
    assert "timezone: " in answer.err


async def test_a_command_that_is_sent_names_its_target_first(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    answer = await run("publish", "appointment.create", *SENDER, *TIMES, "--set", "title=x")
    assert answer.err == f"writing to Kafka at {settings.kafka_bootstrap_servers}\n"


async def test_an_absent_broker_is_one_sentence_and_a_code_of_its_own() -> None:
    answer = await appointments("topics", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    assert answer.code == 6
    assert answer.err.count("\n") == 1
    assert answer.err.startswith("Error: Kafka at 127.0.0.1:1 does not answer")


async def _decide(settings: Settings, publisher: Publisher, status: str) -> None:
    """Stand in for booking: answer the next command with an outcome, and an event if it is accepted."""
    command = await eventually(lambda: records(settings, BOOKING_COMMANDS.name), 20)
    identifier = message_id(command[0].headers)
    assert identifier is not None

    def envelope(kind: str) -> Envelope:
        return Envelope(
            uuid4(), kind, organization=UUID(ORGANIZATION), actor=GRETA, correlation_id=str(identifier)
        )

    body = GOOD[f"booking.command.{status}"] | {"command_id": str(identifier)}
    outcome = envelope(f"command.{status}").message(BOOKING_OUTCOMES.name, json.dumps(body).encode())
    event = envelope("appointment.created").message(
        BOOKING_EVENTS.name, json.dumps(GOOD["appointment.created"]).encode()
    )
    await publisher.publish([outcome, event] if status == "accepted" else [outcome])


async def _followed(run: Run, settings: Settings, publisher: Publisher, status: str) -> tuple[int, list[str]]:
    booking = asyncio.create_task(_decide(settings, publisher, status))
    answer = await run("publish", "appointment.create", *SENDER, *TIMES, "--set", "title=x", "--follow")
    await booking
    return answer.code, [line["what"] for line in answer.lines]


async def test_following_an_accepted_command_shows_its_outcome_and_its_event(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    code, seen = await _followed(run, settings, publisher, "accepted")
    assert code == 0
    assert sorted(seen) == [
        "accepted, version 1",
        "version 1: “Quarterly review”, Mon 27 Mar 2028 09:00–10:00 Europe/Berlin, with Jonas Becker",
    ]


async def test_following_a_refused_command_says_why_and_fails(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    code, seen = await _followed(run, settings, publisher, "refused")
    assert code == 1
    assert seen == ["refused, conflict: Jonas Becker has another appointment then."]


async def test_no_outcome_in_time_is_said_and_fails(run: Run, publisher: Publisher) -> None:
    answer = await run(
        *("publish", "appointment.create", *SENDER, *TIMES, "--set", "title=x"),
        *("--follow", "--timeout", "0.5"),
    )
    assert answer.code == 1
    assert "no outcome of" in answer.err
