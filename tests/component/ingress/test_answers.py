"""Each operation once, as it should be called: its answer is of class 2xx and fits the OpenAPI document.

Every client of these tests holds every other answer, problems too, against the document (`check_described`).
"""

import time
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import orjson
import pytest

from contracts.envelope import Envelope
from services.ingress.api import examples, notification_examples, scheduling_examples
from services.ingress.api.openapi import json_of
from services.ingress.api.operation import Operation
from services.ingress.domain.signatures import sign
from services.ingress.routes import OPERATIONS
from tests.component.ingress.fleet import accepted, an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN
from tests.component.ingress.running import SECRET, Ingress
from tests.component.ingress.webhooks import a_report
from tests.support.described import operation_of, undescribed

DAYS = {"start_date": "2031-03-03", "end_date": "2031-03-04"}
A_HOLD = json_of(scheduling_examples.HOLD) | {
    "organization_id": str(ANNA.organization),
    "owner_id": str(ANNA.id),
}
TIMES = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z"}
QUERIES: dict[str, dict[str, str]] = {
    "availability": DAYS,
    "explain_availability": {"at": "2031-03-03T09:00:00Z"},
    "explain_preferences": {"type": "appointment_cancelled"},
    "appointment": {"include": "history", "min_version": "1"},
    "cancel": {"scope": "this", "reason": "Ill"},
    "command": {"sent_at": datetime.now(UTC).isoformat()},
    "calendar": {"include": "people"},
}
BODIES: dict[str, Any] = {
    "create": {**TIMES, "title": "Review"},
    "update": {"title": "Review"},
    "announce": examples.ANNOUNCE,
    "bulk": examples.BULK,
    "set_availability": {**scheduling_examples.SET_AVAILABILITY, "user_id": str(ANNA.id)},
    "hold": TIMES,
    "subscribe": scheduling_examples.NEW_SUBSCRIPTION,
    "patch_preferences": notification_examples.PATCH,
    "patch_organization_preferences": notification_examples.ORGANIZATION_PATCH,
    "set_preferences": notification_examples.SET_PREFERENCES,
    "set_organization_preferences": notification_examples.SET_ORGANIZATION_PREFERENCES,
}
by_id = pytest.mark.parametrize("operation", [pytest.param(each, id=each.id) for each in OPERATIONS])


def carried_out(envelope: Envelope, body: dict[str, Any], appointment: dict[str, Any]) -> dict[str, Any]:
    """The accepted outcome of any command."""
    actor = str(envelope.actor)
    outcome = accepted(appointment) | {"event_ids": []}
    kind = str(envelope.type)
    if kind.startswith("appointment."):
        return outcome
    outcome |= {"appointment_id": None, "appointment": None, "user_id": actor, "version": 0}
    extra: dict[str, Any] = {
        "availability.set": {"availability": {**body, "version": 1}},
        "busy_times.import": {"imported": 1},
        "busy_times.remove": {"removed": 1},
        "hold.place": {"hold": A_HOLD},
        "hold.release": {"hold": A_HOLD},
        "hold.renew": {"hold": A_HOLD},
        "preferences.set": {"preferences": body},
        "organization_preferences.set": {"organization_preferences": body},
    }
    outcome |= extra.get(kind, {})
    return outcome


async def called(ingress: Ingress, operation: Operation, appointment: dict[str, Any]) -> httpx.Response:
    """The answer to a call of this operation, by an admin who takes part in the appointment."""
    path = operation.path.format(
        appointment_id=appointment["id"],
        command_id=uuid4(),
        hold_id=A_HOLD["id"],
        subscription_id=scheduling_examples.SUBSCRIPTION.id,
        notification_type="appointment_reminder",
    )
    more: dict[str, Any] = {"headers": ingress.authorization(ADMIN)}
    more["params"] = QUERIES.get(operation.id)
    if operation.id in BODIES:
        more["json"] = BODIES[operation.id]
    if operation.id == "import_calendar":
        more["content"] = examples.CALENDAR_FILE.encode()
    if operation.id == "read_hold":
        times = (datetime(2031, 3, 3, 9, tzinfo=UTC), datetime(2031, 3, 3, 10, tzinfo=UTC))
        path = path.replace(A_HOLD["id"], str(await ingress.fleet.take(ADMIN, "hold", *times)))
    if operation.id == "webhook":
        more["content"] = a_report()
        more["headers"] = {"X-Signature": sign(SECRET, int(time.time()), more["content"])}
    if operation.id == "subscribed_calendar":
        made = await ingress.call(ADMIN, "POST", "/calendar/feed")
        more["params"] = dict(httpx.URL(made.json()["url"]).params)
        [*_, (_, _, body)] = ingress.fleet.commands
        await ingress.fleet.database.execute(
            "INSERT INTO views.feeds VALUES ($1, $2, 1, $3)", ADMIN.id, ADMIN.organization, body["token_hash"]
        )
    if operation.id == "subscription":
        item = json_of(scheduling_examples.SUBSCRIPTION)
        await ingress.fleet.database.execute(
            "INSERT INTO views.calendar_subscriptions VALUES ($1, $2, 1, $3)",
            ADMIN.id,
            ADMIN.organization,
            orjson.dumps([item]).decode(),
        )
    if operation.id == "stream":
        async with ingress.client.stream("GET", path, **more) as response:
            return response
    return await ingress.client.request(operation.method, path, **more)


@by_id
async def test_an_operation_answers_as_described(ingress: Ingress, operation: Operation) -> None:
    appointment = an_appointment(ADMIN, (ANNA, BEN))
    await ingress.fleet.show(appointment)
    ingress.fleet.answer = lambda envelope, body: carried_out(envelope, body, appointment)
    response = await called(ingress, operation, appointment)
    assert 200 <= response.status_code < 300, response.text
    found = operation_of(response.request.method, response.request.url.path)
    assert found is operation
    assert undescribed(response) == []


async def test_an_answer_that_is_not_described_is_noticed(ingress: Ingress) -> None:
    request = httpx.Request("GET", "http://x/api/appointments/preferences")
    assert undescribed(httpx.Response(418, request=request))
    assert undescribed(httpx.Response(200, json={"timezone": 7}, request=request))
    assert undescribed(httpx.Response(200, text="hello", request=request))


@pytest.mark.parametrize(
    "path", ["/api/appointments", "/api/appointments/preferences", "/health/live", "/api/appointments/stream"]
)
async def test_head_answers_as_get_does_without_a_body(ingress: Ingress, path: str) -> None:
    headers = ingress.authorization(ANNA)
    response = await ingress.client.head(path, headers=headers)
    assert (response.status_code, response.content) == (200, b"")
    async with ingress.client.stream("GET", path, headers=headers) as got:
        for name in ("etag", "content-type", "content-length"):
            assert response.headers.get(name) == got.headers.get(name) or path.endswith("stream"), name


NOBODYS = UUID(int=1)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/api/appointments", "GET, HEAD, POST"),
        ("PUT", f"/api/appointments/{NOBODYS}", "DELETE, GET, HEAD, PATCH"),
        ("GET", f"/api/appointments/{NOBODYS}/confirm", "POST"),
    ],
)
async def test_a_wrong_method_is_answered_with_all_methods_of_the_path(
    ingress: Ingress, method: str, path: str, allowed: str
) -> None:
    response = await ingress.client.request(method, path)
    assert (response.status_code, response.headers["allow"]) == (405, allowed)
    assert response.json()["code"] == "method_not_allowed"
