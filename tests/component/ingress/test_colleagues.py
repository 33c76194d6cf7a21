"""The caller, and the people of their organization."""

import time
from uuid import uuid4

import pytest

from services.ingress.settings import IngressSettings
from tests.component.ingress.fleet import an_appointment
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress


async def test_the_caller_learns_who_they_are(ingress: Ingress) -> None:
    response = await ingress.call(ANNA, "GET", "/me")
    found = response.json()
    expected = {
        "id": str(ANNA.id),
        "organization_id": str(ANNA.organization),
        "name": "anna",
        "email": "anna@example.com",
        "roles": ["member"],
        "timezone": "Europe/Berlin",
        "locale": "en",
    }
    assert {name: found[name] for name in expected} == expected
    assert found["limits"]["participants"] == 500
    assert found["can"] == {"organization_preferences": False, "book_for_others": False, "announce": True}
    assert response.headers["cache-control"] == "private, no-cache"
    assert (await ingress.json(ADMIN, "/me"))["can"]["organization_preferences"] is True


async def test_preferences_win_over_the_account(ingress: Ingress) -> None:
    before = await ingress.call(ANNA, "GET", "/me")
    await ingress.fleet.database.execute(
        "INSERT INTO views.preferences VALUES ($1, $2, 1, $3)",
        ANNA.id,
        ANNA.organization,
        '{"timezone": "Asia/Tokyo", "locale": "de"}',
    )
    found = await ingress.call(ANNA, "GET", "/me", headers={"If-None-Match": before.headers["etag"]})
    assert (found.status_code, found.json()["timezone"], found.json()["locale"]) == (200, "Asia/Tokyo", "de")


async def test_who_has_not_changed_is_not_described_again(ingress: Ingress) -> None:
    first = await ingress.call(ANNA, "GET", "/me")
    again = await ingress.call(ANNA, "GET", "/me", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("person", [ANNA, STRANGER, STRANGE_ADMIN])
async def test_people_of_ones_own_organization_have_names(ingress: Ingress, person: Someone) -> None:
    wanted = [ANNA.id, STRANGER.id, uuid4(), BEN.id, ANNA.id]
    found = await ingress.json(person, "/people", params={"id": [str(one) for one in wanted]})
    expected = [ANNA, BEN] if person is ANNA else [STRANGER]
    assert [(item["id"], item["name"]) for item in found["items"]] == [(str(p.id), p.name) for p in expected]
    assert found["next_cursor"] is None


async def test_a_search_is_identitys_and_shows_nobody_of_another_organization(ingress: Ingress) -> None:
    ingress.identity.next_cursor = "after-greta"
    for person, names in ((ANNA, ["greta"]), (STRANGER, [])):
        found = await ingress.json(person, "/people", params={"q": "gr", "limit": 3, "cursor": "x"})
        assert [item["name"] for item in found["items"]] == names
        assert found["next_cursor"] == "after-greta"
        assert ingress.identity.searches[-1] == {
            "organization_id": str(person.organization),
            "q": "gr",
            "limit": "3",
            "cursor": "x",
        }
    ingress.identity.next_cursor = None


async def test_without_a_search_people_are_those_one_has_met(ingress: Ingress) -> None:
    await ingress.fleet.show(an_appointment(ANNA, (BEN, CARL)))
    settings: IngressSettings = ingress.settings
    settings.identity_search = "off"
    try:
        first = await ingress.json(ANNA, "/people?limit=2")
        rest = await ingress.json(ANNA, "/people", params={"limit": 2, "cursor": first["next_cursor"]})
        assert [item["name"] for item in (*first["items"], *rest["items"])] == ["anna", "ben", "carl"]
        assert [item["name"] for item in (await ingress.json(BEN, "/people?q=CÁR"))["items"]] == ["carl"]
        assert (await ingress.json(STRANGER, "/people"))["items"] == []
    finally:
        settings.identity_search = "/api/identity/users"


async def test_searches_are_limited_for_each_person(ingress: Ingress) -> None:
    searches = ingress.runtime.admission._searches
    searches._levels[CARL.id] = (0.0, time.monotonic() + 3600)
    refused = await ingress.call(CARL, "GET", "/people?q=a")
    assert (refused.status_code, refused.json()["code"]) == (429, "rate_limited")
    assert (await ingress.call(BEN, "GET", "/people?q=a")).status_code == 200
    searches._levels.clear()


async def test_while_identity_is_away_a_search_says_so(ingress: Ingress) -> None:
    ingress.identity.away = True
    try:
        response = await ingress.call(ANNA, "GET", "/people?q=b")
        assert (response.status_code, response.json()["code"]) == (503, "identity_unavailable")
    finally:
        ingress.identity.away = False
