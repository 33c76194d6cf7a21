"""Preferences over HTTP: what holds, what was replaced, what an organization decides, and why a channel is used."""

from typing import Any
from uuid import uuid4

import orjson
import pytest

from contracts.envelope import Envelope
from tests.component.ingress.people import ADMIN, ANNA, BEN, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress

WANTED = {
    "timezone": "Asia/Tokyo",
    "locale": "en",
    "channels": {"email": False, "sms": True, "push": False},
    "types": {"appointment_reminder": {"email": True}},
    "lead_times": {"sms": [30]},
    "quiet_hours": {"start": "22:00", "end": "07:00"},
    "digest": {"enabled": False, "at": "18:00"},
}
RULES = {
    "defaults": {"channels": {"push": True}, "quiet_hours": {"start": "20:00", "end": "06:00"}},
    "mandatory": {"appointment_cancelled": ["email"]},
}


def set_preferences(envelope: Envelope, body: dict[str, Any]) -> dict[str, Any]:
    """Accept as the notifier does."""
    of_all = envelope.type == "organization_preferences.set"
    told = {"organization_preferences" if of_all else "preferences": {**body, "version": 1}}
    return {"status": "accepted", "user_id": envelope.actor, "version": 1} | told


async def show(ingress: Ingress, person: Someone | None, body: dict[str, Any]) -> None:
    """Put preferences into the views: of a person, or of Anna's organization."""
    database, text = ingress.fleet.database, orjson.dumps(body).decode()
    if person:
        await database.execute(
            "INSERT INTO views.preferences VALUES ($1, $2, 1, $3)", person.id, person.organization, text
        )
    else:
        await database.execute(
            "INSERT INTO views.organization_preferences VALUES ($1, 1, $2)", ANNA.organization, text
        )


async def test_preferences_are_replaced_through_the_notifier(ingress: Ingress) -> None:
    assert (await ingress.json(ANNA, "/preferences"))["channels"] == {
        "email": True,
        "sms": False,
        "push": False,
    }
    ingress.fleet.answer = set_preferences
    response = await ingress.call(ANNA, "PUT", "/preferences", json=WANTED)
    assert (response.status_code, response.json()) == (200, WANTED)
    [(record, envelope, _)] = ingress.fleet.commands
    assert (record.topic, envelope.type) == ("notifier.commands", "preferences.set")


async def test_what_holds_takes_the_organization_into_account(ingress: Ingress) -> None:
    await show(ingress, None, RULES)
    await show(ingress, BEN, {"channels": {"sms": True}, "version": 1})
    of_anna = await ingress.json(ANNA, "/preferences")
    assert of_anna["channels"] == {"email": True, "sms": False, "push": True}
    assert of_anna["quiet_hours"] == {"start": "20:00", "end": "06:00"}
    assert (await ingress.json(BEN, "/preferences"))["channels"] == {"email": True, "sms": True, "push": True}
    assert (await ingress.json(STRANGER, "/preferences"))["channels"]["push"] is False
    ingress.fleet.answer = set_preferences
    answer = await ingress.call(ANNA, "PUT", "/preferences", json={"quiet_hours": None})
    assert answer.json() == of_anna | {"quiet_hours": None}


async def test_an_admin_decides_for_everybody(ingress: Ingress) -> None:
    path = "/preferences/organization"
    for method in ("GET", "PUT"):
        refused = await ingress.call(ANNA, method, path, json=RULES if method == "PUT" else None)
        assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert not ingress.fleet.commands
    before = await ingress.json(ADMIN, path)
    assert (before["mandatory"], before["defaults"]["channels"]["email"]) == ({}, True)
    ingress.fleet.answer = set_preferences
    response = await ingress.call(ADMIN, "PUT", path, json=RULES)
    assert response.status_code == 200
    assert response.json()["mandatory"] == RULES["mandatory"]
    assert response.json()["defaults"]["channels"] == {"email": True, "sms": False, "push": True}
    [(record, envelope, body)] = ingress.fleet.commands
    assert (record.topic, envelope.type) == ("notifier.commands", "organization_preferences.set")
    assert body == RULES
    await show(ingress, None, RULES)
    shown = await ingress.call(ADMIN, "GET", path)
    assert (shown.json(), shown.headers["etag"]) == (response.json(), '"1"')
    assert (await ingress.json(STRANGE_ADMIN, path))["mandatory"] == {}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("", {"timezone": "Mars/Olympus"}, "timezone"),
        ("", {"quiet_hours": {"start": "22:00", "end": "22:00"}}, "quiet_hours"),
        ("", {"quiet_hours": {"start": "22:00", "end": "24:00"}}, "quiet_hours.end"),
        ("", {"lead_times": {"email": [-5]}}, "lead_times.email.0"),
        ("", {"lead_times": {"email": list(range(1000))}}, "lead_times.email"),
        ("", {"lead_times": {"email": ["soon"]}}, "lead_times.email.0"),
        ("", {"channels": {"in_app": False}}, "channels.in_app"),
        ("", {"types": {"lunch": {"email": True}}}, "types.lunch.[key]"),
        ("", {"digest": {"enabled": "yes"}}, "digest.enabled"),
        ("/organization", {"defaults": {"timezone": "Mars"}}, "defaults.timezone"),
        (
            "/organization",
            {"mandatory": {"appointment_cancelled": ["pigeon"]}},
            "mandatory.appointment_cancelled.0",
        ),
        (
            "/organization",
            {"mandatory": {"appointment_cancelled": "email"}},
            "mandatory.appointment_cancelled",
        ),
        ("/organization", {"everything": True}, "everything"),
    ],
)
async def test_preferences_that_cannot_be(
    ingress: Ingress, path: str, body: dict[str, Any], field: str
) -> None:
    response = await ingress.call(ADMIN, "PUT", f"/preferences{path}", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == [field]
    assert not ingress.fleet.commands


async def test_why_a_channel_is_used(ingress: Ingress) -> None:
    await show(ingress, None, RULES)
    await show(ingress, BEN, {"channels": {"email": False, "sms": True}, "version": 1})
    path = "/preferences/explain?type=appointment_cancelled"
    told = await ingress.json(BEN, path)
    assert told["type"] == "appointment_cancelled"
    assert [(item["channel"], item["on"], item["level"]) for item in told["channels"]] == [
        ("in_app", True, "always"),
        ("email", True, "mandatory"),
        ("sms", True, "person"),
        ("push", True, "organization"),
    ]
    assert all(item["reason"] for item in told["channels"])
    assert await ingress.json(ADMIN, f"{path}&user_id={BEN.id}") == told


async def test_a_channel_whose_address_bounced_says_so(ingress: Ingress) -> None:
    await ingress.fleet.database.execute(
        "INSERT INTO views.suspensions (user_id, organization_id, channel, since, reason, restored_at) VALUES "
        "($1, $2, 'email', '2030-01-01T00:00:00Z', 'No such mailbox.', NULL), "
        "($1, $2, 'sms', '2030-01-01T00:00:00Z', NULL, '2030-01-02T00:00:00Z')",
        BEN.id,
        BEN.organization,
    )
    await show(ingress, BEN, {"channels": {"email": True, "sms": True}, "version": 1})
    told = await ingress.json(BEN, "/preferences/explain?type=appointment_cancelled")
    email, sms = told["channels"][1:3]
    assert (email["on"], email["level"]) == (False, "suspended")
    assert email["reason"].startswith("suspended: the address bounced on 2030-01-01 (No such mailbox);")
    assert (sms["on"], sms["level"]) == (True, "person"), "restored"


@pytest.mark.parametrize(
    ("caller", "query", "status"),
    [
        pytest.param(ANNA, "", 422, id="no type"),
        pytest.param(ANNA, "?type=lunch", 422, id="an unknown type"),
        pytest.param(ANNA, "?type=%00", 422, id="a control character"),
        pytest.param(ANNA, "?type=appointment_reminder&user_id=ben", 422, id="no id"),
        pytest.param(ANNA, f"?type=appointment_reminder&user_id={BEN.id}", 403, id="about somebody else"),
        pytest.param(ADMIN, f"?type=appointment_reminder&user_id={uuid4()}", 404, id="about nobody"),
        pytest.param(
            STRANGE_ADMIN, f"?type=appointment_reminder&user_id={BEN.id}", 404, id="in another organization"
        ),
    ],
)
async def test_what_cannot_be_explained(ingress: Ingress, caller: Someone, query: str, status: int) -> None:
    assert (await ingress.call(caller, "GET", f"/preferences/explain{query}")).status_code == status
