"""Status of every process of a running stack: from the supervisor, and from its health address."""

import asyncio
from typing import Any

import httpx

from deploy.local.home import ProcessRecord
from deploy.local.programs import SERVICES, probe
from deploy.local.supervisor import State

Report = dict[str, dict[str, Any]]


async def ask_all(processes: list[ProcessRecord], client: httpx.AsyncClient) -> Report:
    """Return by process: pid, state, restarts, log, live, ready, and for services lag and further details."""
    answers = await asyncio.gather(*(_ask(process, client) for process in processes))
    return {process.name: answer for process, answer in zip(processes, answers, strict=True)}


def services_of(report: Report) -> Report:
    """Return the five services of a report."""
    return {name: report[name] for name in SERVICES if name in report}


async def _ask(process: ProcessRecord, client: httpx.AsyncClient) -> dict[str, Any]:
    known: dict[str, Any] = {
        "pid": process.pid,
        "state": process.state,
        "restarts": process.restarts,
        "log": process.log,
    }
    lag = {"lag": None} if process.name in SERVICES else {}
    if process.pid is None:
        return {**lag, **known, "live": False, "ready": False}
    if process.health_url is None:
        return {**known, "live": True, "ready": process.state == State.READY}
    return {**lag, **await probe(client, process.health_url), **known}
