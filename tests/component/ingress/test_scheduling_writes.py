"""Availability, holds, seats and series over HTTP: which command is published, and how its outcome is answered."""

import asyncio
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
import pytest

from contracts.envelope import Envelope
from contracts.topics import PROJECTOR_EVENTS
from services.ingress.commands.visibility import event_key
from tests.component.ingress.fleet import accepted, an_appointment, refused
from tests.component.ingress.people import ADMIN, ANNA, BEN
from tests.component.ingress.running import Ingress
from tests.support import eventually

HOURS = {
    "timezone": "Europe/Berlin",
    "rules": [{"day_of_week": 0, "start_time": "09:00", "end_time": "17:00"}],
}
TIMES = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z"}
NEW = {**TIMES, "title": "Review"}
A_HOLD = {
    "id": str(uuid4()),
    "organization_id": str(ANNA.organization),
    "owner_id": str(ANNA.id),
    "user_ids": [str(ANNA.id)],
    **TIMES,
    "expires_at": "2031-01-01T00:05:00Z",
}


def settled(**fields: Any) -> dict[str, Any]:
    """An accepted outcome that is not of one appointment."""
    more = {"appointment_id": None, "version": None, "appointment": None, "event_ids": [str(uuid4())]}
    return {"status": "accepted", "code": None, "errors": [], "conflicts": [], **more, **fields}


def availability_of(body: dict[str, Any]) -> dict[str, Any]:
    """Return the outcome that booking gives to an availability with this body."""
    kept = {"overrides": [], "policy": {}, **body, "organization_id": str(ANNA.organization), "version": 3}
    return settled(user_id=body["user_id"], version=3, availability=kept)


async def tell(ingress: Ingress, kind: str, body: dict[str, Any], identifier: UUID | None = None) -> None:
    """A message of the projector."""
    envelope = Envelope(id=identifier or uuid4(), type=kind, organization=ANNA.organization)
    await ingress.fleet.publisher.publish([envelope.message(PROJECTOR_EVENTS.name, orjson.dumps(body))])


async def test_availability_is_answered_as_it_was_sent_with_its_version(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: availability_of(body)
    sent = {"user_id": str(ANNA.id), **HOURS}
    response = await ingress.call(ANNA, "POST", "/availability/", json=sent)
    assert (response.status_code, response.headers["etag"]) == (200, '"3"')
    assert response.json() == {**sent, "overrides": [], "policy": {}, "version": 3}
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.subject, body) == ("availability.set", str(ANNA.id), sent)


async def test_only_an_admin_says_when_somebody_else_can_be_booked(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: availability_of(body)
    body = {"user_id": str(BEN.id), **HOURS}
    response = await ingress.call(ANNA, "POST", "/availability", json=body)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert not ingress.fleet.commands
    assert (await ingress.call(ADMIN, "POST", "/availability", json=body)).status_code == 200


async def test_the_answer_waits_until_the_views_show_the_availability(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: availability_of(body)
    calling = asyncio.create_task(
        ingress.call(ANNA, "POST", "/availability", json={"user_id": str(ANNA.id), **HOURS})
    )
    await asyncio.wait([calling], timeout=0.4)
    assert not calling.done()
    await tell(ingress, "preferences.shown", {"user_id": str(ANNA.id), "version": 3})
    await asyncio.wait([calling], timeout=0.1)
    assert not calling.done(), "another view of the same person says nothing of this one"
    await tell(ingress, "availability.shown", {"user_id": str(ANNA.id), "version": 3})
    await asyncio.wait_for(calling, 0.3)


async def test_a_hold_is_placed_and_released(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: settled(hold=A_HOLD)
    placed = await ingress.call(ANNA, "POST", "/holds", json=TIMES)
    assert placed.status_code == 201
    assert placed.headers["location"] == f"/api/appointments/holds/{A_HOLD['id']}"
    shown = {name: A_HOLD[name] for name in ("id", "expires_at", "start_time", "end_time", "user_ids")}
    now = datetime.fromisoformat(placed.json()["now"])
    assert placed.json() == {**shown, "now": placed.json()["now"]}
    assert abs((datetime.now(UTC) - now).total_seconds()) < 60
    renewed = await ingress.call(ANNA, "POST", f"/holds/{A_HOLD['id']}/renew", json={"expires_in": 90})
    assert renewed.status_code == 201
    assert renewed.headers["location"] == f"/api/appointments/holds/{A_HOLD['id']}"
    released = await ingress.call(ANNA, "DELETE", f"/holds/{A_HOLD['id']}")
    assert (released.status_code, released.json() | shown) == (200, released.json())
    assert [(envelope.type, body) for _, envelope, body in ingress.fleet.commands] == [
        ("hold.place", TIMES),
        ("hold.renew", {"hold_id": A_HOLD["id"], "expires_in": 90}),
        ("hold.release", {"hold_id": A_HOLD["id"]}),
    ]


async def test_only_an_admin_holds_time_of_another_organizer(ingress: Ingress) -> None:
    response = await ingress.call(ANNA, "POST", "/holds", json={**TIMES, "organizer_id": str(BEN.id)})
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert not ingress.fleet.commands


async def test_who_joins_gets_the_appointment_and_who_waits_their_place(ingress: Ingress) -> None:
    joined = an_appointment(version=2, seats=1)
    ingress.fleet.answer = lambda *_: accepted(joined)
    response = await ingress.call(BEN, "POST", f"/{joined['id']}/join")
    assert (response.status_code, response.json()) == (200, joined)
    waiting = {"status": "waiting", "position": 2}
    ingress.fleet.answer = lambda *_: accepted({**joined, "version": 3}) | {"waiting": waiting}
    response = await ingress.call(BEN, "POST", f"/{joined['id']}/join", json={"wait": True})
    assert (response.status_code, response.json(), response.headers["etag"]) == (200, waiting, '"3"')
    ingress.fleet.answer = lambda *_: accepted({**joined, "version": 4})
    assert (await ingress.call(BEN, "POST", f"/{joined['id']}/leave")).status_code == 200
    assert [(envelope.type, body.get("wait")) for _, envelope, body in ingress.fleet.commands] == [
        ("appointment.join", None),
        ("appointment.join", True),
        ("appointment.leave", None),
    ]


async def test_a_full_appointment_is_a_conflict_of_its_own(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: refused("full")
    response = await ingress.call(BEN, "POST", f"/{uuid4()}/join")
    assert (response.status_code, response.json()["code"]) == (409, "full")
    assert "alternatives" not in response.json()


@pytest.mark.parametrize(("code", "status"), [("conflict", 409), ("unavailable", 422)])
async def test_a_refused_time_comes_with_alternatives(ingress: Ingress, code: str, status: int) -> None:
    ingress.fleet.answer = lambda *_: refused(code, alternatives=[TIMES])
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert (response.status_code, response.json()["alternatives"]) == (status, [TIMES])
    ingress.fleet.answer = lambda *_: refused(code)
    assert (await ingress.call(ANNA, "POST", "", json=NEW)).json()["alternatives"] == []


def a_series(*events: UUID, **more: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The first of two occurrences, and the outcome of what touched both; `events`: all, that of the series last."""
    series = str(uuid4())
    first = an_appointment(series_id=series, original_start_time=TIMES["start_time"])
    touched = [
        {"appointment_id": identifier, "original_start_time": TIMES["start_time"], **TIMES}
        for identifier in (first["id"], str(uuid4()))
    ]
    about_series = {
        "series_id": series,
        "occurrences": touched,
        "skipped": [],
        "event_ids": list(map(str, events)),
    }
    return first, {**accepted(first), **about_series, **more}


async def test_a_series_is_answered_by_its_first_occurrence_and_what_became_of_all(ingress: Ingress) -> None:
    skipped = [{"original_start_time": "2031-03-17T09:00:00Z", "code": "conflict"}]
    first, outcome = a_series(skipped=skipped)
    ingress.fleet.answer = lambda *_: outcome
    pattern = {"recurring_pattern": {"rrule": "FREQ=WEEKLY;COUNT=3"}, "on_conflict": "skip"}
    response = await ingress.call(ANNA, "POST", "", json=NEW | pattern)
    assert response.status_code == 201
    assert response.headers["location"] == f"/api/appointments/{first['id']}"
    about_series = {name: outcome[name] for name in ("series_id", "occurrences", "skipped")}
    assert response.json() == {**first, **about_series}
    [(_, _, body)] = ingress.fleet.commands
    assert body == NEW | pattern


async def test_a_series_is_answered_when_its_last_occurrence_is_shown(ingress: Ingress) -> None:
    last, of_series = uuid4(), uuid4()
    first, outcome = a_series(uuid4(), last, of_series)
    ingress.fleet.answer = lambda *_: outcome
    ingress.fleet.shows = False
    calling = asyncio.create_task(
        ingress.call(ANNA, "PATCH", f"/{first['id']}?scope=all", json={"title": "B"})
    )
    await ingress.fleet.show(first)
    message = uuid5(last, "calendar.changed")
    waiting = ingress.runtime.visibility._waiting
    await eventually(lambda: event_key(message) in waiting)
    assert not calling.done()
    body = {"appointment_id": str(uuid4()), "version": 9, "change": "updated", "user_ids": []}
    await tell(ingress, "calendar.changed", body, message)
    assert (await asyncio.wait_for(calling, 0.4)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "kind"),
    [
        ("PATCH", "", "appointment.update"),
        ("DELETE", "", "appointment.cancel"),
        ("POST", "/confirm", "appointment.confirm"),
        ("POST", "/decline", "appointment.decline"),
    ],
)
async def test_a_scope_comes_in_the_query_or_the_body(
    ingress: Ingress, method: str, path: str, kind: str
) -> None:
    changed = an_appointment(version=2)
    ingress.fleet.answer = lambda *_: accepted(changed)
    for query, sent in (("?scope=following", {}), ("", {"scope": "following"})):
        response = await ingress.call(ANNA, method, f"/{changed['id']}{path}{query}", json=sent)
        assert response.status_code == 200, response.text
    for _, envelope, body in ingress.fleet.commands:
        assert (envelope.type, body) == (kind, {"appointment_id": changed["id"], "scope": "following"})


@pytest.mark.parametrize(
    ("query", "sent"),
    [
        pytest.param("?scope=some", {}, id="unknown in the query"),
        pytest.param("", {"scope": "some"}, id="unknown in the body"),
        pytest.param("?scope=this", {"scope": "all"}, id="two that differ"),
        pytest.param("?scope=", {}, id="empty"),
    ],
)
async def test_scopes_that_are_none(ingress: Ingress, query: str, sent: dict[str, Any]) -> None:
    response = await ingress.call(ANNA, "PATCH", f"/{uuid4()}{query}", json=sent)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == ["scope"]
    assert not ingress.fleet.commands
