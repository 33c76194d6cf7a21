"""The Python processes of the stack: sandboxes and services, all with a health address."""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local.health import SILENT, document_of
from deploy.local.home import ProcessRecord
from deploy.local.ports import HOST, Ports
from deploy.local.process import Command
from deploy.local.report import Report, report_of

# Callers' requests go first: these two services are not in their path, and catch up after a lag.
_NICE = {"notifier": 10, "communication": 10}
_HEALTH_PATHS = {"ingress": "/health/appointments"}


@dataclass(frozen=True, slots=True)
class PythonProgram:
    """`python -m module` with `environment` on top of ours; ready when `health_url` answers 200."""

    name: str
    module: str
    environment: Mapping[str, str]
    health_url: str
    client: httpx.AsyncClient
    stop_signal: signal.Signals = signal.SIGTERM

    async def prepare(self) -> None:
        """Do nothing: no preparation is needed."""

    def command(self) -> Command:
        """Return the command of the module, under our interpreter, without modules of the current folder
        (-P).
        """
        argv = [sys.executable, "-P", "-m", self.module]
        return Command(argv, env=os.environ | self.environment, nice=_NICE.get(self.name, 0))

    async def ready(self) -> bool:
        """Return whether its health address answers 200."""
        return (await probe(self.client, self.health_url))["ready"] is True


async def probe(client: httpx.AsyncClient, url: str) -> dict[str, Any]:
    """Return a process's own account of its health; a process that does not answer is neither live nor ready."""
    try:
        response = await client.get(url)
    except (httpx.HTTPError, OSError):
        return dict(SILENT)
    return document_of(response.status_code, response.content)


async def ask_all(processes: list[ProcessRecord], client: httpx.AsyncClient) -> Report:
    """Return the report of these processes, each asked for its health now."""
    probed = [process for process in processes if process.pid is not None and process.health_url is not None]
    answers = await asyncio.gather(*(probe(client, str(process.health_url)) for process in probed))
    return report_of(
        processes, {process.name: answer for process, answer in zip(probed, answers, strict=True)}
    )


def health_url(name: str, ports: Ports) -> str:
    """Return the health address of a process."""
    return f"http://{HOST}:{getattr(ports, name)}{_HEALTH_PATHS.get(name, '/health')}"


def sandbox(
    name: str, home: Path, ports: Ports, shared: Mapping[str, str], client: httpx.AsyncClient
) -> PythonProgram:
    """Return the sandbox Identity Service or Communication Service, its data below `home`."""
    environment = {
        **shared,
        "PORT": str(getattr(ports, name)),
        f"{name.upper()}_HOME": str(home / name),
    }
    return PythonProgram(name, f"deploy.local.{name}", environment, health_url(name, ports), client)


def service(name: str, ports: Ports, shared: Mapping[str, str], client: httpx.AsyncClient) -> PythonProgram:
    """Return one of the five services."""
    port = str(getattr(ports, name))
    environment = {**shared, "PORT" if name == "ingress" else "HEALTH_PORT": port}
    return PythonProgram(name, f"services.{name}", environment, health_url(name, ports), client)
