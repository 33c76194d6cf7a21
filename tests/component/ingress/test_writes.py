"""A write is a command: what is published, what is waited for, how its outcome is answered."""

import asyncio
from typing import Any
from uuid import uuid4, uuid5

import pytest

from contracts.envelope import Message, key_elsewhere
from tests.component.ingress.fleet import accepted, an_appointment, refused
from tests.component.ingress.people import ADMIN, ANNA, BEN
from tests.component.ingress.running import Ingress
from tests.support import eventually

NEW = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


async def test_a_booking_is_answered_when_it_can_be_read(ingress: Ingress) -> None:
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert response.status_code == 201
    assert response.headers["etag"] == '"1"'
    location = response.headers["location"]
    assert location == f"/api/appointments/{response.json()['id']}"
    found = await ingress.client.get(location, headers=ingress.authorization(ANNA))
    assert (found.status_code, found.json()) == (200, response.json())


async def test_the_command_says_who_asks_and_where_to_answer(ingress: Ingress) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    headers = {"X-Correlation-ID": "story-1", "traceparent": trace, "Idempotency-Key": "first"}
    response = await ingress.call(ANNA, "POST", "/", json=NEW, headers=headers)
    assert response.headers["x-correlation-id"] == "story-1"
    [(record, envelope, body)] = ingress.fleet.commands
    assert record.key == str(ANNA.organization).encode()
    assert (envelope.type, envelope.actor, envelope.organization) == (
        "appointment.create",
        str(ANNA.id),
        ANNA.organization,
    )
    assert (envelope.correlation_id, envelope.traceparent) == ("story-1", trace)
    assert envelope.reply_partition == ingress.runtime.commander.reply_partition
    assert envelope.id == uuid5(ANNA.id, "POST /api/appointments first")
    assert response.json()["id"] == str(uuid5(envelope.id, "appointment"))
    assert body == NEW


async def test_the_same_key_is_the_same_command_for_that_person_only(ingress: Ingress) -> None:
    for person, path in ((ANNA, ""), (ANNA, "/"), (BEN, "")):
        await ingress.call(person, "POST", path, json=NEW, headers={"Idempotency-Key": "again"})
    first, second, third = (envelope.id for _, envelope, _ in ingress.fleet.commands)
    assert first == second != third


async def test_a_repeated_command_is_answered_as_the_first_time_without_a_new_event(ingress: Ingress) -> None:
    known = an_appointment(version=3)
    await ingress.fleet.show(known | {"version": 4}, tell=False)
    ingress.fleet.shows = False
    ingress.fleet.answer = lambda *_: accepted(known)
    began = asyncio.get_running_loop().time()
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert (response.status_code, response.json()) == (201, known)
    assert asyncio.get_running_loop().time() - began < 0.9


@pytest.mark.parametrize(
    ("method", "path", "sent", "kind", "published"),
    [
        ("PATCH", "", {"title": "New"}, "appointment.update", {"title": "New"}),
        ("DELETE", "?reason=Ill", None, "appointment.cancel", {"reason": "Ill"}),
        ("DELETE", "/", None, "appointment.cancel", {}),
        ("POST", "/confirm", None, "appointment.confirm", {}),
        ("POST", "/confirm/", {}, "appointment.confirm", {}),
        ("POST", "/decline", {"reason": "Away"}, "appointment.decline", {"reason": "Away"}),
        ("POST", "/check-in", None, "appointment.check_in", {}),
        ("POST", "/complete", None, "appointment.complete", {}),
        ("POST", "/announce", {"message": "Hi"}, "appointment.announce", {"message": "Hi"}),
    ],
)
async def test_each_call_is_its_command(
    ingress: Ingress, method: str, path: str, sent: Any, kind: str, published: dict[str, Any]
) -> None:
    changed = an_appointment(version=2)
    ingress.fleet.answer = lambda *_: accepted(changed)
    more: dict[str, Any] = {} if sent is None else {"json": sent}
    response = await ingress.call(
        ANNA, method, f"/{changed['id']}{path}", headers={"If-Match": '"1"'}, **more
    )
    assert (response.status_code, response.headers["etag"], response.json()) == (200, '"2"', changed)
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.subject) == (kind, changed["id"])
    assert body == {"appointment_id": changed["id"], "expected_version": 1, **published}


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("malformed", 400),
        ("not_allowed", 403),
        ("not_found", 404),
        ("conflict", 409),
        ("rate_limited", 429),
        ("command_id_reused", 409),
        ("invalid_transition", 409),
        ("version_mismatch", 412),
        ("invalid", 422),
        ("unknown_user", 422),
        ("in_the_past", 422),
    ],
)
async def test_a_refusal_is_a_problem_with_its_status(ingress: Ingress, code: str, status: int) -> None:
    ingress.fleet.answer = lambda *_: refused(code)
    response = await ingress.call(ANNA, "POST", f"/{uuid4()}/confirm")
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    problem = response.json()
    assert (problem["code"], problem["status"], problem["detail"]) == (code, status, f"because of {code}")
    assert {"type", "title"} <= problem.keys()


async def test_a_refusal_tells_fields_and_ranges(ingress: Ingress) -> None:
    errors = [{"field": "end_time", "code": "range", "message": "Too early"}]
    conflicts = [
        {"user_id": str(BEN.id), "start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T10:00:00Z"}
    ]
    ingress.fleet.answer = lambda *_: refused("conflict", errors=errors, conflicts=conflicts)
    problem = (await ingress.call(ANNA, "POST", "", json=NEW)).json()
    assert (problem["errors"], problem["conflicts"]) == (errors, conflicts)


async def test_without_an_outcome_in_time_the_command_is_pending(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: None
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert response.status_code == 202
    identifier = response.json()["command_id"]
    assert response.json() == {"command_id": identifier, "status": "pending"}
    path = response.headers["location"].removeprefix("/api/appointments")
    assert path.startswith(f"/commands/{identifier}?sent_at=")
    assert await ingress.json(ANNA, path) == response.json()


@pytest.mark.parametrize("sent_at", ["", "?sent_at=2026-01-01T00:00:00Z"], ids=["never sent", "too long ago"])
async def test_an_unknown_command_is_not_pending_for_ever(ingress: Ingress, sent_at: str) -> None:
    response = await ingress.call(ANNA, "GET", f"/commands/{uuid4()}{sent_at}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


async def test_views_that_lag_do_not_withhold_the_answer(ingress: Ingress) -> None:
    ingress.fleet.shows = False
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert response.status_code == 201


async def test_a_view_without_its_event_is_noticed(ingress: Ingress) -> None:
    appointment = an_appointment()
    await ingress.fleet.show(appointment, tell=False)
    ingress.fleet.shows = False
    ingress.fleet.answer = lambda *_: accepted(appointment)
    began = asyncio.get_running_loop().time()
    await ingress.call(ANNA, "POST", "", json=NEW)
    assert asyncio.get_running_loop().time() - began < 0.9


async def test_two_requests_with_one_key_at_once_are_both_answered(ingress: Ingress) -> None:
    answers = await asyncio.gather(
        *(ingress.call(ANNA, "POST", "", json=NEW, headers={"Idempotency-Key": "twice"}) for _ in range(5))
    )
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json()["id"] for answer in answers}) == 1


async def test_only_an_admin_books_for_another_organizer(ingress: Ingress) -> None:
    body = {**NEW, "organizer_id": str(BEN.id)}
    response = await ingress.call(ANNA, "POST", "", json=body)
    assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert not ingress.fleet.commands
    assert (await ingress.call(ADMIN, "POST", "", json=body)).status_code == 201


async def test_a_command_shows_its_outcome_to_its_actor_only(ingress: Ingress) -> None:
    identifier = uuid4()
    await ingress.fleet.database.execute(
        "INSERT INTO views.commands (id, organization_id, actor, body, at) VALUES ($1, $2, $3, $4, now())",
        identifier,
        ANNA.organization,
        str(ANNA.id),
        f'{{"command_id":"{identifier}","status":"accepted"}}',
    )
    found = await ingress.json(ANNA, f"/commands/{identifier}/")
    assert found == {"command_id": str(identifier), "status": "accepted"}
    for person in (BEN, ADMIN):
        assert (await ingress.call(person, "GET", f"/commands/{identifier}")).status_code == 404


async def test_another_organizations_command_of_the_same_id_hides_nothing(ingress: Ingress) -> None:
    identifier, elsewhere = uuid4(), uuid4()
    rows = [
        (identifier, elsewhere, "refused"),
        (key_elsewhere(ANNA.organization, identifier), ANNA.organization, "accepted"),
    ]
    for key, organization, status in rows:
        await ingress.fleet.database.execute(
            "INSERT INTO views.commands (id, organization_id, actor, body, at) VALUES ($1, $2, $3, $4, now())",
            key,
            organization,
            str(ANNA.id),
            f'{{"command_id":"{identifier}","status":"{status}"}}',
        )
    assert (await ingress.json(ANNA, f"/commands/{identifier}"))["status"] == "accepted"
    await ingress.fleet.database.execute(
        "DELETE FROM views.commands WHERE organization_id = $1", ANNA.organization
    )
    assert (await ingress.call(ANNA, "GET", f"/commands/{identifier}")).status_code == 404


async def test_foreign_records_on_the_reply_partition_disturb_nobody(ingress: Ingress) -> None:
    commander = ingress.runtime.commander
    for value in (None, b"", b"[]", b"\xff", b'{"command_id": 7}'):
        message = Message("booking.outcomes", b"somebody", value, (), commander.reply_partition)
        await ingress.fleet.publisher.publish([message])
    response = await ingress.call(ANNA, "POST", "", json=NEW)
    assert response.status_code == 201
    await eventually(lambda: len(ingress.fleet.commands) == 1)
