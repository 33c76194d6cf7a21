"""The sandbox Communication Service over real HTTP, as a process of its own; its reports on a real Kafka."""

import asyncio
import signal
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from contracts import envelope
from contracts.notifications import DeliveryReport
from deploy.local.communication.templates import Compiled, Template
from deploy.local.identity.people import person_id
from deploy.local.ports import free_port
from tests.component.sandbox_process import sandbox
from tests.support import eventually

SEND = "/api/communication/notifications/send"
SCHEDULE = "/api/communication/reminders/schedule"
CANCEL = "/api/communication/notifications/cancel"
FAULTS = "/sandbox/faults"
GRETA = person_id("greta@nordlicht.example")


def a_template(**changes: Any) -> dict[str, Any]:
    return {
        "id": "reminder_v1",
        "name": "Reminder",
        "channels": ["email", "sms", "in_app"],
        "variables": ["recipient_name", "appointment_title", "location"],
        "email_template": {
            "subject": "Soon: {{appointment_title}}",
            "text_body": "Hello {{recipient_name}}{{#if location}}, in {{location}}{{/if}}.",
            "html_body": "<b>{{appointment_title}}</b>",
        },
        "sms_template": {"body": "{{appointment_title}}"},
        "in_app_template": {"title": "Soon", "body": "{{appointment_title}}", "action_url": "/a"},
    } | changes


def a_message(**changes: Any) -> dict[str, Any]:
    return {
        "type": "appointment_reminder",
        "channels": ["email"],
        "recipients": [GRETA],
        "template_id": "reminder_v1",
        "template_data": {"recipient_name": "Greta", "appointment_title": "Check-up", "location": "Room 4"},
        "priority": "normal",
        "entity_type": "appointment",
        "entity_id": str(uuid4()),
    } | changes


async def register(client: httpx.AsyncClient, **changes: Any) -> httpx.Response:
    template = a_template(**changes)
    return await client.put(f"/api/communication/templates/{template['id']}", json=template)


async def send(client: httpx.AsyncClient, key: str | None = None, **changes: Any) -> httpx.Response:
    headers = {"Idempotency-Key": key} if key else {}
    return await client.post(SEND, json=a_message(**changes), headers=headers)


async def messages(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/sandbox/messages", params=query)).json()
    return found


@pytest.fixture(scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with sandbox("communication", tmp_path_factory.mktemp("communication")) as (client, _):
        yield client


@pytest.fixture
async def client(running: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """The service with one template registered and nothing received."""
    await running.delete("/sandbox/messages")
    assert (await register(running)).status_code == 200
    yield running
    await running.delete(FAULTS)


async def test_a_message_is_listed_as_it_came_and_as_a_person_reads_it(client: httpx.AsyncClient) -> None:
    answer = await send(client, "key-1", entity_id="e1")
    assert answer.status_code == 202
    (message,) = await messages(client)
    assert message.pop("received_at") == answer.json()["received_at"]
    assert message == a_message(entity_id="e1") | {
        "id": answer.json()["id"],
        "idempotency_key": "key-1",
        "attempts": 1,
        "rendered": {
            "email": {
                "subject": "Soon: Check-up",
                "text_body": "Hello Greta, in Room 4.",
                "html_body": "<b>Check-up</b>",
            }
        },
    }


async def test_a_repeated_key_has_one_effect_and_the_same_answer(client: httpx.AsyncClient) -> None:
    answers = await asyncio.gather(*(send(client, "one-key") for _ in range(20)))
    assert len({answer.content for answer in answers}) == 1
    assert [message["attempts"] for message in await messages(client)] == [20]


async def test_without_a_key_each_call_has_its_effect(client: httpx.AsyncClient) -> None:
    await send(client)
    await send(client)
    assert len(await messages(client)) == 2


async def test_a_refused_call_does_not_use_up_its_key(client: httpx.AsyncClient) -> None:
    assert (await send(client, "again", channels=[])).status_code == 422
    assert (await send(client, "again")).status_code == 202


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        pytest.param({"channels": ["fax"]}, "invalid", "channels.0", id="unknown channel"),
        pytest.param({"channels": []}, "invalid", "channels", id="no channel"),
        pytest.param({"recipients": []}, "invalid", "recipients", id="nobody to write to"),
        pytest.param({"recipients": "x"}, "invalid", "recipients", id="recipients not a list"),
        pytest.param({"priority": "urgent"}, "invalid", "priority", id="unknown priority"),
        pytest.param({"template_data": []}, "invalid", "template_data", id="data not an object"),
        pytest.param(
            {"scheduling": {"send_at": "2030-01-01T09:00:00"}},
            "invalid",
            "scheduling.send_at",
            id="a time to send without an offset",
        ),
        pytest.param({"template_id": "none_v1"}, "unknown_template", None, id="template not registered"),
        pytest.param({"channels": ["push"]}, "unknown_channel", None, id="channel without a text"),
        pytest.param(
            {"template_data": {"recipient_name": None, "appointment_title": "x"}},
            "missing_variable",
            "template_data.recipient_name",
            id="required variable null",
        ),
        pytest.param(
            {"template_data": {"recipient_name": "x"}},
            "missing_variable",
            "template_data.appointment_title",
            id="required variable absent",
        ),
        pytest.param(
            {"template_data": {"recipient_name": "x", "appointment_title": 2**70}},
            "invalid",
            None,
            id="a number that JSON readers cannot hold",
        ),
    ],
)
async def test_malformed_messages_are_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], code: str, field: str | None
) -> None:
    answer = await send(client, **changes)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in problem.get("errors", [])] == ([field] if field else [])
    assert await messages(client) == []


async def test_a_body_that_is_not_json_is_refused(client: httpx.AsyncClient) -> None:
    answer = await client.post(SEND, content=b"{")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


async def test_a_variable_used_only_under_its_own_condition_may_be_left_out(
    client: httpx.AsyncClient,
) -> None:
    data = {"recipient_name": "Greta", "appointment_title": "<b>&"}
    assert (await send(client, template_data=data)).status_code == 202
    (message,) = await messages(client)
    rendered = message["rendered"]["email"]
    assert rendered["text_body"] == "Hello Greta."
    assert rendered["subject"] == "Soon: <b>&"
    assert rendered["html_body"] == "<b>&lt;b&gt;&amp;</b>"


async def test_a_call_for_many_that_leaves_names_out_is_a_message_to_each_by_name(
    client: httpx.AsyncClient,
) -> None:
    await register(
        client,
        email_template={
            "subject": "Soon",
            "text_body": "Hello{{#if recipient_name}} {{recipient_name}}{{/if}}.",
        },
    )
    for _ in range(2):
        answer = await send(client, "k", recipients=[GRETA, "b"], template_data={"appointment_title": "x"})
        assert (answer.status_code, answer.json()["messages"]) == (202, 2)
    found = await messages(client)
    assert [
        (
            item["recipients"],
            item["rendered"]["email"]["text_body"],
            item["idempotency_key"],
            item["attempts"],
        )
        for item in found
    ] == [([GRETA], "Hello Greta Albrecht.", "k", 2), (["b"], "Hello.", "k", 2)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"sms_template": None}, "sms_template lacks body", id="a channel without its text"),
        pytest.param({"sms_template": {"body": "{{#if x}}"}}, "never closed", id="condition left open"),
        pytest.param({"sms_template": {"body": "{{/if}}"}}, "without an", id="condition never opened"),
        pytest.param({"translations": {"de": {}}}, "email_template lacks", id="a language without its text"),
        pytest.param({"channels": ["fax"]}, "Input should be", id="unknown channel"),
    ],
)
async def test_malformed_templates_are_refused(
    client: httpx.AsyncClient, changes: dict[str, Any], reason: str
) -> None:
    answer = await register(client, id="broken_v1", **changes)
    assert answer.status_code == 422
    assert reason in answer.json()["errors"][0]["message"]
    assert (await client.get("/api/communication/templates/broken_v1")).status_code == 404


@pytest.mark.parametrize(
    ("locale", "expected"),
    [
        pytest.param("de", "Bald: Check-up", id="a language that it was registered with"),
        pytest.param("de-AT", "Bald: Check-up", id="the language of a locale"),
        pytest.param("fr", "Soon: Check-up", id="its own where there is no other"),
    ],
)
async def test_a_message_is_written_in_the_locale_of_the_call(
    client: httpx.AsyncClient, locale: str, expected: str
) -> None:
    texts = ("email", "sms", "in_app")
    german = {f"{channel}_template": a_template()[f"{channel}_template"] for channel in texts}
    german["email_template"] = german["email_template"] | {"subject": "Bald: {{appointment_title}}"}
    assert (await register(client, translations={"de": german})).status_code == 200
    assert (await send(client, locale=locale)).status_code == 202
    (message,) = await messages(client)
    assert message["rendered"]["email"]["subject"] == expected
    assert message["locale"] == locale


async def test_templates_are_registered_again_and_listed(client: httpx.AsyncClient) -> None:
    first, again = await register(client), await register(client)
    assert first.content == again.content
    assert (await client.get("/api/communication/templates/reminder_v1")).json() == first.json()
    assert (await client.get("/api/communication/templates")).json() == [first.json()]
    wrong_path = await client.put("/api/communication/templates/other_v1", json=a_template())
    assert wrong_path.status_code == 422


def test_conditions_nest() -> None:
    body = "{{#if a}}{{a}}{{#if b}}{{b}}{{/if}}!{{/if}}"
    template = Template.model_validate(
        a_template(channels=["sms"], sms_template={"body": body}, variables=["a", "b"])
    )
    compiled = Compiled(template)
    assert compiled.missing({}) == []
    rendered = [
        compiled.render(template.channels, data)["sms"]["body"] for data in ({}, {"a": 1}, {"a": 1, "b": 2})
    ]
    assert rendered == ["", "1!", "12!"]


async def test_messages_are_found_by_what_they_are_and_by_when(client: httpx.AsyncClient) -> None:
    first = (await send(client, type="a", recipients=["x"], entity_id="1")).json()
    second = (await send(client, type="b", recipients=["x", "y"], entity_id="2")).json()
    third = (await send(client, type="b", recipients=[GRETA], entity_id="2")).json()
    ids = [first["id"], second["id"], third["id"]]

    async def found(**query: Any) -> list[int]:
        return [ids.index(message["id"]) for message in await messages(client, **query)]

    assert await found() == [0, 1, 2]
    assert await found(limit=2) == [0, 1]
    assert await found(type="b") == [1, 2]
    assert await found(recipient="x") == [0, 1]
    assert await found(recipient="greta@nordlicht.example") == [2]
    assert await found(entity_id="2", recipient="y") == [1]
    assert await found(since=second["received_at"]) == [1, 2]
    in_berlin = datetime.fromisoformat(second["received_at"]).astimezone().isoformat()
    assert await found(since=in_berlin) == [1, 2]
    assert (await client.get("/sandbox/messages", params={"since": "soon"})).status_code == 422


async def test_reminders_and_later_messages_are_cancelled_with_their_entity(
    client: httpx.AsyncClient,
) -> None:
    reminders = {"entity_type": "appointment", "entity_id": "e", "reminder_times": [60], "channels": ["sms"]}
    answer = await client.post(SCHEDULE, json=reminders | {"template_id": "reminder_v1"})
    assert answer.json()["status"] == "scheduled"
    tomorrow = (datetime.now().astimezone() + timedelta(days=1)).isoformat()
    later = await send(client, entity_id="e", scheduling={"send_at": tomorrow})
    assert later.json()["status"] == "scheduled"
    await send(client, entity_id="e")
    cancelled = await client.delete(CANCEL, params={"entity_type": "appointment", "entity_id": "e"})
    assert cancelled.json() == {"cancelled": 2}
    again = await client.delete(CANCEL, params={"entity_type": "appointment", "entity_id": "e"})
    assert again.json() == {"cancelled": 0}
    assert [schedule["state"] for schedule in (await client.get("/sandbox/schedules")).json()] == [
        "cancelled"
    ]
    assert (await client.delete(CANCEL)).status_code == 422


async def test_a_fault_answers_instead_of_the_effect(client: httpx.AsyncClient) -> None:
    await client.put(FAULTS, json={"status": 429, "retry_after": 3})
    answer = await send(client)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "3")
    await client.delete(FAULTS)
    assert await messages(client) == []
    assert (await send(client)).status_code == 202


async def test_a_rate_alone_fails_that_share_with_503(client: httpx.AsyncClient) -> None:
    await client.put(FAULTS, content=b'{"rate": 0.5}')
    statuses = [(await send(client)).status_code for _ in range(200)]
    assert set(statuses) == {202, 503}
    assert 50 < statuses.count(503) < 150


async def test_a_lost_answer_had_its_effect_once(client: httpx.AsyncClient) -> None:
    await client.put(FAULTS, json={"drop_after_accept": True})
    for _ in range(2):
        with pytest.raises(httpx.RemoteProtocolError):
            await send(client, "lost")
    await client.delete(FAULTS)
    assert (await send(client, "lost")).status_code == 202
    assert [message["attempts"] for message in await messages(client)] == [3]


async def test_a_hanging_call_has_no_effect_and_others_go_on(client: httpx.AsyncClient) -> None:
    await client.put(FAULTS, json={"hang": True})
    with pytest.raises(httpx.ReadTimeout):
        await client.post(SEND, json=a_message(), timeout=0.2)
    await client.delete(FAULTS)
    assert await messages(client) == []


async def test_latency_alone_delays_the_answer(client: httpx.AsyncClient) -> None:
    await client.put(FAULTS, json={"latency_ms": 200})
    answer = await send(client)
    assert answer.status_code == 202
    assert answer.elapsed >= timedelta(milliseconds=200)


async def test_one_effect_for_a_key_holds_over_a_kill(tmp_path: Path) -> None:
    async with sandbox("communication", tmp_path) as (client, process):
        await register(client)
        before = await send(client, "over-the-kill")
        process.kill()
    async with sandbox("communication", tmp_path) as (client, _):
        assert (await send(client, "over-the-kill")).content == before.content
        assert [message["attempts"] for message in await messages(client)] == [2]
        assert (await send(client, "another")).status_code == 202


async def test_a_long_list_does_not_keep_others_from_sending(client: httpx.AsyncClient) -> None:
    await asyncio.gather(*(send(client, recipients=[f"r{n % 7}"]) for n in range(1_500)))
    listing = asyncio.create_task(messages(client))
    assert (await send(client)).status_code == 202
    assert len(await listing) >= 1_500
    assert len(await messages(client, recipient="r3")) == 214


async def test_the_page_loads_nothing_foreign_and_lets_no_script_in(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert "script-src 'self'" in page.headers["content-security-policy"]
    for part in ("/static/page.js", "/static/style.css"):
        assert part in page.text
        assert (await client.get(part)).status_code == 200
    assert (await client.get("/static/app.py")).status_code == 404
    for script in ("page.js", "dom.js", "faults.js"):
        assert "innerHTML" not in (await client.get(f"/static/{script}")).raise_for_status().text


async def test_the_feed_tells_messages_only_when_something_changed(client: httpx.AsyncClient) -> None:
    await send(client, recipients=["a"])
    await send(client, recipients=["b"], channels=["sms"])

    async def settled() -> dict[str, Any]:
        feed: dict[str, Any] = (await client.get("/sandbox/feed")).json()
        return feed if {message["state"] for message in feed["messages"]} == {"delivered"} else {}

    feed = await eventually(settled)
    assert [message["recipients"] for message in feed["messages"]] == [["b"], ["a"]]
    assert feed["inboxes"][0] == {"recipient": "b", "name": "Greta", "messages": 1}
    assert feed["types"] == {"appointment_reminder": 2}
    quiet = (await client.get("/sandbox/feed", params={"known": feed["revision"]})).json()
    assert "messages" not in quiet
    only_sms = (await client.get("/sandbox/feed", params={"channel": "sms"})).json()
    assert (only_sms["total"], only_sms["matching"]) == (2, 1)


async def test_sigterm_ends_it_within_its_grace_though_calls_hang(tmp_path: Path) -> None:
    async with sandbox("communication", tmp_path, KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{free_port()}") as (
        client,
        process,
    ):
        await client.put(FAULTS, json={"hang": True})
        hanging = asyncio.create_task(send(client))
        with pytest.raises(httpx.ReadTimeout):
            await client.post(SEND, json=a_message(), timeout=0.2)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 8) is not None
        await asyncio.wait([hanging])
        assert hanging.exception() is not None or hanging.result().status_code >= 500


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=2, replication_factor=1)])
    finally:
        await admin.close()


async def read(bootstrap: str, topic: str, count: int) -> list[Any]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        async with asyncio.timeout(30):
            return [await consumer.getone() for _ in range(count)]
    finally:
        await consumer.stop()


async def topic_answers(bootstrap: str, topic: str) -> bool:
    """Whether every partition takes records: a fresh topic's leaders need a moment."""
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap)
    await producer.start()
    try:
        return len(await producer.partitions_for(topic)) == 2
    finally:
        await producer.stop()


@pytest.fixture
async def prefix(kafka_bootstrap: str) -> str:
    """A topic prefix of the test's own, its topic created."""
    prefix = f"t{uuid4().hex[:8]}."
    await create_topic(kafka_bootstrap, f"{prefix}communication.events")
    await eventually(lambda: topic_answers(kafka_bootstrap, f"{prefix}communication.events"))
    return prefix


async def test_deliveries_and_bounces_are_reported_on_kafka(
    tmp_path: Path, kafka_bootstrap: str, prefix: str
) -> None:
    kafka = {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "TOPIC_PREFIX": prefix}
    async with sandbox("communication", tmp_path, **kafka) as (client, _):
        await register(client)
        bounces = {
            "recipients": ["Greta@nordlicht.example", "y"],
            "outcome": "bounced",
            "channels": ["email"],
        }
        assert (await client.put("/sandbox/bounces", json=bounces)).status_code == 200
        answer = await send(client, "key", recipients=["x", GRETA], channels=["email", "sms"], entity_id="e")
        records = await read(kafka_bootstrap, f"{prefix}communication.events", 4)
    outcomes = set()
    for record in records:
        head, value = envelope.read(record.headers), orjson.loads(record.value)
        report = DeliveryReport.model_validate(value["data"])
        assert (record.key, head.subject, head.source) == (b"e", "e", "communication-service")
        assert head.type == value["type"]
        assert (report.entity_type, report.entity_id, report.idempotency_key) == ("appointment", "e", "key")
        assert value["data"]["notification_id"] == answer.json()["id"]
        assert (report.reason is None) == (head.type == "notification.delivered")
        outcomes.add((report.recipient, report.channel.value, head.type.removeprefix("notification.")))
    assert outcomes == {
        ("x", "email", "delivered"),
        ("x", "sms", "delivered"),
        (GRETA, "email", "bounced"),
        (GRETA, "sms", "delivered"),
    }
    assert len({UUID(envelope.header(record.headers, "ce_id") or "") for record in records}) == 4


async def test_reports_wait_for_a_kafka_that_is_away(
    tmp_path: Path, kafka_bootstrap: str, prefix: str
) -> None:
    nowhere = {"KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{free_port()}", "TOPIC_PREFIX": prefix}
    async with sandbox("communication", tmp_path, **nowhere) as (client, _):
        await register(client)
        answer = await send(client, entity_id="e")
        assert answer.elapsed < timedelta(seconds=1)
        await eventually(lambda: health_says(client, "down"), deadline=20)
    there = nowhere | {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}
    async with sandbox("communication", tmp_path, **there):
        (record,) = await read(kafka_bootstrap, f"{prefix}communication.events", 1)
    assert orjson.loads(record.value)["data"]["notification_id"] == answer.json()["id"]


async def health_says(client: httpx.AsyncClient, kafka: str) -> bool:
    return bool((await client.get("/health")).json()["kafka"] == kafka)
