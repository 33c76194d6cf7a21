"""The state of every process of a running stack: the supervisor's record, and each process's own account."""

from collections.abc import Iterable, Mapping
from typing import Any

from deploy.local.health import SILENT
from deploy.local.home import ProcessRecord
from deploy.local.ports import SERVICES

Report = dict[str, dict[str, Any]]


def report_of(processes: Iterable[ProcessRecord], answers: Mapping[str, Mapping[str, Any]]) -> Report:
    """Return for each process by name: pid, state, restarts, log, start, live, ready, and for services lag and more.

    `answers`: the health documents of those that were asked, by name.
    """
    return {process.name: _row(process, answers.get(process.name, SILENT)) for process in processes}


def services_of(report: Report) -> Report:
    """Return the five services out of a report."""
    return {name: report[name] for name in SERVICES if name in report}


def _row(process: ProcessRecord, answer: Mapping[str, Any]) -> dict[str, Any]:
    known: dict[str, Any] = {
        "pid": process.pid,
        "state": process.state,
        "restarts": process.restarts,
        "log": process.log,
        "started_at": process.started_at,
    }
    lag = {"lag": None} if process.name in SERVICES else {}
    if process.pid is None:
        return {**lag, **known, **SILENT}
    if process.health_url is None:
        return {**known, "live": True, "ready": process.state == "ready"}
    return {**lag, **answer, **known}
