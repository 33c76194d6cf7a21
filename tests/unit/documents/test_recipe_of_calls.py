"""Recipe 5 of CONTRIBUTING.md: an HTTP call stands in every place that it needs."""

import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest
import yaml

from tests.component.ingress.test_auth import CALLS
from tests.unit.documents.files import text

LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # the description has 6,000 lines
PREFIX = "/api/appointments"
INSIDE_ONLY = ("/health/live", "/metrics", "/docs", "/openapi.json")  # never through the gateway
METHODS = ("get", "post", "put", "patch", "delete")
Operations = Mapping[tuple[str, str], Mapping[str, Any]]


@cache
def operations() -> dict[tuple[str, str], Mapping[str, Any]]:
    """Return each call of the published description by method and path."""
    document = yaml.load(text("contracts/openapi.yaml"), Loader=LOADER)
    return {
        (method.upper(), path): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method in METHODS
    }


def open_routes() -> tuple[str, ...]:
    """Return the paths that the gateway lets through without a token."""
    document = yaml.load(text("deploy/kong/kong.yaml"), Loader=LOADER)
    routes = [route for service in document["services"] for route in service["routes"]]
    return tuple(
        path
        for route in routes
        if not any(plugin["name"] == "jwt" for plugin in route.get("plugins", ()))
        for path in route["paths"]
    )


def general(path: str) -> str:
    """Return a path with each parameter as `{}`; an id, a name or an example of a test may stand in its place."""
    plain = re.sub(r"\{[^}]*\}", "{}", path.removeprefix(PREFIX))
    return re.sub(r"^/templates/[^/{]+/preview$", "/templates/{}/preview", plain)


def missing(described: Operations, tested: set[tuple[str, str]], passed: tuple[str, ...]) -> list[str]:
    """Return `METHOD path: place` for each place that a call lacks."""
    found = []
    for (method, path), operation in described.items():
        call = f"{method} {path}"
        success = [answer for status, answer in operation["responses"].items() if str(status)[0] in "23"]
        if not operation.get("summary"):
            found.append(f"{call}: a summary")
        if not success:
            found.append(f"{call}: a successful answer")
        if "requestBody" in operation and not all(
            "example" in content for content in operation["requestBody"]["content"].values()
        ):
            found.append(f"{call}: an example of its body")
        if operation.get("security"):
            if (method, general(path)) not in tested:
                found.append(f"{call}: a test that it needs a token (tests/component/ingress/test_auth.py)")
        elif not path.startswith((*passed, *INSIDE_ONLY)):
            found.append(f"{call}: a route of the gateway that needs no token (deploy/kong/kong.yaml)")
    return found


def with_token_tests() -> set[tuple[str, str]]:
    """Return the calls of test_auth.py."""
    return {(method, general(path)) for method, path in CALLS}


def test_every_call_stands_in_every_place_that_it_needs() -> None:
    assert len(operations()) > 25
    assert missing(operations(), with_token_tests(), open_routes()) == []


@pytest.mark.parametrize(
    ("field", "place"),
    [
        ("summary", "a summary"),
        ("responses", "a successful answer"),
        ("requestBody", "an example of its body"),
    ],
)
def test_a_call_that_is_described_without_a_part_is_listed(field: str, place: str) -> None:
    key = ("POST", f"{PREFIX}/{{appointment_id}}/announce")
    empty: dict[str, Any] = {
        "summary": "",
        "responses": {},
        "requestBody": {"content": {"application/json": {}}},
    }
    described = {**operations(), key: {**operations()[key], field: empty[field]}}
    assert missing(described, with_token_tests(), open_routes()) == [f"{' '.join(key)}: {place}"]


def test_a_call_without_a_test_of_its_token_is_listed() -> None:
    found = missing(operations(), with_token_tests() - {("POST", "/{}/announce")}, open_routes())
    assert [line.split(":")[0] for line in found] == [f"POST {PREFIX}/{{appointment_id}}/announce"]


def test_an_open_call_that_the_gateway_does_not_know_is_listed() -> None:
    passed = tuple(path for path in open_routes() if not path.endswith("calendar.ics"))
    [found] = missing(operations(), with_token_tests(), passed)
    assert found.startswith(f"GET {PREFIX}/calendar.ics: a route of the gateway")
