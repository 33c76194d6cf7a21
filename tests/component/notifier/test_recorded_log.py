"""A fixed log publishes the same messages and makes the same calls as when it was recorded, byte for byte."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chassis.database import Database
from deploy.local.communication.app import create_app
from tests.component.notifier.replaying import Replay
from tests.component.notifier.test_store import database

__all__ = ["database"]

HERE = Path(__file__).parent / "recorded"
LOG, TRANSCRIPT = HERE / "log.jsonl", HERE / "transcript.txt"
RECORD = "RECORD_NOTIFIER_LOG"  # an environment variable: write the transcript instead of comparing it


def steps() -> list[dict[str, Any]]:
    """The steps of the log, in order."""
    return [json.loads(line) for line in LOG.read_text().splitlines() if line.strip()]


@pytest.fixture
async def replay(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """A notifier that has seen nothing yet."""
    return Replay(database, create_app(tmp_path, None), monkeypatch)


async def test_the_recorded_log_gives_the_recorded_messages_and_calls(replay: Replay) -> None:
    lines = await replay.run(steps())
    if os.environ.get(RECORD):
        TRANSCRIPT.write_text("\n".join(lines) + "\n")
    recorded = TRANSCRIPT.read_text().splitlines()
    step = ""
    for number, (line, expected) in enumerate(zip(lines, recorded, strict=False), 1):
        step = line if line.startswith("===") else step
        assert line == expected, f"line {number}, in step {step}"
    assert len(lines) == len(recorded)
