"""`appointments restart`: end one process of the running stack, so that its supervisor starts it again."""

import os
import signal
import time
from typing import Annotated

import typer

from cli.console import (
    EXIT_NOT_READY,
    EXIT_USAGE,
    HomeOption,
    fail,
    running_stack,
    say,
    unknown,
    with_examples,
)
from cli.stack.states import report_now
from deploy.local.home import ProcessRecord

_POLL_SECONDS = 0.2
_STOP_SIGNALS = {"postgres": signal.SIGINT}  # its fast shutdown


@with_examples("appointments restart booking")
def restart(
    service: Annotated[
        str, typer.Argument(metavar="PROCESS", help="For example booking; see `appointments status`.")
    ],
    timeout: Annotated[
        float, typer.Option(min=1, metavar="SECONDS", help="Wait so long until it is ready.")
    ] = 90.0,
    home: HomeOption = None,
) -> None:
    """Restart one process of the running stack.

    It ends in order, its supervisor starts it again, and the command returns when it is ready. Exit code 6:
    it is not ready in time.
    """
    before = _process(home, service)
    if before.pid is None:
        fail(f"{service} is being started at this moment (see: appointments logs {service})", EXIT_NOT_READY)
    os.kill(before.pid, _STOP_SIGNALS.get(service, signal.SIGTERM))
    until = time.monotonic() + timeout
    while time.monotonic() < until:
        process = _process(home, service)
        if process.pid not in (None, before.pid) and report_now([process])[service]["ready"]:
            say(f"{service} is ready again (pid {process.pid})")
            return
        time.sleep(_POLL_SECONDS)
    fail(f"{service} is not ready after {timeout:g} s (see: appointments logs {service})", EXIT_NOT_READY)


def _process(home: HomeOption, name: str) -> ProcessRecord:
    processes = {process.name: process for process in running_stack(home).processes}
    return processes.get(name) or fail(unknown("process", name, processes), EXIT_USAGE)
