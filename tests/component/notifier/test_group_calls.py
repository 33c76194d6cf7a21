"""Hundreds of recipients: few calls, one delivery for each, and the same call again whatever happens in between."""

import signal
from collections import defaultdict
from typing import Any
from uuid import uuid4

import asyncpg

from contracts import topics
from deploy.local.identity.people import person_id
from services.notifier.sending.group_calls import MOST
from tests.component.notifier.office import ANNA, PEOPLE, Office, an_appointment, database_of
from tests.component.notifier.test_failures import a_process
from tests.support import eventually

GRETA = person_id("greta@nordlicht.example")


def a_crowd(count: int) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Anna's cancelled appointment with so many, and who they are; Greta is one of them."""
    crowd = [GRETA, *(str(uuid4()) for _ in range(count - 1))]
    people = [PEOPLE[0], *({**PEOPLE[1], "id": user} for user in crowd)]
    answers = dict.fromkeys(crowd, "pending")
    return an_appointment(participant_ids=crowd, confirmation_status=answers, status="cancelled"), people


def calls_of(messages: list[dict[str, Any]]) -> dict[str, dict[str, set[str]]]:
    """By channel and key: whom the call reached; without Anna, who is told by herself in her own language."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for item in messages:
        if item["recipients"] != [str(ANNA)]:
            found[item["channels"][0]][item["idempotency_key"]].update(item["recipients"])
    return found


async def test_hundreds_are_told_in_a_few_calls_and_each_is_tracked(office: Office) -> None:
    state, people = a_crowd(250)
    bounced = state["participant_ids"][100]
    await office.communication.put(
        "/sandbox/bounces", json={"recipients": [bounced], "outcome": "bounced", "channels": ["email"]}
    )
    await office.tell("cancelled", state, people=people)
    messages = await office.messages(503)
    calls = calls_of(messages)
    for channel in ("email", "in_app"):
        assert len(calls[channel]) <= 3
        assert max(map(len, calls[channel].values())) <= MOST
        assert sum(map(len, calls[channel].values())) == 250
    await office.wait_for_state("delivered", 502)
    assert await office.states() == {"delivered": 502, "bounced": 1}

    rows = await office.sql("SELECT id, recipient_id, channel, fallback_of FROM deliveries")
    assert len({row["id"] for row in rows}) == 503
    [instead] = [row for row in rows if row["fallback_of"]]
    assert (str(instead["recipient_id"]), instead["channel"]) == (bounced, "sms")
    assert calls["sms"] == {str(instead["id"]): {bounced}}, "the fallback goes alone, by its own key"
    suspended = await office.sql("SELECT user_id, channel FROM suspensions")
    assert [(str(row["user_id"]), row["channel"]) for row in suspended] == [(bounced, "email")]

    letters = {item["recipients"][0]: item for item in messages if item["channels"] == ["email"]}
    assert "Hello Greta" in letters[GRETA]["rendered"]["email"]["text_body"]
    others = letters[state["participant_ids"][1]]
    assert "Hello," in others["rendered"]["email"]["text_body"]
    assert "recipient_name" not in others["template_data"]


async def test_a_few_are_told_one_by_one_and_by_name(office: Office) -> None:
    state, people = a_crowd(9)
    await office.tell("announced", state | {"status": "pending"}, people=people, announcement="At eight.")
    messages = await office.messages(18)
    assert len({item["idempotency_key"] for item in messages}) == 18
    assert {item["template_data"]["recipient_name"] for item in messages} == {"Ben"}


async def test_a_call_that_fails_is_made_again_for_the_same_people(closed_office: Office) -> None:
    office = closed_office
    await office.start(breaker_threshold=1000, quick_tries=1, retry_first=1.0, retry_max_attempts=50)
    await office.tell("updated", an_appointment())
    await office.settled(2)  # the templates are there
    await office.faults(status=503)
    state, people = a_crowd(30)
    await office.tell("announced", state | {"status": "pending"}, people=people, announcement="At eight.")
    await office.wait_for_state("retrying", 60)
    frozen = {
        str(row["call_id"]): {str(user) for user in row["members"]}
        for row in await office.sql(
            "SELECT call_id, array_agg(recipient_id) AS members FROM calls GROUP BY call_id"
        )
    }
    # Half of them leave the queue, as a report may have it; the call stays what it was.
    await office.sql(
        "DELETE FROM queue WHERE delivery_id IN (SELECT delivery_id FROM queue ORDER BY delivery_id LIMIT 20)"
    )
    await office.faults()
    messages = await office.messages(60, entity_id=state["id"])
    calls = calls_of(messages)
    assert calls["email"] | calls["in_app"] == frozen
    assert len(messages) == 60
    await office.wait_for_state("delivered", 62)


async def test_a_refusal_is_a_dead_letter_for_each_and_one_is_redriven_alone(office: Office) -> None:
    await office.faults(status=422)
    state, people = a_crowd(12)
    await office.tell("announced", state | {"status": "pending"}, people=people, announcement="At eight.")
    dead = await office.told("dead_lettered", 24)
    assert {item["attempts"] for item in dead} == {1}
    await office.faults()
    [letter, *_] = await office.published(topics.dead_letters("notifier"))
    await office.send(topics.redrive("notifier").name, letter.value, letter.headers)
    [sent] = await office.told("sent", 1)
    messages = await office.messages(1)
    assert [(item["recipients"], item["idempotency_key"]) for item in messages] == [
        ([sent["recipient_id"]], sent["notification_id"])
    ]
    assert messages[0]["template_data"]["recipient_name"] == "Ben"


async def test_a_crash_between_a_call_for_many_and_its_completion_tells_each_once(
    closed_office: Office,
) -> None:
    office = closed_office
    state, people = a_crowd(30)
    with a_process(office) as process:
        await office.tell("updated", an_appointment())
        await office.messages(2, deadline=30)
        await office.settled(2)
        await office.faults(latency_ms=700)
        await office.tell("announced", state | {"status": "pending"}, people=people, announcement="Eight.")

        async def claimed() -> bool:
            return len(await office.sql("SELECT FROM queue WHERE call_id IS NOT NULL")) == 60

        await eventually(claimed, 15)
        connection = await asyncpg.connect(database_of(office.settings))
        try:
            async with connection.transaction():
                await connection.execute("SELECT FROM queue FOR UPDATE")  # nobody can write down how it ended
                before = calls_of(await office.messages(60, entity_id=state["id"]))
                process.send_signal(signal.SIGKILL)
                process.wait()
        finally:
            await connection.close()
    await office.faults()
    await office.start()
    await office.settled(62, deadline=30)
    messages = await office.messages(60, entity_id=state["id"])
    assert len(messages) == 60
    assert calls_of(messages) == before
    # Called again under the same key, unless the reports of the first call are read before.
    assert all(item["attempts"] in (1, 2) for item in messages)
