"""Each command in README and docs runs as it is printed: on a fresh stack, and once more in the same home."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.cli import Cli, free_offset
from tests.unit.documents.blocks import documents, script
from tests.unit.documents.files import ROOT

SCRIPTS = tuple(path for path in documents() if script(path))
LONGEST = 600.0
SERVERS = ("KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "TOPIC_PREFIX")  # of the tests, not of the stack


@pytest.fixture(scope="module")
async def folder(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """A folder as after `make install`, whose stack is at ports of its own."""
    here = tmp_path_factory.mktemp("documents")
    (here / ".venv").symlink_to(ROOT / ".venv")
    cli = Cli(here / ".appointments", free_offset())
    started = await cli.up()
    assert started.returncode == 0, started.stdout + started.stderr
    yield here
    await cli("down")


async def run(path: str, folder: Path) -> tuple[int, str]:
    """Run the blocks of a document in order in one shell; return the exit code, and what it wrote from the last block on."""
    inherited = {name: value for name, value in os.environ.items() if name not in SERVERS}
    own = {
        "APPOINTMENTS_HOME": str(folder / ".appointments"),
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
    }
    process = await asyncio.create_subprocess_exec(
        *("bash", "-c", script(path)),
        cwd=folder,
        env=inherited | own,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(LONGEST):
            written, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    text = written.decode()
    return process.returncode or 0, text[text.rfind("### ") :]


@pytest.mark.parametrize("time", ["the first time", "again"])
@pytest.mark.parametrize("path", SCRIPTS)
async def test_the_commands_of_a_document_run_as_printed(folder: Path, path: str, time: str) -> None:
    code, written = await run(path, folder)
    assert code == 0, f"{path}, {time}: {written}"


def test_the_readme_and_the_pages_of_the_documents_are_run() -> None:
    assert {"README.md", "docs/notifications.md", "docs/availability-and-series.md"} <= set(SCRIPTS)
