"""`appointments contracts` refuses what old messages would not survive, and notices drift."""

import json
from pathlib import Path

import pytest
import typer

from cli.operate import contracts as command
from contracts.tools import generate


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the generated files to spoil."""
    generate.write(
        generate.generated() | {"openapi.yaml": command.openapi(), "codes.json": command.codes()}, tmp_path
    )
    monkeypatch.setattr(generate, "FOLDER", tmp_path)
    return tmp_path


def test_what_is_committed_passes() -> None:
    command.contracts(check=True)


def test_a_changed_file_is_drift(folder: Path) -> None:
    (folder / "asyncapi.yaml").write_text("asyncapi: 3.0.0\n")
    with pytest.raises(typer.Exit):
        command.contracts(check=True)


def test_a_model_narrower_than_what_was_published_is_not_written(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = folder / "schemas" / "appointment.created.json"
    published = json.loads(path.read_text())
    published["required"].remove("actor")
    path.write_text(json.dumps(published))
    with pytest.raises(typer.Exit):
        command.contracts()
    assert "appointment.created: actor: is required now" in capsys.readouterr().err
    assert json.loads(path.read_text()) == published


def test_a_sample_that_was_published_once_may_not_leave_the_archive(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command.contracts()
    monkeypatch.setattr(command, "_archived_in_git", lambda _: ["archive/appointment.created.0badcafe.json"])
    with pytest.raises(typer.Exit):
        command.contracts(check=True)
    assert "appointment.created.0badcafe.json: it was published once" in capsys.readouterr().err


def test_a_good_example_that_is_not_archived_is_drift(folder: Path) -> None:
    command.contracts()
    command.contracts(check=True)
    next((folder / "archive").glob("appointment.created.*.json")).unlink()
    with pytest.raises(typer.Exit):
        command.contracts(check=True)


def test_a_good_example_that_changes_stays_in_the_archive(folder: Path) -> None:
    command.contracts()
    assert len(list((folder / "archive").glob("appointment.created.*.json"))) == 1
