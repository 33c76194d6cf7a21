"""`appointments breaker` asks each notifier, and its exit code says whether all of them call."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from cli.main import app

CLOSED = {
    "state": "closed",
    "since": "2028-03-01T12:00:00Z",
    "failures": 0,
    "threshold": 5,
    "reason": None,
    "next_probe_in": None,
    "waiting_deliveries": 0,
}
OPEN = CLOSED | {"state": "open", "failures": 7, "reason": "HTTP 503", "next_probe_in": 34.2}

Ask = Callable[..., Result]


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Ask:
    """Run the command against processes with these health documents, by host; who has none does not answer."""

    def run(documents: Mapping[str, Any]) -> Result:
        def answer(request: httpx.Request) -> httpx.Response:
            document = documents[request.url.host]
            if document is None:
                raise httpx.ConnectError("refused")
            assert request.url.path == "/health"
            return httpx.Response(503, json=document)

        client = httpx.AsyncClient
        transport = httpx.MockTransport(answer)
        monkeypatch.setattr(httpx, "AsyncClient", lambda **_: client(transport=transport))
        return CliRunner().invoke(app, ["breaker", *(f"--url=http://{host}:8102/" for host in documents)])

    return run


@pytest.mark.parametrize(
    ("documents", "code"),
    [
        pytest.param({"a": {"breaker": CLOSED}, "b": {"breaker": CLOSED}}, 0, id="all are closed"),
        pytest.param({"a": {"breaker": CLOSED}, "b": {"breaker": OPEN}}, 1, id="one is open"),
        pytest.param({"a": None, "b": {"breaker": OPEN}}, 6, id="one does not answer"),
        pytest.param({"a": {"service": "booking"}}, 6, id="it is no notifier"),
        pytest.param({"a": ["breaker"]}, 6, id="it is no health document"),
    ],
)
def test_the_exit_code_says_how_they_are(ask: Ask, documents: Mapping[str, Any], code: int) -> None:
    result = ask(documents)
    assert (result.exit_code, len(result.stdout.splitlines())) == (code, len(documents))


def test_each_process_is_a_line(ask: Ask) -> None:
    [line] = [json.loads(line) for line in ask({"a": {"breaker": OPEN}}).stdout.splitlines()]
    assert line == {"url": "http://a:8102/health", **OPEN}


def test_who_could_not_begin_says_what_it_waits_for(ask: Ask) -> None:
    waiting = {"breaker": CLOSED, "reasons": {"communication": "templates are not registered"}}
    assert json.loads(ask({"a": waiting}).stdout)["reason"] == "templates are not registered"
