"""`appointments dlq` shows what was set aside and sends it back as it came."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import uuid4

from chassis.configuration.settings import Settings
from chassis.dead_letters.store import Failure, letter
from chassis.kafka.publisher import Publisher
from contracts.catalog import BY_NAME
from contracts.envelope import Envelope, Message, Record
from contracts.tools.samples import GOOD, GRETA, ORGANIZATION
from tests.component.cli.conftest import Run, records

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


def a_letter(
    service: str = "booking",
    error: str = "TypeError",
    headers: Sequence[tuple[str, bytes]] = (),
    kind: str = "appointment.create",
    identifier: str | None = None,
) -> Message:
    """A record that `service` set aside; each at another offset, so each with an id of its own."""
    record = Record(
        "booking.commands",
        2,
        uuid4().int % 1_000_000,
        AT,
        b"some-organization",
        b'{"not": "what we expected"}',
        (("ce_id", (identifier or str(uuid4())).encode()), ("ce_type", kind.encode()), *headers),
    )
    return letter(
        record, f"{service}.commands", service, Failure("handle", error, "it broke", 3, AT, AT), "1.0", "c"
    )


async def test_a_dead_letter_is_listed_with_its_story(run: Run, publisher: Publisher) -> None:
    await publisher.publish([a_letter()])
    [line] = (await run("dlq", "ls", "--json")).lines
    assert (line["service"], line["topic"], line["partition"]) == ("booking", "booking.commands", 2)
    assert (line["stage"], line["error"], line["message"]) == ("handle", "TypeError", "it broke")
    assert (line["attempts"], line["redrives"], line["type"]) == (3, 0, "appointment.create")


async def test_show_has_the_record_as_it_came(run: Run, publisher: Publisher) -> None:
    message = a_letter(headers=[("odd", b"\xff\xfe")])
    await publisher.publish([message])
    [line] = (await run("dlq", "ls", "--json")).lines
    [shown] = (await run("dlq", "show", line["id"])).lines
    assert shown["value"] == '{"not": "what we expected"}'
    assert list(shown["headers"]) == ["ce_id", "ce_type", "odd"]


async def test_a_redriven_record_is_what_it_was_plus_why(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    message = a_letter(headers=[("odd", b"\xff\xfe")])
    await publisher.publish([message])
    answer = await run("dlq", "redrive", "--all", "--reason", "fixed in 1.1")
    assert answer.code == 0, answer.err
    [again] = await records(settings, "booking.redrive")
    assert (again.key, again.value) == (message.key, message.value)
    assert again.headers[:3] == message.headers[:3]
    added = {name: value.decode() for name, value in again.headers[3:]}
    assert added["redrive-of"] == answer.lines[0]["id"]
    assert (added["redrive-count"], added["redrive-reason"]) == ("1", "fixed in 1.1")
    assert set(added) == {"redrive-of", "redrive-count", "redrive-reason", "redrive-by"}


async def test_a_redriven_letter_is_done_with_unless_asked_for(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    await publisher.publish([a_letter()])
    await run("dlq", "redrive", "--all", "--reason", "again")
    assert (await run("dlq", "ls", "--json")).lines == []
    [kept] = (await run("dlq", "ls", "--json", "--all")).lines
    assert [one["reason"] for one in kept["redriven"]] == ["again"]
    await run("dlq", "redrive", "--all", "--reason", "nothing is left")
    assert len(await records(settings, "booking.redrive")) == 1
    await run("dlq", "redrive", "--id", kept["id"], "--reason", "once more")
    assert len(await records(settings, "booking.redrive")) == 2


async def test_filters_choose_by_service_and_by_cause(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    await publisher.publish([a_letter(error="KeyError"), a_letter(), a_letter("notifier")])
    assert len((await run("dlq", "ls", "--json", "--service", "notifier")).lines) == 1
    answer = await run("dlq", "redrive", "--cause", "keyerror", "--reason", "x")
    assert [line["error"] for line in answer.lines] == ["KeyError"]
    assert len(await records(settings, "booking.redrive")) == 1


async def test_a_dry_run_sends_nothing(run: Run, settings: Settings, publisher: Publisher) -> None:
    await publisher.publish([a_letter()])
    answer = await run("dlq", "redrive", "--all", "--reason", "x", "--dry-run")
    assert len(answer.lines) == 1
    assert await records(settings, "booking.redrive") == []


async def test_which_letters_must_be_said(run: Run) -> None:
    assert (await run("dlq", "redrive", "--reason", "x")).code == 2
    assert (await run("dlq", "redrive", "--all")).code == 2


async def test_causes_are_counted(run: Run, publisher: Publisher) -> None:
    await publisher.publish([a_letter(), a_letter(error="KeyError"), a_letter()])
    causes = (await run("dlq", "ls", "--grouped")).lines
    assert [(cause["error"], cause["count"]) for cause in causes] == [("TypeError", 2), ("KeyError", 1)]


async def test_a_corrected_letter_is_sent_back_and_says_what_was_corrected(
    run: Run, settings: Settings, publisher: Publisher
) -> None:
    actor = (("actor", GRETA.encode()), ("organization", ORGANIZATION.encode()))
    await publisher.publish([a_letter(headers=actor, kind="appointment.cancel")])
    [line] = (await run("dlq", "ls")).lines
    correct = ("dlq", "edit", line["id"][:8], "--reason", "a wrong field")
    answer = await run(*correct, "--set", "reason=x")
    assert (answer.code, await records(settings, "booking.redrive")) == (1, [])
    assert {complaint.split(":")[0] for complaint in answer.err.splitlines()[:-1]} == {
        "appointment_id",
        "not",
    }
    body = json.dumps(GOOD["appointment.cancel"])
    answer = await run(*correct, "--file", "-", stdin=body)
    assert answer.code == 0, answer.err
    [sent] = await records(settings, "booking.redrive")
    assert json.loads(sent.value or b"") == GOOD["appointment.cancel"]
    assert sent.header("redrive-edited") == "not, appointment_id, reason"
    shown = (await run("dlq", "show", line["id"])).lines[0]
    assert shown["value"] == '{"not": "what we expected"}', "the letter stays as it was"
    assert shown["redriven"][0]["edited"] == "not, appointment_id, reason"


async def test_a_discarded_letter_stays_in_the_log_with_its_reason(run: Run, publisher: Publisher) -> None:
    await publisher.publish([a_letter(error="KeyError"), a_letter()])
    discard = ("dlq", "discard", "--error", "KeyError", "--reason", "a test of ours")
    assert len((await run(*discard, "--dry-run")).lines) == 1
    assert len((await run("dlq", "ls")).lines) == 2
    assert len((await run(*discard)).lines) == 1
    assert [line["error"] for line in (await run("dlq", "ls")).lines] == ["TypeError"]
    everything = (await run("dlq", "ls", "--all")).lines
    assert [note["reason"] for line in everything for note in line["discarded"]] == ["a test of ours"]


async def test_show_tells_what_became_of_the_command(run: Run, publisher: Publisher) -> None:
    identifier = str(uuid4())
    await publisher.publish([a_letter(identifier=identifier)])
    kind = BY_NAME["booking.command.accepted"]
    envelope = Envelope(uuid4(), kind.ce_type, correlation_id=identifier)
    await publisher.publish([envelope.message(kind.topic.name, json.dumps(GOOD[kind.name]).encode())])
    [shown] = (await run("dlq", "show", identifier)).lines
    assert [line["what"] for line in shown["followed"]] == ["accepted, version 1"]
