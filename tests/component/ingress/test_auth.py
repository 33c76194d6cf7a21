"""The token check: callers who are let in, and those who are not."""

import time
from typing import Any
from uuid import uuid4

import pytest

from services.ingress.clients import identity as ours
from tests.component.ingress.people import ANNA, BEN
from tests.component.ingress.running import Ingress

PATH = "/api/appointments/calendar"
CALLS = [
    ("GET", "/me"),
    ("GET", "/notifications"),
    ("POST", "/bulk"),
    ("GET", "/people"),
    ("POST", ""),
    ("GET", ""),
    ("GET", "/{id}"),
    ("PATCH", "/{id}"),
    ("DELETE", "/{id}"),
    ("POST", "/{id}/confirm"),
    ("POST", "/{id}/decline"),
    ("POST", "/{id}/check-in"),
    ("POST", "/{id}/complete"),
    ("POST", "/{id}/announce"),
    ("POST", "/{id}/join"),
    ("POST", "/{id}/leave"),
    ("GET", "/{id}/notifications"),
    ("GET", "/calendar"),
    ("POST", "/calendar/feed"),
    ("DELETE", "/calendar/feed"),
    ("POST", "/calendar/import"),
    ("GET", "/calendar/sources"),
    ("GET", "/calendar/busy-times"),
    ("DELETE", "/calendar/busy-times"),
    ("POST", "/calendar/subscriptions"),
    ("GET", "/calendar/subscriptions"),
    ("GET", "/calendar/subscriptions/{id}"),
    ("DELETE", "/calendar/subscriptions/{id}"),
    ("GET", "/availability"),
    ("POST", "/availability"),
    ("GET", "/availability/explain"),
    ("GET", "/availability/rules"),
    ("POST", "/holds"),
    ("DELETE", "/holds/{id}"),
    ("GET", "/holds"),
    ("GET", "/holds/{id}"),
    ("POST", "/holds/{id}/renew"),
    ("GET", "/stream"),
    ("GET", "/commands/{id}"),
    ("GET", "/preferences"),
    ("PATCH", "/preferences"),
    ("GET", "/preferences/matrix"),
    ("PATCH", "/preferences/organization"),
    ("GET", "/preferences/organization/matrix"),
    ("PUT", "/preferences"),
    ("GET", "/preferences/explain"),
    ("GET", "/preferences/organization"),
    ("PUT", "/preferences/organization"),
    ("GET", "/templates/appointment_reminder/preview"),
    ("GET", "/analytics/notifications"),
]


async def status_with(ingress: Ingress, token: str) -> tuple[int, str]:
    response = await ingress.client.get(PATH, headers={"Authorization": f"Bearer {token}"})
    assert response.headers["content-type"] == (
        "application/json" if response.status_code == 200 else "application/problem+json"
    )
    return response.status_code, response.json().get("code", "")


@pytest.mark.parametrize(("method", "path"), CALLS)
async def test_no_call_works_without_a_token(ingress: Ingress, method: str, path: str) -> None:
    url = "/api/appointments" + path.format(id=uuid4())
    response = await ingress.client.request(
        method, url, json={} if method in ("POST", "PUT", "PATCH") else None
    )
    assert (response.status_code, response.json()["code"]) == (401, "unauthenticated")
    assert response.headers["www-authenticate"] == "Bearer"


async def test_a_good_token_opens(ingress: Ingress) -> None:
    assert await status_with(ingress, ingress.identity.token(ANNA)) == (200, "")


async def test_forged_tokens_are_refused(ingress: Ingress) -> None:
    for why, token in ingress.identity.forged(ANNA).items():
        assert await status_with(ingress, token) == (401, "unauthenticated"), why


@pytest.mark.parametrize(
    "claims",
    [
        pytest.param({"iss": "somebody"}, id="another issuer"),
        pytest.param({"aud": "billing"}, id="another audience"),
        pytest.param({"aud": None}, id="no audience"),
        pytest.param({"exp": 1}, id="expired"),
        pytest.param({"exp": None}, id="without an end"),
        pytest.param({"exp": "tomorrow"}, id="an end that is no number"),
        pytest.param({"nbf": 4_000_000_000}, id="not valid yet"),
        pytest.param({"sub": None}, id="nobody"),
        pytest.param({"sub": "anna"}, id="a subject that is no UUID"),
        pytest.param({"organization_id": None}, id="no organization"),
        pytest.param({"roles": "admin"}, id="roles that are no list"),
    ],
)
async def test_genuine_tokens_with_wrong_claims_are_refused(ingress: Ingress, claims: dict[str, Any]) -> None:
    assert await status_with(ingress, ingress.identity.token(ANNA, **claims)) == (401, "unauthenticated")


async def test_clocks_may_differ_by_half_a_minute(ingress: Ingress) -> None:
    now = int(time.time())
    assert (await status_with(ingress, ingress.identity.token(ANNA, exp=now - 20)))[0] == 200
    assert (await status_with(ingress, ingress.identity.token(ANNA, nbf=now + 20)))[0] == 200
    assert (await status_with(ingress, ingress.identity.token(ANNA, exp=now - 40)))[0] == 401


async def test_a_token_without_a_role_here_may_do_nothing(ingress: Ingress) -> None:
    assert await status_with(ingress, ingress.identity.token(ANNA, roles=["guest"])) == (403, "not_allowed")


async def test_a_new_key_is_fetched_but_not_for_every_forgery(
    ingress: Ingress, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = ingress.identity.token(BEN)
    monkeypatch.setattr(ours, "FETCH_AT_MOST_EVERY", 0.0)
    ingress.identity.new_key()
    assert (await status_with(ingress, ingress.identity.token(BEN)))[0] == 200
    assert (await status_with(ingress, before))[0] == 401  # its key is withdrawn
    monkeypatch.setattr(ours, "FETCH_AT_MOST_EVERY", 10.0)
    calls = ingress.identity.key_calls
    for _ in range(20):
        await status_with(ingress, ingress.identity.forged(ANNA)["an unknown key"])
    assert ingress.identity.key_calls <= calls + 1
    ingress._tokens.clear()


async def test_known_keys_serve_while_identity_is_away(ingress: Ingress) -> None:
    ingress.identity.away = True
    try:
        assert (await status_with(ingress, ingress.identity.token(ANNA)))[0] == 200
    finally:
        ingress.identity.away = False
