"""The output of `appointments replay`, and its exit codes."""

import json
from collections.abc import Callable
from typing import Any

import pytest
import typer
from aiokafka.errors import KafkaConnectionError
from typer.testing import CliRunner

from chassis.configuration.settings import Settings
from cli.operate import replay as command
from services.projector.rebuild.refill import Progress
from services.projector.rebuild.run import NothingToResume, RebuildRunning, Refused, Result

app = typer.Typer()
app.command()(command.replay)


@pytest.fixture
def rebuilt(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """A rebuild that only notes how it was asked, and reports twice."""
    asked: list[Any] = []

    async def rebuild(
        settings: Settings, view: str, *, report: Callable[[Progress], None], **how: bool
    ) -> Result:
        asked.append(
            (settings.kafka_bootstrap_servers, settings.database_url, settings.topic_prefix, view, how)
        )
        report(Progress("reading", 5, 10, 4, 1))
        report(Progress("done", 10, 10, 9, 1))
        return Result(view, 9, 1, 2, 1.5, 0.02, {"commands": 11})

    monkeypatch.setattr(command, "rebuild", rebuild)
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "kafka:1")
    monkeypatch.setenv("DATABASE_URL", "postgresql://u:p@db:2/base")
    monkeypatch.delenv("APPOINTMENTS_HOME", raising=False)
    return asked


def test_a_pipe_gets_a_line_of_json_for_each_phase(rebuilt: list[Any]) -> None:
    """Phases, then the result with what a person should know about it."""
    ran = CliRunner().invoke(app, ["commands", "--resume"])
    assert ran.exit_code == 0, ran.output
    assert rebuilt == [
        ("kafka:1", "postgresql://u:p@db:2/base", "", "commands", {"resume": True, "force": False})
    ]
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert [line["phase"] for line in lines] == ["reading", "done", "swapped"]
    assert (lines[-1]["records"], lines[-1]["carried"], lines[-1]["rows"]) == (9, 2, {"commands": 11})
    assert ["7 days" in note or "cannot be shown" in note for note in lines[-1]["notes"]] == [True, True]


def test_a_calendar_has_nothing_to_warn_of() -> None:
    """Its topic is kept forever."""
    assert command.notes(Result("calendar")) == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        pytest.param(RebuildRunning("another"), 3, id="another rebuild runs"),
        pytest.param(NothingToResume("none"), 2, id="nothing to resume"),
        pytest.param(Refused("1 of appointments"), 7, id="checked and not swapped"),
        pytest.param(KafkaConnectionError("away"), 6, id="Kafka is away"),
        pytest.param(ConnectionRefusedError("away"), 6, id="PostgreSQL is away"),
    ],
)
def test_exit_codes(rebuilt: list[Any], monkeypatch: pytest.MonkeyPatch, error: Exception, code: int) -> None:
    """A failure is one sentence on stderr and a code of its own."""

    async def fails(*_: Any, **__: Any) -> Result:
        raise error

    monkeypatch.setattr(command, "rebuild", fails)
    ran = CliRunner().invoke(app, [])
    assert ran.exit_code == code
    # A client of this process that could not connect a moment ago may have said more about the reason.
    assert str(error) in ran.stderr or "Kafka at kafka:1 does not answer" in ran.stderr


def test_an_unknown_view_is_a_mistake_in_the_command(rebuilt: list[Any]) -> None:
    """The sentence names the nearest view."""
    ran = CliRunner().invoke(app, ["calender"])
    assert ran.exit_code == 2
    assert "did you mean calendar?" in ran.stderr
    assert rebuilt == []
