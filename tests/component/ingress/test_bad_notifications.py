"""A stranger's requests about notifications get a problem with a code, and publish and show nothing."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.component.ingress.fleet import an_appointment, refused
from tests.component.ingress.people import ADMIN, ANNA, BEN, CARL, STRANGE_ADMIN, STRANGER, Someone
from tests.component.ingress.running import Ingress

OWN, ALL = "/preferences", "/preferences/organization"
NOBODYS = UUID("0c6f7c1e-5d53-4f0e-9f0e-2b1f6a1d7c55")  # the same in every process that collects these tests
SOMEWHERE = f"/{NOBODYS}/announce"
WRITES = [("PUT", OWN), ("PUT", ALL), ("POST", SOMEWHERE)]
READS = [
    OWN,
    ALL,
    f"{OWN}/explain?type=appointment_created",
    f"/{NOBODYS}/notifications",
    "/analytics/notifications",
    "/templates/appointment_created/preview",
]
NO_JSON = [
    pytest.param(b"", id="nothing"),
    pytest.param(b'{"timezone": NaN}', id="NaN"),
    pytest.param(b'{"message": 1e999}', id="infinity"),
    pytest.param(b'{"timezone": "\xff"}', id="not UTF-8"),
    pytest.param(b'{"message": "\\ud800"}', id="half a surrogate pair"),
    pytest.param(b'{"channels":' * 5_000 + b"1" + b"}" * 5_000, id="deep"),
    pytest.param(b"timezone=UTC", id="a form"),
]


@pytest.mark.parametrize("body", NO_JSON)
async def test_what_is_no_json_is_malformed(ingress: Ingress, body: bytes) -> None:
    for method, path in WRITES:
        if body or path != SOMEWHERE:  # without a body an action says nothing, which is too little here
            response = await ingress.call(ADMIN, method, path, content=body)
            assert (response.status_code, response.json()["code"]) == (400, "malformed"), path
    assert not ingress.fleet.commands


@pytest.mark.parametrize("body", [b"[]", b"null", b"7", b'"x"', b"true"])
async def test_what_is_no_object_is_invalid(ingress: Ingress, body: bytes) -> None:
    for method, path in WRITES:
        response = await ingress.call(ADMIN, method, path, content=body)
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), path
    assert not ingress.fleet.commands


async def test_too_much_is_refused_before_it_is_read_as_json(ingress: Ingress) -> None:
    for method, path in WRITES:
        response = await ingress.call(ADMIN, method, path, content=b" " * 300_000 + b"{}")
        assert (response.status_code, response.json()["code"]) == (413, "too_large"), path
    assert not ingress.fleet.commands


BAD_PREFERENCES: list[tuple[dict[str, Any], str]] = [
    ({"timezone": ""}, "timezone"),
    ({"timezone": 7}, "timezone"),
    ({"timezone": "../../etc/passwd"}, "timezone"),
    ({"timezone": "Europe/Berlin\x00"}, "timezone"),
    ({"timezone": "x" * 10_000}, "timezone"),
    ({"locale": "<script>"}, "locale"),
    ({"locale": "x" * 10_000}, "locale"),
    ({"channels": None}, "channels"),
    ({"channels": ["email"]}, "channels"),
    ({"channels": {"email": 1}}, "channels.email"),
    ({"channels": {"fax": True}}, "channels.fax"),
    ({"types": None}, "types"),
    ({"types": {"appointment_created": True}}, "types.appointment_created"),
    ({"types": {"appointment_created": {"in_app": False}}}, "types.appointment_created.in_app"),
    ({"lead_times": {"email": 60}}, "lead_times.email"),
    ({"lead_times": {"email": [1.5]}}, "lead_times.email.0"),
    ({"lead_times": {"email": [True]}}, "lead_times.email.0"),
    ({"lead_times": {"email": [43_201]}}, "lead_times.email.0"),
    ({"lead_times": {"email": [10**30]}}, "lead_times.email.0"),
    ({"lead_times": {"pigeon": [5]}}, "lead_times.pigeon.[key]"),
    ({"quiet_hours": []}, "quiet_hours"),
    ({"quiet_hours": {"start": "22:00"}}, "quiet_hours.end"),
    ({"quiet_hours": {"start": "2²:00", "end": "07:00"}}, "quiet_hours.start"),
    ({"quiet_hours": {"start": "22:00\n", "end": "07:00"}}, "quiet_hours.start"),
    ({"digest": {"enabled": None}}, "digest.enabled"),
    ({"digest": {"enabled": True, "at": 18}}, "digest.at"),
    ({"user_id": str(uuid4())}, "user_id"),
    ({"version": 7}, "version"),
]


@pytest.mark.parametrize(("body", "field"), BAD_PREFERENCES)
async def test_preferences_that_are_wrong_are_named(
    ingress: Ingress, body: dict[str, Any], field: str
) -> None:
    for path, sent, named in ((OWN, body, field), (ALL, {"defaults": body}, f"defaults.{field}")):
        response = await ingress.call(ADMIN, "PUT", path, content=json.dumps(sent))
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
        assert named in [error["field"] for error in response.json()["errors"]], response.text
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    "message",
    [
        pytest.param(None, id="none"),
        pytest.param("", id="empty"),
        pytest.param(" \n\t", id="blank"),
        pytest.param("x" * 2_001, id="long"),
        pytest.param("a\x00b", id="a null"),
        pytest.param("a\x1b[2Jb", id="an escape sequence"),
        pytest.param(["a"], id="a list"),
        pytest.param(7, id="a number"),
    ],
)
async def test_announcements_that_are_none(ingress: Ingress, message: Any) -> None:
    response = await ingress.call(ANNA, "POST", SOMEWHERE, json={"message": message})
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert [error["field"] for error in response.json()["errors"]] == ["message"]
    for body in ({}, {"message": "a", "colour": "red"}, {"message": "a", "appointment_id": str(uuid4())}):
        response = await ingress.call(ANNA, "POST", SOMEWHERE, json=body)
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), body
    assert not ingress.fleet.commands


@pytest.mark.parametrize("path", READS)
async def test_without_a_good_token_nothing_is_told(ingress: Ingress, path: str) -> None:
    url = f"/api/appointments{path}"
    for headers in ({}, {"Authorization": "Bearer x"}, {"Authorization": "Basic YTpi"}):
        response = await ingress.client.get(url, headers=headers)
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated"), headers
    for method, target in WRITES:
        response = await ingress.client.request(method, f"/api/appointments{target}", json={"message": "a"})
        assert (response.status_code, response.json()["code"]) == (401, "unauthenticated"), target
    assert not ingress.fleet.commands


@pytest.mark.parametrize("person", [CARL, STRANGER, STRANGE_ADMIN], ids=lambda person: person.name)
async def test_notifications_of_others_do_not_exist(ingress: Ingress, person: Someone) -> None:
    appointment = an_appointment(ANNA, (BEN,))
    await ingress.fleet.show(appointment)
    response = await ingress.call(person, "GET", f"/{appointment['id']}/notifications")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=%00", "from"),
        ("from=1&to=2", "from"),
        ("from=2030-01-01T00:00:00%2B99:00", "from"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("from=-1", "from"),
        ("from=" + "9" * 5_000, "from"),
        ("from=2030-01-01&to=2030-01-01", "to"),
        ("to=0001-01-01T00:00:00Z", "to"),
    ],
)
async def test_numbers_of_no_range(ingress: Ingress, query: str, field: str) -> None:
    response = await ingress.call(ADMIN, "GET", f"/analytics/notifications?{query}")
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/templates/lunch/preview", 404),
        ("/templates/%00/preview", 404),
        ("/templates/..%2f..%2fetc/preview", 404),
        ("/templates/" + "x" * 5_000 + "/preview", 404),
        ("/templates/appointment_created/preview?channel=fax", 422),
        ("/templates/appointment_created/preview?channel=%00", 422),
        ("/templates/appointment_created/preview?locale=%01", 422),
        ("/templates/appointment_created/preview?locale=" + "x" * 36, 422),
    ],
)
async def test_previews_of_nothing(ingress: Ingress, path: str, status: int) -> None:
    response = await ingress.call(ANNA, "GET", path)
    assert response.status_code == status, response.text
    assert response.json()["code"] in ("not_found", "invalid")


@pytest.mark.parametrize("path", READS)
async def test_parameters_that_nobody_knows_change_nothing(ingress: Ingress, path: str) -> None:
    joint = "&" if "?" in path else "?"
    plain = await ingress.call(ADMIN, "GET", path)
    odd = await ingress.call(ADMIN, "GET", f"{path}{joint}colour=%00&%ff=&=&&[]={'x' * 1_000}")
    assert (odd.status_code, odd.json()) == (plain.status_code, plain.json())


async def test_a_body_without_a_type_or_with_another_is_read_as_json(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda envelope, body: refused("not_allowed")
    for headers in ({}, {"Content-Type": "text/plain"}, {"Content-Type": "x" * 500}):
        response = await ingress.call(ANNA, "PUT", OWN, content=b'{"locale": "de"}', headers=headers)
        assert (response.status_code, response.json()["code"]) == (403, "not_allowed")
    assert [body for _, _, body in ingress.fleet.commands] == [{"locale": "de"}] * 3
