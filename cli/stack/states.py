"""The state of each process of the running stack, asked with nothing heavy imported."""

import time
from collections.abc import Iterable
from threading import Thread
from typing import Any

from cli.console import duration
from cli.stack.web import ask
from deploy.local.health import SILENT, document_of
from deploy.local.home import ProcessRecord
from deploy.local.report import Report, report_of

_ANSWER_WITHIN = 5.0  # seconds


def report_now(processes: Iterable[ProcessRecord]) -> Report:
    """Return the report of these processes, each asked for its health now."""
    known = list(processes)
    answers: dict[str, dict[str, Any]] = {}

    def look(process: ProcessRecord) -> None:
        answers[process.name] = _health(str(process.health_url))

    running = [process for process in known if process.pid is not None and process.health_url is not None]
    threads = [Thread(target=look, args=(process,)) for process in running]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return report_of(known, answers)


def _health(url: str) -> dict[str, Any]:
    try:
        answer = ask("GET", url, timeout=_ANSWER_WITHIN)
    except OSError:
        return dict(SILENT)
    return document_of(answer.status, answer.body)


def all_ready(report: Report) -> bool:
    """Return whether every process is ready."""
    return bool(report) and all(row["ready"] for row in report.values())


def word_of(row: dict[str, Any]) -> str:
    """Return the state of a process in one word."""
    if row["ready"]:
        return "ready"
    return "not-ready" if row["live"] and row["state"] == "ready" else str(row["state"])


def trouble(row: dict[str, Any]) -> str:
    """Return the waits, the servers that are down and the halted partitions of a process; empty when all is
    well.
    """
    halted = [
        f"{place['topic']}/{place['partition']} halted: {place['reason']}"
        for place in row.get("halted") or []
    ]
    waiting = [f"waiting for {name}" for name in row.get("waiting") or []]
    down = [f"{name} is down" for name in row.get("down") or []]
    return "; ".join([*waiting, *down, *halted])


def uptime(row: dict[str, Any]) -> str:
    """Return for how long a process has been running, to its largest unit."""
    if row.get("started_at") is None:
        return ""
    return duration(max(0, int(time.time() - row["started_at"])))
