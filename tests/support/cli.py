"""The command line as a test uses it: a whole stack at ports of its own."""

import asyncio
import json
import os
import random
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from deploy.local.ports import Ports, is_free


class Cli:
    """`appointments … --home HOME` in a process of its own, with no server of the environment in its way.

    `variables` are set for it, beside those of the tests.
    """

    def __init__(self, home: Path, offset: int, variables: Mapping[str, str] | None = None) -> None:
        self.home = home
        self.offset = offset
        self._variables = variables or {}

    async def __call__(self, *arguments: str, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        replaced = {"KAFKA_BOOTSTRAP_SERVERS", "DATABASE_URL", "TOPIC_PREFIX"}
        environment = {name: value for name, value in os.environ.items() if name not in replaced}
        environment |= self._variables
        argv = [sys.executable, "-m", "cli.main", *arguments, "--home", str(home or self.home)]
        return await asyncio.to_thread(
            subprocess.run, argv, env=environment, capture_output=True, text=True, timeout=300, check=False
        )

    async def up(self, home: Path | None = None) -> subprocess.CompletedProcess[str]:
        return await self("up", "--detach", "--port-offset", str(self.offset), home=home)

    async def env(self) -> dict[str, str]:
        answer = await self("env", "--secrets", "--json")
        variables: dict[str, str] = json.loads(answer.stdout)
        return variables

    async def services(self) -> dict[str, dict[str, Any]]:
        answer = await self("status", "--json")
        services: dict[str, dict[str, Any]] = json.loads(answer.stdout)["services"]
        return services


@asynccontextmanager
async def running(home: Path, variables: Mapping[str, str] | None = None) -> AsyncIterator[Cli]:
    """A whole stack of its own, started, and stopped in the end."""
    cli = Cli(home, free_offset(), variables)
    started = await cli.up()
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield cli
    finally:
        await cli("down")


def free_offset() -> int:
    """An offset at which no port of a stack is taken, below the range for outgoing connections."""
    while True:
        offset = random.randrange(12_000, 22_000)
        ports = Ports.with_offset(offset)
        if all(is_free(getattr(ports, name)) for name in Ports.__slots__):
            return offset
