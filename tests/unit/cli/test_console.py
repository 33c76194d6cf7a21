"""Which stack a command means: --home before the environment, the environment before APPOINTMENTS_HOME."""

from pathlib import Path

import pytest
import typer

from cli.console import did_you_mean, environment_for, home_at, say
from deploy.local.home import Home, StackRecord


@pytest.fixture
def stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home with a stack that runs, as its record says."""
    urls = {"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9192", "DATABASE_URL": "postgresql://u:p@127.0.0.1:5533/a"}
    monkeypatch.setattr(
        Home, "running", lambda self: StackRecord(1, "ready", urls) if self.path == tmp_path else None
    )
    for name in ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "APPOINTMENTS_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def test_a_named_home_wins_over_everything(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "prod:9092")
    assert environment_for(stack)["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9192"


def test_servers_of_the_environment_win_over_appointments_home(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPOINTMENTS_HOME", str(stack))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "prod:9092")
    found = environment_for(None)
    assert found["KAFKA_BOOTSTRAP_SERVERS"] == "prod:9092"
    assert "DATABASE_URL" not in found


def test_a_variable_that_names_the_running_stack_is_completed_by_it(
    stack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("APPOINTMENTS_HOME", str(stack))
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9192")
    assert environment_for(None)["DATABASE_URL"] == "postgresql://u:p@127.0.0.1:5533/a"


def test_appointments_home_is_the_default(stack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("APPOINTMENTS_HOME", str(stack))
    assert home_at(None).path == stack
    assert environment_for(None)["KAFKA_BOOTSTRAP_SERVERS"] == "127.0.0.1:9192"


def test_no_stack_at_all_is_a_sentence_and_code_4(stack: Path, tmp_path: Path) -> None:
    with pytest.raises(typer.Exit) as stopped:
        environment_for(tmp_path / "other")
    assert stopped.value.exit_code == 4


def test_the_nearest_word_is_suggested_and_a_far_one_is_not() -> None:
    known = ["appointment.create", "appointment.cancel", "hold.place"]
    assert did_you_mean("appointment.created", known) == ", did you mean appointment.create?"
    assert did_you_mean("xyz", known) == ""


@pytest.mark.parametrize(
    ("columns", "terminal", "lines"),
    [
        pytest.param(20, True, ["09:00  one two three", "       four"], id="a narrow terminal"),
        pytest.param(80, True, ["09:00  one two three four"], id="a wide one"),
        pytest.param(20, False, ["09:00  one two three four"], id="a pipe"),
    ],
)
def test_a_line_is_broken_between_words_for_a_narrow_terminal_only(
    columns: int,
    terminal: bool,
    lines: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr("sys.stdout.isatty", lambda: terminal)
    say("09:00  one two three four", hang=7)
    assert capsys.readouterr().out.splitlines() == lines
