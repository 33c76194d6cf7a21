"""The Communication Service fails, refuses, hangs up; the notifier crashes: nothing is lost, nothing told twice."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import orjson

from cli.dead_letters.reading import gathered
from contracts import topics
from deploy.local.ports import free_port
from tests.component.notifier.office import ANNA, BEN, FAST, PEOPLE, Office, an_appointment, database_of
from tests.support import eventually


async def test_an_error_is_retried_until_it_is_sent(office: Office) -> None:
    await office.faults(status=503, rate=0.3)
    for _ in range(10):
        await office.tell("updated", an_appointment())
    await office.told("sent", 20, deadline=40)
    states = await office.settled(20)
    assert states.keys() <= {"sent", "delivered"}
    assert len(await office.messages(20)) == 20


async def test_a_refusal_becomes_a_dead_letter_at_once_and_can_be_redriven(office: Office) -> None:
    await office.faults(status=422)
    await office.tell("updated", an_appointment())
    dead = await office.told("dead_lettered", 2)
    assert {(item["attempts"], item["reason"].split(":")[0]) for item in dead} == {
        (1, "HTTP 422 sandbox_fault")
    }
    letters = await office.published(topics.dead_letters("notifier"))
    assert {letter.header("ce_type") for letter in letters} == {"notification.deliver"}
    assert {letter.header("dead-letter-delivery-id") for letter in letters} == {
        item["notification_id"] for item in dead
    }
    assert {letter.header("dead-letter-error") for letter in letters} == {"HTTP 422"}
    await office.faults()
    assert len(await office.sql("SELECT id FROM open_dead_letters")) == 2
    for letter in gathered(letters):
        again = letter.again("the template is there", "greta")
        await office.send(again.topic, again.value, again.headers)
    sent = await office.told("sent", 2)
    assert {item["notification_id"] for item in sent} == {item["notification_id"] for item in dead}
    assert len(await office.sql("SELECT id FROM open_dead_letters")) == 0


async def test_a_message_that_would_have_a_hole_is_a_dead_letter_before_it_is_sent(office: Office) -> None:
    nobody_knows_anna = [person for person in PEOPLE if person["id"] != str(ANNA)]
    await office.tell("created", an_appointment(), people=nobody_knows_anna)
    dead = await office.told("dead_lettered", 2)
    assert {(item["type"], item["attempts"], item["reason"]) for item in dead} == {
        ("appointment_invitation", 0, "appointment_invitation_v1 lacks organizer_name")
    }
    letters = await office.published(topics.dead_letters("notifier"))
    assert {
        (letter.header("dead-letter-error"), letter.header("dead-letter-message")) for letter in letters
    } == {("MissingVariables", "appointment_invitation_v1 lacks organizer_name")}
    messages = await office.messages(2)
    assert {item["type"] for item in messages} == {"appointment_created"}
    assert all(
        "{{" not in text
        for item in messages
        for texts in item["rendered"].values()
        for text in texts.values()
    )


async def test_an_outage_opens_the_breaker_and_its_end_sends_what_waited(closed_office: Office) -> None:
    office = closed_office
    service = await office.start(
        breaker_recovery=0.5, retry_first=300.0, quick_tries=2, deliveries_in_flight=8
    )
    await eventually(lambda: service.health.ready)
    await office.faults(status=503)
    for _ in range(15):
        await office.tell("updated", an_appointment())
    await eventually(lambda: "communication" in service.health._waiting, 15)
    [row] = await office.sql("SELECT sum(attempts) AS attempts FROM deliveries")
    assert row["attempts"] <= 5 + 8, "who is not answered stops asking"
    breaker = (await service.health.report())["breaker"]
    assert (breaker["state"], breaker["reason"][:8]) in (("open", "HTTP 503"), ("half_open", "HTTP 503"))
    assert breaker["failures"] >= breaker["threshold"] == 5
    await office.faults()
    await office.told("sent", 30, deadline=20)
    await office.settled(30)
    await eventually(lambda: service.health.ready)
    rows = await office.sql("SELECT max(attempts) AS most FROM deliveries")
    assert rows[0]["most"] <= 2
    again = (await service.health.report())["breaker"]
    assert (again["state"], again["reason"], again["next_probe_in"]) == ("closed", None, None)
    assert again["since"] > breaker["since"]


async def test_an_urgent_message_whose_email_is_refused_goes_by_sms(office: Office) -> None:
    await office.communication.put(
        "/sandbox/bounces", json={"recipients": [str(BEN)], "outcome": "failed", "channels": ["email", "sms"]}
    )
    await office.tell("cancelled", an_appointment(status="cancelled"), actor=ANNA)
    failed = await office.told("failed", 2)
    email, sms = sorted(failed, key=lambda item: str(item["channel"]))
    assert (email["channel"], sms["channel"]) == ("email", "sms")
    assert sms["fallback_of"] == email["notification_id"]
    messages = await office.messages(5)
    of_ben = sorted(item["channels"][0] for item in messages if item["recipients"] == [str(BEN)])
    assert of_ben == ["email", "in_app", "sms"], "in-app had it already: not twice"


async def test_attempts_run_out_and_the_channel_gives_up(closed_office: Office) -> None:
    office = closed_office
    await office.start(breaker_threshold=1000, retry_max_attempts=1, retry_first=0.05, quick_tries=2)
    await office.tell("updated", an_appointment())
    await office.messages(2)
    await office.faults(status=500)
    await office.tell("updated", an_appointment())
    failed = await office.told("failed", 2)
    assert {(item["attempts"], item["reason"].split(":")[0]) for item in failed} == {
        (2, "HTTP 500 sandbox_fault")
    }
    assert len(await office.published(topics.dead_letters("notifier"))) == 2


async def test_an_answer_that_is_lost_does_not_send_twice(closed_office: Office) -> None:
    office = closed_office
    await office.start(breaker_recovery=0.3, recovery_spread=0.1)
    await office.tell("updated", an_appointment())
    await office.messages(2)
    await office.faults(drop_after_accept=True, rate=1.0)
    for _ in range(5):
        await office.tell("updated", an_appointment())
    await office.messages(4)  # more have arrived, and the notifier does not know it
    await office.faults()
    await office.settled(12, deadline=30)
    messages = await office.messages(12)
    assert len(messages) == 12
    assert len({item["idempotency_key"] for item in messages}) == 12
    assert max(item["attempts"] for item in messages) > 1, "the same key came again"


async def test_a_service_that_hangs_is_given_up_on_and_asked_again(closed_office: Office) -> None:
    office = closed_office
    await office.start(communication_timeout=0.3, breaker_recovery=0.5)
    await office.tell("updated", an_appointment())
    await office.messages(2)
    await office.faults(hang=True)
    await office.tell("updated", an_appointment())

    async def waits() -> bool:
        reasons = await office.sql("SELECT reason FROM deliveries WHERE state = 'retrying'")
        return [row["reason"] for row in reasons] == ["no answer within 0.3 s"] * 2

    await eventually(waits, 15)
    await office.faults()
    await office.settled(4)


async def test_a_stopping_notifier_lets_its_calls_end(office: Office) -> None:
    await office.tell("updated", an_appointment())
    await office.messages(2)
    await office.settled(2)
    await office.faults(latency_ms=1000)
    await office.tell("updated", an_appointment())

    async def claimed() -> bool:
        return len(await office.sql("SELECT FROM queue WHERE lease IS NOT NULL")) == 2

    await eventually(claimed, 15)
    await office.stop()
    assert await office.sql("SELECT FROM queue") == []
    assert await office.sql("SELECT FROM outbox") == []
    assert len([item for item in await office.events() if item["state"] == "sent"]) == 4


@contextmanager
def a_process(office: Office) -> "Iterator[subprocess.Popen[bytes]]":
    """A notifier in a process of its own; killed at the end."""
    settings: dict[str, Any] = {
        **FAST,
        "kafka_bootstrap_servers": office.settings.kafka_bootstrap_servers,
        "database_url": office.settings.database_url,
        "topic_prefix": office.settings.topic_prefix,
        "communication_url": office.settings.communication_url,
        "identity_url": office.settings.identity_url,
        "health_port": free_port(),
        "session_timeout_ms": 6000,
    }
    environment = os.environ | {name.upper(): str(value) for name, value in settings.items()}
    process = subprocess.Popen([sys.executable, "-m", "services.notifier"], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def test_a_crash_between_call_and_completion_sends_once(closed_office: Office) -> None:
    office = closed_office
    with a_process(office) as process:
        await office.tell("updated", an_appointment())
        await office.messages(2, deadline=30)
        await office.settled(2)
        await office.faults(latency_ms=700)
        await office.tell("updated", an_appointment())

        async def claimed() -> bool:
            return len(await office.sql("SELECT FROM queue WHERE lease IS NOT NULL")) == 2

        await eventually(claimed, 15)
        connection = await asyncpg.connect(database_of(office.settings))
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM queue FOR UPDATE")  # nobody can write down how it ended
                await office.messages(4)
                process.send_signal(signal.SIGKILL)
                process.wait()
        finally:
            await connection.close()
    assert await office.states() == {"delivered": 2, "planned": 2}
    await office.faults()
    await office.start()
    await office.settled(4, deadline=30)
    messages = await office.messages(4)
    assert len(messages) == 4
    # Called again under the same key, unless the reports of the first call are read before.
    assert sorted(item["attempts"] for item in messages) in ([1, 1, 1, 1], [1, 1, 1, 2], [1, 1, 2, 2])


async def test_what_was_noted_and_not_published_is_published_by_the_next(closed_office: Office) -> None:
    office = closed_office
    await office.start()
    await office.tell("updated", an_appointment())
    await office.told("delivered", 2)
    before = {(record.header("ce_id"), record.value) for record in await office.published()}
    [record, *_] = [
        item for item in await office.published() if item.header("ce_type") == "notification.sent"
    ]
    await office.stop()
    await office.sql(
        "INSERT INTO outbox (writer, noted_at, topic, key, value, headers) VALUES ($1, now(), $2, $3, $4, $5)",
        "00000000-0000-0000-0000-000000000001",
        topics.NOTIFIER_EVENTS.name,
        record.key,
        record.value,
        orjson.dumps([(name, value.decode()) for name, value in record.headers]),
    )
    await office.start()

    async def published() -> bool:
        return not await office.sql("SELECT FROM outbox")

    await eventually(published, 15)
    after = await office.published()
    assert {(item.header("ce_id"), item.value) for item in after} == before
    assert len([item for item in after if item.header("ce_id") == record.header("ce_id")]) == 2
