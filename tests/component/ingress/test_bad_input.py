"""Everything a stranger can send gets a clear answer, and never reaches Kafka."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress

GOOD = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z", "title": "Review"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        pytest.param(b"", 400, "malformed", id="nothing"),
        pytest.param(b"{", 400, "malformed", id="half an object"),
        pytest.param(b'{"title": NaN}', 400, "malformed", id="NaN"),
        pytest.param(b'{"title": 1e999}', 400, "malformed", id="infinity"),
        pytest.param(b'{"title": "\xff"}', 400, "malformed", id="not UTF-8"),
        pytest.param(b'{"title": "\\ud800"}', 400, "malformed", id="half a surrogate pair"),
        pytest.param(b"[" * 100_000, 400, "malformed", id="deep and open"),
        pytest.param(b"[" * 5_000 + b"]" * 5_000, 400, "malformed", id="deep and closed"),
        pytest.param(b"\x00\x01\x02", 400, "malformed", id="binary"),
        pytest.param(b"title=Review", 400, "malformed", id="a form"),
        pytest.param(b"[]", 422, "invalid", id="a list"),
        pytest.param(b"null", 422, "invalid", id="null"),
        pytest.param(b'"x"', 422, "invalid", id="a text"),
        pytest.param(b"{}", 422, "invalid", id="an empty object"),
    ],
)
async def test_bodies_that_are_no_command(ingress: Ingress, body: bytes, status: int, code: str) -> None:
    response = await ingress.call(ANNA, "POST", "", content=body)
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"title": ""}, "title", id="an empty title"),
        pytest.param({"title": "x" * 201}, "title", id="a long title"),
        pytest.param({"title": 7}, "title", id="a number as title"),
        pytest.param({"title": "a\x07b"}, "title", id="a bell in the title"),
        pytest.param({"description": "x" * 10_001}, "description", id="a long description"),
        pytest.param({"location": "a\nb"}, "location", id="a location of two lines"),
        pytest.param({"start_time": "tomorrow"}, "start_time", id="a start in words"),
        pytest.param({"start_time": 1_900_000_000}, "start_time", id="a start in seconds"),
        pytest.param({"start_time": None}, "start_time", id="no start"),
        pytest.param({"timezone": "Mars/Olympus"}, "timezone", id="an unknown zone"),
        pytest.param({"meeting_url": "javascript:alert(1)"}, "meeting_url", id="a script as address"),
        pytest.param({"participant_ids": ["anna"]}, "participant_ids.0", id="a participant by name"),
        pytest.param(
            {"participant_ids": [str(uuid4()) for _ in range(501)]}, "participant_ids", id="501 participants"
        ),
        pytest.param({"organizer_id": "me"}, "organizer_id", id="an organizer by name"),
        pytest.param(
            {"custom_fields": {"a": {"b": {"c": {"d": {"e": {}}}}}}}, "custom_fields", id="deep fields"
        ),
        pytest.param({"custom_fields": {"a": "x" * 17_000}}, "custom_fields", id="large fields"),
        pytest.param(
            {"reminder_settings": {"fax": [5]}}, "reminder_settings.fax.[key]", id="an unknown channel"
        ),
        pytest.param(
            {"reminder_settings": {"email": [-1]}}, "reminder_settings.email.0", id="a negative lead"
        ),
        pytest.param({"appointment_id": str(uuid4())}, "appointment_id", id="an id of one's own"),
        pytest.param({"status": "confirmed"}, "status", id="a status"),
        pytest.param({"colour": "red"}, "colour", id="an unknown field"),
    ],
)
async def test_fields_that_are_wrong_are_named(ingress: Ingress, changes: dict[str, Any], field: str) -> None:
    response = await ingress.call(ANNA, "POST", "", json=GOOD | changes)
    assert (response.status_code, response.json()["code"]) == (422, "invalid")
    assert field in [error["field"] for error in response.json()["errors"]]
    assert not ingress.fleet.commands


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_changes_are_checked_as_well(ingress: Ingress, method: str) -> None:
    path = f"/{uuid4()}"
    for body in ({"title": None}, {"appointment_id": str(uuid4())}, {"reason": 3}, {"expected_version": 0}):
        response = await ingress.call(ANNA, method, path, json=body)
        assert (response.status_code, response.json()["code"]) == (422, "invalid"), body
    assert not ingress.fleet.commands


@pytest.mark.parametrize("announced", [True, False], ids=["with its length", "in chunks"])
async def test_a_huge_body_is_not_read_to_its_end(ingress: Ingress, announced: bool) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    content: Any = b"x" * 2_000_000 if announced else chunks()
    response = await ingress.call(ANNA, "POST", "", content=content)
    assert (response.status_code, response.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=yesterday", "from"),
        ("from=2031-13-01T00:00:00Z", "from"),
        ("from=0001-01-01T00:00:00Z", "from"),
        ("from=9999-12-31T23:59:59Z", "from"),
        ("from=2031-03-03T00:00:00Z&to=2031-03-03T00:00:00Z", "to"),
        ("from=2031-01-01T00:00:00Z&to=2033-01-01T00:00:00Z", "to"),
        ("from=%00", "from"),
    ],
)
async def test_ranges_that_are_wrong(ingress: Ingress, query: str, field: str) -> None:
    for path in ("", "/calendar"):
        response = await ingress.call(ANNA, "GET", f"{path}?{query}")
        assert (response.status_code, response.json()["code"]) == (422, "invalid")
        assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("limit=-1", "limit"),
        ("limit=ten", "limit"),
        ("limit=99999999999999999999999", "limit"),
        ("status=open", "status"),
        ("participant_id=anna", "participant_id"),
        ("client_id='; DROP TABLE views.appointments", "client_id"),
        ("q=" + "x" * 201, "q"),
        ("cursor=garbage", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=" + "A" * 32, None),
        ("cursor=" + "_" * 32, "cursor"),
    ],
)
async def test_list_parameters_that_are_wrong(ingress: Ingress, query: str, field: str | None) -> None:
    response = await ingress.call(ANNA, "GET", f"?{query}")
    assert response.status_code == (422 if field else 200)
    if field:
        assert [error["field"] for error in response.json()["errors"]] == [field]


@pytest.mark.parametrize("identifier", ["1", "x" * 300, "%00", "..%2f..%2fetc", "null", "*"])
async def test_ids_that_are_none_name_nothing(ingress: Ingress, identifier: str) -> None:
    for method, path in (
        ("GET", identifier),
        ("PATCH", identifier),
        ("DELETE", identifier),
        ("POST", f"{identifier}/confirm"),
        ("GET", f"{identifier}/notifications"),
        ("GET", f"commands/{identifier}"),
    ):
        response = await ingress.call(ANNA, method, f"/{path}", content=b"{}" if method == "PATCH" else None)
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (method, path)


@pytest.mark.parametrize(
    "headers",
    [
        {"If-Match": '"x"'},
        {"If-Match": '"0"'},
        {"If-Match": '"1", "2"'},
        {"If-Match": "9" * 40},
        {"Idempotency-Key": ""},
        {"Idempotency-Key": "x" * 256},
        {"Idempotency-Key": "caf\u00e9".encode("latin-1")},
    ],
)
async def test_headers_that_cannot_be_read(ingress: Ingress, headers: dict[str, Any]) -> None:
    response = await ingress.call(ANNA, "POST", f"/{uuid4()}/confirm", headers=headers)
    assert (response.status_code, response.json()["code"]) == (400, "malformed")
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("PUT", "/api/appointments", 405),
        ("POST", "/api/appointments/calendar", 405),
        ("GET", "/api/appointments/a/b/c", 404),
        ("GET", "/api/other", 404),
        ("GET", "/app/assets/nothing", 404),
        ("POST", "/", 405),
        ("TRACE", "/api/appointments", 405),
    ],
)
async def test_paths_and_methods_that_do_not_exist(
    ingress: Ingress, method: str, path: str, status: int
) -> None:
    response = await ingress.client.request(method, path, headers=ingress.authorization(ANNA))
    assert response.status_code == status
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["status"] == status


async def test_a_strange_correlation_id_is_replaced(ingress: Ingress) -> None:
    response = await ingress.call(ANNA, "GET", "/preferences", headers={"X-Correlation-ID": "x" * 500})
    assert len(response.headers["x-correlation-id"]) == 36


async def test_a_person_who_asks_too_often_is_slowed_down(
    ingress: Ingress, monkeypatch: pytest.MonkeyPatch
) -> None:
    buckets = ingress.runtime.admission._people
    monkeypatch.setattr(buckets, "burst", 5.0)
    monkeypatch.setattr(buckets, "rate", 0.001)
    buckets._levels.clear()
    answers = await asyncio.gather(*(ingress.call(ANNA, "GET", "/preferences") for _ in range(20)))
    statuses = [answer.status_code for answer in answers]
    assert (statuses.count(200), statuses.count(429)) == (5, 15)
    refused = next(answer for answer in answers if answer.status_code == 429)
    assert int(refused.headers["retry-after"]) >= 1
    assert refused.json()["code"] == "rate_limited"
    buckets._levels.clear()
