"""`appointments logs` shows the newest lines, of one process or of all."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two logs."""
    (tmp_path / "logs").mkdir()
    for name in ("booking", "kafka"):
        lines = "\n".join(f"{name} {number}" for number in range(100))
        (tmp_path / "logs" / f"{name}.log").write_text(lines + "\n")
    return tmp_path


def shown(home: Path, *arguments: str) -> list[str]:
    """The lines of `appointments logs`."""
    return CliRunner().invoke(app, ["logs", *arguments, "--home", str(home)]).stdout.splitlines()


def test_one_log_is_shown_as_it_is(home: Path) -> None:
    assert shown(home, "booking", "-n", "2") == ["booking 98", "booking 99"]


def test_several_logs_begin_with_their_process(home: Path) -> None:
    assert shown(home, "-n", "1") == ["booking | booking 99", "kafka   | kafka 99"]


def test_an_unknown_process_is_met_with_the_nearest(home: Path) -> None:
    done = CliRunner().invoke(app, ["logs", "bookin", "--home", str(home)])
    assert done.exit_code == 2
    assert "did you mean booking?" in done.output
