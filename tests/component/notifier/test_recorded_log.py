"""A fixed log leads to the same messages and calls as when it was recorded, byte for byte."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from chassis.database.transactions import Database
from deploy.local.communication.app import create_app
from tests.component.notifier.replaying import Replay, condensed
from tests.component.notifier.test_store import database

__all__ = ["database"]

HERE = Path(__file__).parent / "recorded"
LOG, TRANSCRIPT = HERE / "log.jsonl", HERE / "transcript.txt"
RECORD = "RECORD_NOTIFIER_LOG"  # an environment variable: write the transcript anew


def steps() -> list[dict[str, Any]]:
    """The steps of the log, in order."""
    return [json.loads(line) for line in LOG.read_text().splitlines() if line.strip()]


@pytest.fixture
async def replay(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Replay:
    """A notifier that has seen nothing yet."""
    return Replay(database, create_app(tmp_path, None), monkeypatch)


async def test_the_recorded_log_gives_the_recorded_messages_and_calls(replay: Replay) -> None:
    """On a difference, the full text of the first entry that differs is shown; run with RECORD to accept all of them."""
    entries = await replay.run(steps())
    if os.environ.get(RECORD):
        TRANSCRIPT.write_text("".join(f"{condensed(entry)}\n" for entry in entries))
    recorded = TRANSCRIPT.read_text().splitlines()
    step = ""
    for entry, expected in zip(entries, recorded, strict=False):
        step = entry if entry.startswith("===") else step
        assert condensed(entry) == expected, f"in step {step}:\n{entry}"
    assert len(entries) == len(recorded)
