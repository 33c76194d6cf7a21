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
    kept = {"organization_preferences" if of_all else "preferences": {**body, "version": 1}}
    return {"status": "accepted", "user_id": envelope.actor, "version": 1} | kept


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
    explained = await ingress.json(BEN, path)
    assert explained["type"] == "appointment_cancelled"
    assert [(item["channel"], item["on"], item["level"]) for item in explained["channels"]] == [
        ("in_app", True, "always"),
        ("email", True, "mandatory"),
        ("sms", True, "person"),
        ("push", True, "organization"),
    ]
    assert all(item["reason"] for item in explained["channels"])
    assert await ingress.json(ADMIN, f"{path}&user_id={BEN.id}") == explained


async def test_a_channel_whose_address_bounced_says_so(ingress: Ingress) -> None:
    await ingress.fleet.database.execute(
        "INSERT INTO views.suspensions (user_id, organization_id, channel, since, reason, restored_at) VALUES "
        "($1, $2, 'email', '2030-01-01T00:00:00Z', 'No such mailbox.', NULL), "
        "($1, $2, 'sms', '2030-01-01T00:00:00Z', NULL, '2030-01-02T00:00:00Z')",
        BEN.id,
        BEN.organization,
    )
    await show(ingress, BEN, {"channels": {"email": True, "sms": True}, "version": 1})
    explained = await ingress.json(BEN, "/preferences/explain?type=appointment_cancelled")
    email, sms = explained["channels"][1:3]
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


def decide(held: dict[str, Any], lost: int = 0) -> Any:
    """A notifier that holds these preferences, with `version`; others are faster `lost` times."""
    left = lost

    def answer(envelope: Envelope, body: dict[str, Any]) -> dict[str, Any]:
        nonlocal left
        if left:
            left -= 1
            return {
                "status": "refused",
                "code": "version_mismatch",
                "detail": "",
                "errors": [],
                "event_ids": [],
            }
        if body.get("expected_version") not in (None, held["version"]):
            return {
                "status": "refused",
                "code": "version_mismatch",
                "detail": "",
                "errors": [],
                "event_ids": [],
            }
        version = held["version"] + 1
        held.clear()
        held.update(body, version=version)
        held.pop("expected_version", None)
        return {"status": "accepted", "user_id": envelope.actor, "version": version, "preferences": held}

    return answer


async def test_ones_own_view_has_what_was_chosen_and_nothing_else(ingress: Ingress) -> None:
    await show(ingress, None, RULES)
    assert await ingress.json(ANNA, "/preferences?view=own") == {}
    chosen = {"channels": {"sms": True}, "quiet_hours": None, "version": 1}
    await show(ingress, ANNA, chosen)
    response = await ingress.call(ANNA, "GET", "/preferences?view=own")
    assert response.json() == {"channels": {"sms": True}, "quiet_hours": False}
    assert response.headers["etag"] == '"1"'
    admins = await ingress.json(ADMIN, "/preferences/organization?view=own")
    assert admins == RULES
    assert (await ingress.json(STRANGE_ADMIN, "/preferences/organization?view=own"))["defaults"] == {}


async def test_a_patch_changes_what_it_names_and_withdraws_what_is_null(ingress: Ingress) -> None:
    before = {
        "quiet_hours": {"start": "22:00", "end": "07:00"},
        "types": {"appointment_reminder": {"email": False, "sms": True}},
        "digest": {"enabled": True, "at": "17:00"},
    }
    await show(ingress, ANNA, before | {"version": 1})
    ingress.fleet.answer = decide({"version": 1})
    patch = {
        "channels": {"sms": True},
        "types": {"appointment_reminder": {"email": None}},
        "quiet_hours": {"start": "21:00"},
        "digest": None,
    }
    response = await ingress.call(ANNA, "PATCH", "/preferences", json=patch)
    assert response.status_code == 200, response.text
    assert response.json() == {
        "channels": {"sms": True},
        "types": {"appointment_reminder": {"sms": True}},
        "quiet_hours": {"start": "21:00", "end": "07:00"},
    }
    assert response.headers["etag"] == '"2"'


async def test_saving_what_was_read_pins_nothing(ingress: Ingress) -> None:
    await show(ingress, ANNA, {"quiet_hours": None, "version": 1})
    ingress.fleet.answer = decide({"version": 1})
    own = await ingress.json(ANNA, "/preferences?view=own")
    for method in ("PATCH", "PUT"):
        assert (await ingress.call(ANNA, method, "/preferences", json=own)).status_code == 200
        _, _, body = ingress.fleet.commands[-1]
        assert body["quiet_hours"] is False
        assert "channels" not in body
    level = (await ingress.json(ANNA, "/preferences/explain?type=appointment_updated"))["channels"][1]
    assert (level["level"], level["code"]) == ("default", "default_on")


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("tag", "status"), [('"1"', 200), ('"99"', 412), ('"0"', 412), ("x", 400)])
async def test_a_stale_tab_overwrites_nothing(ingress: Ingress, method: str, tag: str, status: int) -> None:
    await show(ingress, ANNA, {"version": 1})
    ingress.fleet.answer = decide({"version": 1})
    headers = {"If-Match": tag}
    response = await ingress.call(ANNA, method, "/preferences", json={"types": {}}, headers=headers)
    assert response.status_code == status


async def test_a_patch_is_made_anew_when_somebody_was_faster(ingress: Ingress) -> None:
    await show(ingress, ANNA, {"version": 1})
    ingress.fleet.answer = decide({"version": 1}, lost=2)
    response = await ingress.call(ANNA, "PATCH", "/preferences", json={"channels": {"sms": True}})
    assert response.status_code == 200
    assert len({envelope.id for _, envelope, _ in ingress.fleet.commands}) == 3
    ingress.fleet.answer = decide({"version": 1}, lost=9)
    endless = await ingress.call(ANNA, "PATCH", "/preferences", json={})
    assert (endless.status_code, endless.json()["code"]) == (503, "overloaded")


async def test_a_repeated_patch_is_carried_out_once(ingress: Ingress) -> None:
    held = {"version": 0}
    ingress.fleet.answer = decide(held)
    headers = {"Idempotency-Key": "p-1"}
    patch = {"channels": {"sms": True}}
    first = await ingress.call(ANNA, "PATCH", "/preferences", json=patch, headers=headers)
    [(_, envelope, _)] = ingress.fleet.commands
    outcome = {"command_id": str(envelope.id), "status": "accepted", "version": 1, "preferences": held}
    await ingress.fleet.database.execute(
        "INSERT INTO views.commands (id, organization_id, actor, body, at) VALUES ($1, $2, $3, $4, now())",
        envelope.id,
        ANNA.organization,
        str(ANNA.id),
        orjson.dumps(outcome).decode(),
    )
    again = await ingress.call(ANNA, "PATCH", "/preferences", json=patch, headers=headers)
    assert (again.status_code, again.json()) == (first.status_code, first.json())
    assert len(ingress.fleet.commands) == 1


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"types": {"lunch": None}}, "types.lunch.[key]"),
        ({"quiet_hours": {"start": "22:00"}}, "quiet_hours"),
        ({"channels": {"in_app": False}}, "channels.in_app"),
        ({"everything": None}, "everything"),
    ],
)
async def test_a_patch_that_makes_no_preferences_is_refused(
    ingress: Ingress, patch: dict[str, Any], field: str
) -> None:
    response = await ingress.call(ANNA, "PATCH", "/preferences", json=patch)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert response.json()["errors"][0]["field"].startswith(field)


async def test_an_admin_patches_what_holds_for_everybody(ingress: Ingress) -> None:
    await show(ingress, None, RULES)
    for person, status in ((ANNA, 403), (ADMIN, 200)):
        ingress.fleet.answer = lambda envelope, body: {
            "status": "accepted",
            "version": 2,
            "organization_preferences": body,
        }
        patch = {"defaults": {"channels": {"push": None}}, "mandatory": {"appointment_cancelled": None}}
        response = await ingress.call(person, "PATCH", "/preferences/organization", json=patch)
        assert response.status_code == status
        matrix = await ingress.call(person, "GET", "/preferences/organization/matrix")
        assert matrix.status_code == status
    kept = {"quiet_hours": {"start": "20:00", "end": "06:00"}}
    assert response.json() == {"defaults": kept, "mandatory": {}}


async def test_the_matrix_is_one_read(ingress: Ingress) -> None:
    await show(ingress, None, RULES)
    await show(ingress, BEN, {"channels": {"sms": True}, "version": 1})
    response = await ingress.call(BEN, "GET", "/preferences/matrix")
    found = response.json()
    assert (found["version"], response.headers["etag"]) == (1, '"1"')
    [row] = [row for row in found["types"] if row["type"] == "appointment_cancelled"]
    assert row["cells"]["email"]["level"] == "mandatory"
    assert found["channels"]["sms"] == {"on": True, "level": "person", "suspended": None}
    assert found["channels"]["push"]["level"] == "organization"
    assert (await ingress.json(STRANGER, "/preferences/matrix"))["channels"]["push"]["level"] == "default"
