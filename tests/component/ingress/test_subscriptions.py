"""Subscribing to calendars over HTTP: the address is checked, sealed, and never answered again."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from chassis.sealing import Seal
from tests.component.ingress.people import ANNA, BEN
from tests.component.ingress.running import CALENDAR_SECRET, Ingress

PATH = "/calendar/subscriptions"
URL = "https://calendar.example/ical/anna/private-5e7a/basic.ics"


def carried_out(*_: object) -> dict[str, Any]:
    """Any command is accepted, and has no event."""
    return {"status": "accepted", "user_id": str(ANNA.id), "version": 0, "event_ids": []}


async def test_a_subscription_is_a_command_with_a_sealed_address(ingress: Ingress) -> None:
    ingress.fleet.answer = carried_out
    answer = await ingress.call(
        ANNA, "POST", PATH, json={"url": URL.replace("https", "webcal"), "name": "Work"}
    )
    assert answer.status_code == 201, answer.text
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.actor) == ("calendar.subscribe", str(ANNA.id))
    assert set(body) == {"subscription_id", "name", "sealed", "timezone"}
    assert "private-5e7a" not in orjson.dumps(body).decode() + answer.text + str(answer.headers)
    opened = orjson.loads(Seal([CALENDAR_SECRET]).open(body["sealed"]))
    assert opened == {"id": body["subscription_id"], "url": URL, "email": f"{ANNA.name}@example.com"}
    assert answer.headers["location"].endswith(f"{PATH}/{body['subscription_id']}")


async def test_a_repeated_request_is_the_same_command(ingress: Ingress) -> None:
    ingress.fleet.answer = carried_out
    for _ in range(2):
        await ingress.call(ANNA, "POST", PATH, json={"url": URL}, headers={"Idempotency-Key": "one"})
    first, second = ((envelope.id, body) for _, envelope, body in ingress.fleet.commands)
    assert first == second
    assert first[1]["name"] == "calendar.example"


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://calendar.example/private-5e7a", "url"),
        ("https://169.254.169.254/private-5e7a", "private_address"),
        ("https://anna:private-5e7a@calendar.example/", "credentials"),
        ("https://calendar.example:8443/private-5e7a", "port"),
        ("https://localhost/private-5e7a", "url"),
        ("https://calendar.example/private-5e7a" + "x" * 2_000, "string_too_long"),
    ],
)
async def test_an_address_that_is_not_called_is_refused_without_repeating_it(
    ingress: Ingress, url: str, code: str
) -> None:
    answer = await ingress.call(ANNA, "POST", PATH, json={"url": url})
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, code)
    assert "private-5e7a" not in answer.text
    assert not ingress.fleet.commands


async def test_a_person_reads_their_own_subscriptions_and_ends_them(ingress: Ingress) -> None:
    identifier = str(uuid4())
    item = {
        "id": identifier, "name": "Work", "timezone": "Europe/Berlin", "created_at": "2027-03-01T09:00:00Z",
        "checked_at": None, "succeeded_at": None, "error": "gone", "failing_since": None, "times": 3,
    }  # fmt: skip
    await ingress.fleet.database.execute(
        "INSERT INTO views.calendar_subscriptions VALUES ($1, $2, 1, $3)",
        ANNA.id, ANNA.organization, orjson.dumps([item]).decode(),
    )  # fmt: skip
    assert (await ingress.json(ANNA, PATH))["items"] == [item]
    assert await ingress.json(ANNA, f"{PATH}/{identifier}") == item
    assert (await ingress.json(BEN, PATH))["items"] == []
    assert (await ingress.call(BEN, "GET", f"{PATH}/{identifier}")).status_code == 404
    ingress.fleet.answer = carried_out
    assert (await ingress.call(ANNA, "DELETE", f"{PATH}/{identifier}")).status_code == 204
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, body) == ("calendar.unsubscribe", {"subscription_id": identifier})


async def test_without_a_key_nobody_can_subscribe(ingress: Ingress, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ingress.runtime, "seal", Seal([""]))
    answer = await ingress.call(ANNA, "POST", PATH, json={"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (503, "subscriptions_unavailable")
