"""Reminders that the Communication Service sends by itself: the calls as they go over the wire, and what comes of them."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from aiohttp import web
from sqlalchemy import text

from chassis.service import Service
from deploy.local.communication.payloads import ScheduleReminders
from deploy.local.ports import free_port
from notifications.templates.catalogue import TEMPLATES
from services.reminders.delegation import worker
from services.reminders.delegation.communication import Communication, Failure
from services.reminders.delegation.handover import schedule_body
from services.reminders.domain.timers import plan
from services.reminders.messages.incoming import read_appointment
from services.reminders.messages.outgoing import EventContext
from tests.component.reminders.test_service import a_minute_before, read, reminders, running, soon, tell
from tests.component.reminders.test_service import world as world
from tests.component.sandbox_process import sandbox
from tests.support import World, eventually
from tests.unit.reminders.builders import (
    ANN,
    LONG_BEFORE,
    MONDAY_9,
    ORGANIZATION,
    SILENCE,
    a_record,
    a_state,
    an_event,
)

TEMPLATE = "appointment_reminder_v1"
SOON = timedelta(seconds=6)  # enough to be handed over on a busy machine


@pytest.fixture
async def communication(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[httpx.AsyncClient]:
    """The sandbox with the template of reminders."""
    monkeypatch.setattr(worker, "AHEAD", timedelta(seconds=0.5))
    async with sandbox("communication", tmp_path) as (client, _):
        body = TEMPLATES[TEMPLATE].registered()
        assert (await client.put(f"/api/communication/templates/{TEMPLATE}", json=body)).is_success
        yield client


def delegated(communication: httpx.AsyncClient) -> dict[str, str]:
    """The settings of a service that hands reminders over to it."""
    return {"reminders": "delegated", "communication_url": str(communication.base_url)}


async def scheduled(communication: httpx.AsyncClient, *states: str) -> list[dict[str, Any]]:
    """Wait until the schedules that the sandbox has are in these states."""

    async def so() -> list[dict[str, Any]]:
        found = (await communication.get("/sandbox/schedules")).json()
        assert sorted(schedule["state"] for schedule in found) == sorted(states), found
        return list(found)

    return await eventually(so, 15, 0.05)


async def arrived(communication: httpx.AsyncClient, identity: UUID) -> dict[str, Any]:
    """Wait for the one message about that appointment."""

    async def there() -> dict[str, Any]:
        found = (await communication.get("/sandbox/messages", params={"entity_id": str(identity)})).json()
        assert len(found) == 1, f"{len(found)} messages"
        return dict(found[0])

    return await eventually(there, 15, 0.05)


async def test_the_calls_carry_the_fields_of_the_requirements_document() -> None:
    asked: list[tuple[str, str, dict[str, str], bytes]] = []
    status = 202

    async def answer(request: web.Request) -> web.Response:
        headers = {name.lower(): value for name, value in request.headers.items()}
        asked.append((request.method, request.path_qs, headers, await request.read()))
        return web.Response(status=status)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    port = free_port()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    client = Communication(f"http://127.0.0.1:{port}", token="our-own", timeout=5)
    try:
        event = an_event("appointment.created", a_state(UUID(int=7)))
        change = read_appointment(a_record(event, LONG_BEFORE))
        assert change is not None
        timer = next(
            t for t in plan(change.appointment, SILENCE, LONG_BEFORE).values() if t.lead_minutes == 60
        )
        key, body = uuid4(), _body(timer, change.context)
        assert await client.schedule(key, body, change.context) is None
        assert await client.cancel(key, change.context) is None
        status = 503
        assert await client.cancel(key, change.context) == Failure("HTTP 503: ", for_good=False)
        status = 422
        assert await client.cancel(key, change.context) == Failure("HTTP 422: ", for_good=True)
    finally:
        await client.close()
        await runner.cleanup()
    schedule, cancel = asked[:2]
    assert schedule[:2] == ("POST", "/api/communication/reminders/schedule")
    sent = orjson.loads(schedule[3])
    required = {
        "entity_type": "appointment",
        "entity_id": str(UUID(int=7)),
        "reminder_times": [60],
        "channels": ["email", "in_app"],
        "template_id": TEMPLATE,
    }
    assert sent | required == sent
    assert TEMPLATES[TEMPLATE].required <= {name for name, value in sent["template_data"].items() if value}
    understood = ScheduleReminders.model_validate(sent)
    assert understood.due() == [MONDAY_9 - timedelta(hours=1)]
    url = f"/api/communication/notifications/cancel?entity_type=appointment&entity_id={UUID(int=7)}"
    assert cancel[:2] == ("DELETE", url)
    expected = {
        "authorization": "Bearer our-own",
        "idempotency-key": str(key),
        "x-organization-id": str(ORGANIZATION),
        "x-user-id": str(ANN),
        "x-correlation-id": "a-correlation",
    }
    assert all(headers | expected == headers for _, _, headers, _ in (schedule, cancel))


def _body(timer: Any, context: EventContext) -> dict[str, Any]:
    state, people = orjson.loads(context.body), orjson.loads(context.people)
    return schedule_body(timer, state, people, None, None, "https://hub.example")


async def test_a_reminder_that_was_handed_over_is_sent_without_us(
    world: World, communication: httpx.AsyncClient
) -> None:
    identity, start = uuid4(), soon(SOON)
    async with running(world, **delegated(communication)) as service:
        await tell(world, an_event("appointment.created", a_minute_before(identity, start)))
        await scheduled(communication, "scheduled")
        await _counted(service, "handed")
    message = await arrived(communication, identity)
    due = start - timedelta(minutes=1)
    assert timedelta(0) <= datetime.fromisoformat(message["received_at"]) - due < timedelta(seconds=3)
    assert (message["type"], message["recipients"]) == ("appointment_reminder", [str(ANN)])
    assert message["template_data"]["time_until"] == "in 1 Minute"
    async with running(world, **delegated(communication)) as service:
        await _counted(service, "handed AND state = 'fired'")
    assert await read(world) == [], "nobody is reminded twice"


async def test_what_is_cancelled_is_withdrawn_and_what_is_moved_is_handed_over_anew(
    world: World, communication: httpx.AsyncClient
) -> None:
    gone, moved, start = uuid4(), uuid4(), soon(SOON)
    async with running(world, **delegated(communication)):
        await tell(
            world,
            an_event("appointment.created", a_minute_before(gone, start)),
            an_event("appointment.created", a_minute_before(moved, start)),
        )
        await scheduled(communication, "scheduled", "scheduled")
        later = start + timedelta(seconds=1)
        await tell(
            world,
            an_event("appointment.cancelled", a_minute_before(gone, start, 2, status="cancelled")),
            an_event("appointment.rescheduled", a_minute_before(moved, later, 2)),
        )
        await scheduled(communication, "cancelled", "cancelled", "scheduled")
        message = await arrived(communication, moved)
    assert datetime.fromisoformat(message["received_at"]) >= later - timedelta(minutes=1)
    everything = (await communication.get("/sandbox/messages")).json()
    assert [message["entity_id"] for message in everything] == [str(moved)]


async def test_what_could_not_be_handed_over_in_time_is_fired_as_usual(
    world: World, communication: httpx.AsyncClient
) -> None:
    assert (await communication.put("/sandbox/faults", json={"status": 503, "rate": 1.0})).is_success
    identity = uuid4()
    async with running(world, **delegated(communication)):
        await tell(
            world,
            an_event("appointment.created", a_minute_before(identity, soon(timedelta(seconds=2)))),
        )
        [(_, reminder)] = await reminders(world, 1)
    assert reminder.appointment_id == identity


async def test_what_was_handed_over_is_withdrawn_when_reminders_are_ours_again(
    world: World, communication: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.reminders.delegation.mode.OwnReminders.work_seconds", 0.2)
    async with running(world, **delegated(communication)) as service:
        await tell(world, an_event("appointment.created", a_minute_before(uuid4(), soon(SOON))))
        await scheduled(communication, "scheduled")
        await _counted(service, "handed")
    async with running(world, communication_url=str(communication.base_url)):
        await scheduled(communication, "cancelled")
        assert len(await reminders(world, 1)) == 1


async def _counted(service: Service, condition: str) -> None:
    """Wait until that is true of one timer."""

    async def counted() -> bool:
        async with service.database.transaction() as tx:
            return bool(await tx.scalar(text(f"SELECT count(*) FROM timers WHERE {condition}")) == 1)

    await eventually(counted, 10)
