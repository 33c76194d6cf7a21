"""`appointments reset` deletes a stack's data and nothing else, and only when it is confirmed."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with data of a stack and a file of somebody else."""
    for name in ("postgres", "kafka", "logs"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "data").write_text("x")
    (tmp_path / "stack.json").write_text("{}")
    (tmp_path / "thesis.txt").write_text("precious")
    return tmp_path


def test_without_a_terminal_it_must_be_confirmed(home: Path) -> None:
    done = CliRunner().invoke(app, ["reset", "--home", str(home)])
    assert done.exit_code == 2
    assert "--yes" in done.output
    assert (home / "postgres" / "data").exists()


def test_the_data_of_the_stack_go_and_other_files_stay(home: Path) -> None:
    done = CliRunner().invoke(app, ["reset", "--yes", "--home", str(home)])
    assert done.exit_code == 0, done.output
    assert [path.name for path in home.iterdir()] == ["thesis.txt"]


def test_a_home_without_data_is_no_error(tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["reset", "--yes", "--home", str(tmp_path)]).exit_code == 0
