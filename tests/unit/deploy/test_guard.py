"""The sandboxes answer this machine only: they give away tokens of admins."""

import httpx
import pytest
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse

from deploy.local.sandbox.guard import Guard, refusal_of

JSON = "application/json"
GOOD = {"host": "127.0.0.1:8001", "content-type": JSON, "content-length": "2"}


@pytest.mark.parametrize(
    "headers",
    [
        GOOD,
        GOOD | {"host": "localhost:8001"},
        GOOD | {"host": "[::1]:8001"},
        GOOD | {"host": "LOCALHOST"},
        GOOD | {"origin": "http://localhost:5173"},
        GOOD | {"content-type": "application/json; charset=utf-8"},
        {"host": "127.0.0.1:8001", "content-length": "0"},
    ],
)
def test_calls_of_this_machine_pass(headers: dict[str, str]) -> None:
    assert refusal_of("POST", Headers(headers)) is None


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({"host": "rebind.evil.example"}, 421, id="a name that was resolved to us"),
        pytest.param({"host": "127.0.0.1.evil.example:8001"}, 421, id="a name that looks like us"),
        pytest.param({"host": "evil@127.0.0.1.example"}, 421, id="a login in the name"),
        pytest.param({"host": ""}, 421, id="no name"),
        pytest.param({"host": "[::1"}, 421, id="half a name"),
        pytest.param({"origin": "http://evil.example"}, 403, id="a foreign page"),
        pytest.param({"origin": "null"}, 403, id="a page without an origin"),
        pytest.param({"content-type": "text/plain"}, 415, id="text"),
        pytest.param({"content-type": ""}, 415, id="no type"),
        pytest.param({"content-type": "application/x-www-form-urlencoded"}, 415, id="a form"),
    ],
)
def test_everything_else_is_refused(headers: dict[str, str], status: int) -> None:
    refusal = refusal_of("POST", Headers(GOOD | headers))
    assert refusal is not None
    assert refusal[0] == status


async def test_a_refusal_reaches_nothing_behind_it() -> None:
    transport = httpx.ASGITransport(Guard(PlainTextResponse("a token")))
    async with httpx.AsyncClient(transport=transport, base_url="http://evil.example") as client:
        answer = await client.get("/sandbox/tokens")
    assert (answer.status_code, answer.json()["code"]) == (421, "foreign_host")
