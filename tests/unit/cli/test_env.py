"""`appointments env`: values survive a shell, and secrets are printed only when asked for."""

import json
import subprocess
from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from cli.stack import env as command
from deploy.local.home import StackRecord

URLS = {
    "INGRESS_URL": "http://127.0.0.1:8000",
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL": 'postgresql://u:it\'s a "secret" $HOME\\@127.0.0.1:5433/appointments',
    "COMMUNICATION_WEBHOOK_SECRET": "s",
}


@pytest.fixture(autouse=True)
def stack(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "running_stack", lambda _: StackRecord(1, "ready", URLS))


def printed(*arguments: str) -> str:
    """The output of `appointments env` with these arguments."""
    return CliRunner().invoke(app, ["env", *arguments]).stdout


def test_secrets_are_left_out_unless_they_are_asked_for() -> None:
    assert set(json.loads(printed("--json"))) == {"INGRESS_URL", "KAFKA_BOOTSTRAP_SERVERS"}
    assert json.loads(printed("--json", "--secrets")) == URLS


def test_a_shell_gets_back_exactly_what_was_printed(tmp_path: Path) -> None:
    script = (
        printed("--shell", "sh", "--secrets") + '\nprintf %s "$DATABASE_URL"; env > ' + str(tmp_path / "env")
    )
    done = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == URLS["DATABASE_URL"]
    assert "INGRESS_URL=http://127.0.0.1:8000" in (tmp_path / "env").read_text()


def test_fish_gets_its_own_quotes() -> None:
    lines = printed("--shell", "fish", "--secrets").splitlines()
    assert "set -gx INGRESS_URL 'http://127.0.0.1:8000'" in lines
    assert any('it\\\'s a "secret" $HOME\\\\@' in line for line in lines)


def test_plain_lines_can_be_exported_as_they_are() -> None:
    assert printed().splitlines() == [
        "INGRESS_URL=http://127.0.0.1:8000",
        "KAFKA_BOOTSTRAP_SERVERS=127.0.0.1:9092",
    ]
