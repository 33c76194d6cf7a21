"""A stranger's requests about availability, holds and series get an answer at once, and publish nothing."""

import time
from typing import Any
from uuid import uuid4

import pytest

from tests.component.ingress.people import ANNA
from tests.component.ingress.running import Ingress

MONDAY = {"day_of_week": 0, "start_time": "09:00", "end_time": "17:00"}
TIMES = {"start_time": "2031-03-03T09:00:00Z", "end_time": "2031-03-03T09:30:00Z"}


def on(date: str) -> dict[str, Any]:
    """A closed day."""
    return {"date": date, "ranges": []}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"user_id": None}, "user_id", id="nobody"),
        pytest.param({"timezone": "Mars/Olympus"}, "timezone", id="an unknown zone"),
        pytest.param({"timezone": "../../etc/passwd"}, "timezone", id="a path as zone"),
        pytest.param({"rules": [MONDAY] * 201}, "rules", id="201 rules"),
        pytest.param({"rules": [MONDAY, MONDAY]}, "rules", id="rules that overlap"),
        pytest.param({"rules": [MONDAY | {"end_time": "08:00"}]}, "rules.0", id="an end before its start"),
        pytest.param({"rules": [MONDAY | {"end_time": "24:01"}]}, "rules.0.end_time", id="a minute too many"),
        pytest.param({"rules": [MONDAY | {"day_of_week": 7}]}, "rules.0.day_of_week", id="an eighth day"),
        pytest.param({"rules": [MONDAY | {"day_of_week": "0"}]}, "rules.0.day_of_week", id="a day as text"),
        pytest.param({"rules": {"0": MONDAY}}, "rules", id="rules that are no list"),
        pytest.param({"overrides": [on("2031-02-30")]}, "overrides.0.date", id="a date that does not exist"),
        pytest.param({"overrides": [on("2031-03-03")] * 2}, "overrides", id="a date twice"),
        pytest.param({"overrides": [on("2031-03-03")] * 1_001}, "overrides", id="1,001 dates"),
        pytest.param({"policy": {"step": 0}}, "policy.step", id="no step"),
        pytest.param({"policy": {"buffer_before": 10**9}}, "policy.buffer_before", id="a buffer of ages"),
        pytest.param({"policy": {"horizon_days": 365_000}}, "policy.horizon_days", id="a thousand years"),
        pytest.param(
            {"policy": {"min_duration": 60, "max_duration": 30}}, "policy", id="longer than longest"
        ),
        pytest.param({"colour": "red"}, "colour", id="an unknown field"),
        pytest.param({"version": 3}, "version", id="a version of one's own"),
    ],
)
async def test_availability_that_is_none(ingress: Ingress, changes: dict[str, Any], field: str) -> None:
    body = {"user_id": str(ANNA.id), "timezone": "Europe/Berlin", "rules": [MONDAY]} | changes
    response = await ingress.call(ANNA, "POST", "/availability", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
    assert field in [error["field"] for error in response.json()["errors"]], response.text
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        pytest.param({"expires_in": 601}, "expires_in", id="for too long"),
        pytest.param({"expires_in": 0}, "expires_in", id="for no time"),
        pytest.param({"expires_in": "60"}, "expires_in", id="a text as duration"),
        pytest.param({"start_time": None}, "start_time", id="no start"),
        pytest.param({"start_time": "2031-03-03"}, "start_time", id="a date as start"),
        pytest.param({"end_time": "99999-01-01T00:00:00Z"}, "end_time", id="the year 99999"),
        pytest.param({"participant_ids": [str(uuid4())] * 501}, "participant_ids", id="501 people"),
        pytest.param({"hold_id": str(uuid4())}, "hold_id", id="an id of one's own"),
    ],
)
async def test_holds_that_are_none(ingress: Ingress, changes: dict[str, Any], field: str) -> None:
    response = await ingress.call(ANNA, "POST", "/holds", json=TIMES | changes)
    assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
    assert field in [error["field"] for error in response.json()["errors"]], response.text
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"rrule": "FREQ=DAILY", "frequency": "daily"}, id="both forms"),
        pytest.param({"frequency": "secondly"}, id="every second"),
        pytest.param({"frequency": "daily", "count": 10**9}, id="a billion"),
        pytest.param({"frequency": "daily", "count": 2, "until": "2031-04-01"}, id="two ends"),
        pytest.param({"frequency": "daily", "interval": 0}, id="no interval"),
        pytest.param({"rrule": "X" * 501}, id="a long rule"),
        pytest.param({"rrule": "FREQ=DAILY", "exdates": ["2031-03-03T09:00:00"] * 501}, id="501 exceptions"),
        pytest.param({"rrule": ["FREQ=DAILY"]}, id="a list as rule"),
        pytest.param("FREQ=DAILY", id="a text as pattern"),
    ],
)
async def test_patterns_that_are_none(ingress: Ingress, pattern: Any) -> None:
    body = {**TIMES, "title": "Review", "recurring_pattern": pattern}
    began = time.monotonic()
    response = await ingress.call(ANNA, "POST", "", json=body)
    assert time.monotonic() - began < 1
    assert (response.status_code, response.json()["code"]) == (422, "invalid"), response.text
    assert response.json()["errors"][0]["field"].startswith("recurring_pattern")
    assert not ingress.fleet.commands


@pytest.mark.parametrize("path", ["/availability", "/holds"])
async def test_bodies_that_are_bombs(ingress: Ingress, path: str) -> None:
    for content, status in (
        (b"[" * 100_000, 400),
        (b'{"rules":' * 1_000 + b"1" + b"}" * 1_000, 422),
        (b"{" + b" " * 300_000 + b"}", 413),
        (b"[]", 422),
        (b"\xff\xfe", 400),
    ):
        response = await ingress.call(ANNA, "POST", path, content=content)
        assert response.status_code == status, response.text
        assert response.headers["content-type"] == "application/problem+json"
    assert not ingress.fleet.commands


@pytest.mark.parametrize("identifier", ["1", "x" * 300, "%00", "*"])
async def test_ids_that_are_none_name_nothing(ingress: Ingress, identifier: str) -> None:
    for method, path in (
        ("DELETE", f"holds/{identifier}"),
        ("POST", f"{identifier}/join"),
        ("POST", f"{identifier}/leave"),
    ):
        response = await ingress.call(ANNA, method, f"/{path}")
        assert (response.status_code, response.json()["code"]) == (404, "not_found"), (method, path)
    assert not ingress.fleet.commands
