"""The message log: who reads what, filters, and pages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.component.ingress.fleet import an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress

NOW = datetime.now(UTC).replace(microsecond=0)


async def sent(
    ingress: Ingress, appointment: dict[str, Any], recipient: Someone, minutes: int = 1, **more: str
) -> str:
    """Put a delivery into the views, planned so many minutes ago."""
    identifier = uuid4()
    await ingress.fleet.database.execute(
        "INSERT INTO views.notifications (id, organization_id, appointment_id, event_id, type, recipient_id, channel, "
        "priority, state, attempts, planned_at) VALUES ($1, $2, $3, $1, $4, $5, $6, 'normal', $7, 1, $8)",
        identifier,
        recipient.organization,
        UUID(appointment["id"]),
        more.get("type", "appointment_created"),
        recipient.id,
        more.get("channel", "email"),
        more.get("state", "sent"),
        NOW - timedelta(minutes=minutes),
    )
    return str(identifier)


async def log(ingress: Ingress, person: Someone, **query: Any) -> list[str]:
    found = await ingress.json(person, "/notifications", params=query)
    return [item["id"] for item in found["items"]]


async def test_the_organizer_reads_all_of_theirs_and_everybody_else_their_own(ingress: Ingress) -> None:
    appointment = an_appointment(ANNA, (BEN,))
    await ingress.fleet.show(appointment)
    to_anna = await sent(ingress, appointment, ANNA, 3)
    to_ben = await sent(ingress, appointment, BEN, 2)
    removed = await sent(ingress, {"id": str(uuid4())}, CARL, 1)
    expected = {
        ANNA: [to_ben, to_anna],
        BEN: [to_ben],
        CARL: [removed],
        ADMIN: [removed, to_ben, to_anna],
        STRANGER: [],
        STRANGE_ADMIN: [],
    }
    assert {person: await log(ingress, person) for person in expected} == expected
    [item] = (await ingress.json(BEN, "/notifications"))["items"]
    assert (item["recipient_name"], item["title"]) == ("ben", "Review")
    [item] = (await ingress.json(CARL, "/notifications"))["items"]
    assert (item["recipient_name"], item["title"]) == ("carl", None)


@pytest.mark.parametrize("person", [ANNA, ADMIN])
async def test_the_log_is_filtered(ingress: Ingress, person: Someone) -> None:
    first, second = an_appointment(ANNA, (BEN,)), an_appointment(ANNA, (BEN,))
    for appointment in (first, second):
        await ingress.fleet.show(appointment)
    one = await sent(ingress, first, BEN, 3, state="bounced", channel="sms")
    two = await sent(ingress, second, ANNA, 2, type="appointment_reminder")
    cases: list[tuple[dict[str, Any], list[str]]] = [
        ({"state": "bounced,failed"}, [one]),
        ({"channel": "email"}, [two]),
        ({"type": "appointment_reminder"}, [two]),
        ({"recipient_id": str(BEN.id)}, [one]),
        ({"appointment_id": [first["id"], second["id"]]}, [two, one]),
        ({"appointment_id": first["id"]}, [one]),
        ({"to": (NOW - timedelta(minutes=2)).isoformat()}, [one]),
        ({"from": (NOW - timedelta(minutes=2)).isoformat()}, [two]),
        ({}, [two, one]),
    ]
    assert [await log(ingress, person, **query) for query, _ in cases] == [found for _, found in cases]


@pytest.mark.parametrize("person", [ANNA, ADMIN])
async def test_pages_follow_each_other(ingress: Ingress, person: Someone) -> None:
    appointment = an_appointment(ANNA, (BEN,))
    await ingress.fleet.show(appointment)
    every = [await sent(ingress, appointment, ANNA, 1 + number // 2) for number in range(7)]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        page = await ingress.json(person, "/notifications", params={"limit": 3, "cursor": cursor})
        seen += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert sorted(seen) == sorted(every)
    assert len(seen) == len(every)


@pytest.mark.parametrize(("query", "field"), [("state=lost", "state"), ("cursor=x", "cursor")])
async def test_an_odd_filter_is_refused(ingress: Ingress, query: str, field: str) -> None:
    response = await ingress.call(ANNA, "GET", f"/notifications?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
