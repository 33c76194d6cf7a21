"""The sandbox Identity Service over real HTTP, as a process of its own."""

import asyncio
import html
import re
import signal
import stat
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from tests.component.sandbox_process import sandbox

GRETA = "greta@nordlicht.example"


@pytest.fixture(scope="module")
async def client(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[httpx.AsyncClient]:
    async with sandbox("identity", tmp_path_factory.mktemp("identity")) as (client, _):
        yield client


async def people(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await client.get("/sandbox/people")).json()
    return found


async def token(client: httpx.AsyncClient, email: str = GRETA, **more: int) -> str:
    answer = await client.post("/sandbox/tokens", json={"email": email, **more})
    return str(answer.raise_for_status().json()["token"])


async def claims(client: httpx.AsyncClient, encoded: str) -> dict[str, Any]:
    keys = KeySet.import_key_set((await client.get("/.well-known/jwks.json")).json())
    return jwt.decode(encoded, keys, algorithms=["RS256"]).claims


async def test_people_are_as_the_interface_promises(client: httpx.AsyncClient) -> None:
    everybody = await people(client)
    named = [person for person in everybody if not person["email"].startswith("load")]
    load = [person for person in everybody if person["email"].startswith("load")]
    organizations = {person["organization_id"] for person in everybody}
    assert len(named) >= 20
    assert len(organizations) == 2
    assert len({person["timezone"] for person in named}) >= 6
    assert {person["locale"] for person in named} >= {"de", "en"}
    assert len(load) == 1000
    for organization in organizations:
        assert sum(person["organization_id"] == organization for person in load) == 500
        admins = [p for p in named if p["organization_id"] == organization and "admin" in p["roles"]]
        assert len(admins) == 1
    assert len({person["id"] for person in everybody}) == len(everybody)
    assert set(named[0]) == {
        "id", "name", "email", "organization_id", "timezone", "locale", "roles", "active"
    }  # fmt: skip


async def test_ids_are_the_same_on_every_machine(client: httpx.AsyncClient) -> None:
    ids = {person["email"]: person["id"] for person in await people(client)}
    assert ids[GRETA] == "af4de495-b308-5482-ba74-aa96b3b9148f"


async def test_a_token_verifies_against_the_published_keys(client: httpx.AsyncClient) -> None:
    found = await claims(client, await token(client))
    greta = next(person for person in await people(client) if person["email"] == GRETA)
    assert found["iss"] == "appointments-sandbox-identity"
    assert found["aud"] == "appointments"
    assert found["sub"] == greta["id"]
    assert found["organization_id"] == greta["organization_id"]
    assert found["roles"] == greta["roles"]
    assert found["exp"] - found["iat"] == 86_400
    assert abs(found["nbf"] - time.time()) < 60


async def test_a_token_can_be_had_expired(client: httpx.AsyncClient) -> None:
    found = await claims(client, await token(client, lifetime_seconds=-60))
    assert found["exp"] < time.time()


async def test_validate_tells_of_known_people_and_leaves_out_the_rest(client: httpx.AsyncClient) -> None:
    first, second = (await people(client))[:2]
    asked = [second["id"], str(uuid4()), "nonsense", 7, None, first["id"].upper(), first["id"]]
    answer = await client.post("/api/identity/users/validate", json={"user_ids": asked})
    assert answer.json() == {"users": [second, first]}


async def test_validate_takes_thousands_of_ids_within_its_callers_patience(client: httpx.AsyncClient) -> None:
    everybody = await people(client)
    asked = [person["id"] for person in everybody] + [str(uuid4()) for _ in range(9_000)]
    answer = await client.post("/api/identity/users/validate", json={"user_ids": asked}, timeout=5)
    assert len(answer.json()["users"]) == len(everybody)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        pytest.param("POST", "/sandbox/tokens", b'{"email": "no@body"}', 404, "not_found", id="unknown address"),
        pytest.param("POST", "/sandbox/tokens", b'{"email"', 422, "invalid", id="token call without JSON"),
        pytest.param("POST", "/api/identity/users/validate", b"[", 422, "invalid", id="not JSON"),
        pytest.param("POST", "/api/identity/users/validate", b"[]", 422, "invalid", id="not an object"),
        pytest.param("POST", "/api/identity/users/validate", b'{"user_ids": 1}', 422, "invalid", id="not a list"),
        pytest.param("PUT", f"/sandbox/people/{uuid4()}", b"{}", 404, "not_found", id="unknown person"),
        pytest.param("PUT", "/sandbox/people/x", b'{"timezone": "Mars"}', 422, "invalid", id="unknown zone"),
        pytest.param("PUT", "/sandbox/faults", b'{"rate": 2}', 422, "invalid", id="rate above one"),
        pytest.param("GET", "/nowhere", b"", 404, "not_found", id="unknown path"),
    ],
)  # fmt: skip
async def test_refusals_are_problems(
    client: httpx.AsyncClient, method: str, path: str, body: bytes, status: int, code: str
) -> None:
    answer = await client.request(method, path, content=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"


async def test_key_and_changed_people_survive_a_kill(tmp_path: Path) -> None:
    async with sandbox("identity", tmp_path) as (client, process):
        before = await token(client)
        person = (await people(client))[1]
        changed = await client.put(f"/sandbox/people/{person['id']}", json={"active": False, "name": "J"})
        assert changed.json() == person | {"active": False, "name": "J"}
        process.kill()
    key = tmp_path / "key.pem"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    async with sandbox("identity", tmp_path) as (client, _):
        assert (await claims(client, before))["email"] == GRETA
        answer = await client.post("/api/identity/users/validate", json={"user_ids": [person["id"]]})
        assert answer.json()["users"] == [person | {"active": False, "name": "J"}]


async def test_faults_hit_the_api_and_nothing_else(client: httpx.AsyncClient) -> None:
    await client.put("/sandbox/faults", json={"status": 503, "retry_after": 7})
    try:
        failed = await client.post("/api/identity/users/validate", json={"user_ids": []})
        assert (failed.status_code, failed.headers["retry-after"]) == (503, "7")
        assert (await client.get("/.well-known/jwks.json")).status_code == 200
        assert (await client.get("/sandbox/faults")).json()["active"] is True
    finally:
        await client.delete("/sandbox/faults")
    assert (await client.post("/api/identity/users/validate", json={"user_ids": []})).json() == {"users": []}


async def test_a_hanging_call_does_not_hold_up_the_end(tmp_path: Path) -> None:
    async with sandbox("identity", tmp_path) as (client, process):
        await client.put("/sandbox/faults", json={"hang": True})
        hanging = asyncio.create_task(client.post("/api/identity/users/validate", json={"user_ids": []}))
        with pytest.raises(httpx.ReadTimeout):
            await client.post("/api/identity/users/validate", json={"user_ids": []}, timeout=0.3)
        process.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(process.wait, 8) is not None
        with pytest.raises(httpx.HTTPError):
            (await hanging).raise_for_status()


@pytest.mark.parametrize(
    ("q", "names"),
    [
        ("tan", ["Haruka Tanaka"]),
        ("hóff MI", ["Mira Hoffmann"]),
        ("nina@", ["Nina Keller"]),
        ("offmann", []),
    ],
)
async def test_people_are_found_by_the_beginnings_of_words(
    client: httpx.AsyncClient, q: str, names: list[str]
) -> None:
    organization = (await people(client))[0]["organization_id"]
    found = await client.get("/api/identity/users", params={"organization_id": organization, "q": q})
    assert [person["name"] for person in found.json()["users"]] == names


async def test_a_search_goes_on_after_its_cursor(client: httpx.AsyncClient) -> None:
    organization = (await people(client))[0]["organization_id"]
    seen: list[str] = []
    cursor: str | None = ""
    while cursor is not None:
        asked = {"organization_id": organization, "limit": 100, "cursor": cursor}
        page = (await client.get("/api/identity/users", params=asked)).json()
        seen += [person["name"] for person in page["users"]]
        cursor = page["next_cursor"]
    assert len(seen) == len(set(seen)) == 512
    assert seen == sorted(seen, key=str.casefold)


HOME = "http://127.0.0.1:3000/callback"


async def test_a_person_signs_in_with_a_click(client: httpx.AsyncClient) -> None:
    page = await client.get("/sandbox/login", params={"return_to": HOME, "state": "x y"})
    assert page.status_code == 200
    assert page.text.count("<li>") == 24
    assert "script" not in page.headers["content-security-policy"]
    links = re.findall(r'href="([^"]+)"', page.text)
    chosen = next(html.unescape(link) for link in links if "mira" in link)
    answer = await client.get("/sandbox/login" + chosen)
    assert answer.status_code == 303
    target, _, fragment = answer.headers["location"].partition("#")
    assert target == HOME
    found = parse_qs(fragment)
    assert (await claims(client, found["token"][0]))["email"] == "mira@nordlicht.example"
    assert found["state"] == ["x y"]


@pytest.mark.parametrize(
    "return_to",
    [
        "http://evil.example/",
        "http://127.0.0.1:3000.evil.example/",
        "https://127.0.0.1:3000/",
        "http://127.0.0.1:3000@evil.example/",
        "//evil.example",
        "javascript:alert(1)",
        "http://127.0.0.1:3000/x#token=mine",
        "http://127.0.0.1:3000\\@evil.example/",
    ],
)
async def test_nobody_is_sent_elsewhere_with_a_token(client: httpx.AsyncClient, return_to: str) -> None:
    answer = await client.get("/sandbox/login", params={"return_to": return_to, "email": GRETA})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
