"""`appointments up`: run the whole stack, in the foreground with a live board or detached."""

import asyncio
import logging
import math
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.console import (
    EXIT_ALREADY_RUNNING,
    EXIT_FAILED,
    EXIT_NOT_READY,
    EXIT_PORTS_TAKEN,
    HomeOption,
    fail,
    home_at,
    say,
    warn,
    with_examples,
)
from cli.stack.addresses import addresses
from cli.stack.display import Display, display_for, token_to_try
from cli.stack.logs import last_lines
from cli.stack.patience import late, sentence_about
from deploy.local.home import AlreadyRunning, Home, ProcessRecord, StackRecord
from deploy.local.ports import Ports
from deploy.local.process import NotReady
from deploy.local.stack import PortsTaken, Stack, external_servers
from deploy.local.supervisor import HOPELESS_STARTS

_LEAVING_SECONDS = 15.0


@with_examples(
    "appointments up",
    "appointments up --detach",
    "appointments up --home /tmp/second --port-offset 100",
)
def up(
    home: HomeOption = None,
    port_offset: Annotated[int, typer.Option(help="Add this to every port, for a stack beside another.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready.")] = False,
    timeout: Annotated[
        float,
        typer.Option(
            min=1, metavar="SECONDS", help="Wait so long after the last progress of a service that starts."
        ),
    ] = 90.0,
) -> None:
    """Start the whole stack and show a board; Ctrl-C stops it and keeps the data.

    The stack is PostgreSQL, Kafka, the sandboxes and the five services; KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL
    replace the embedded servers. A service that is slow is named with its log, and the rest goes on. Exit codes with
    --detach: 0 started, 1 it could not start, 3 it runs already, 5 ports are taken, 6 a service keeps ending.
    """
    os.umask(0o077)  # logs, appointments and messages are for nobody else, whatever process writes them
    place = home_at(home)
    if detach:
        _start_detached(place, port_offset, timeout)
    else:
        _run(place, Ports.with_offset(port_offset), timeout)


def _run(place: Home, ports: Ports, timeout: float) -> None:
    try:
        with place.owned():
            logging.basicConfig(
                filename=_log(place, "supervisor"), level=logging.INFO, format=_LOG_FORMAT, force=True
            )
            stack = Stack(place, ports, external_servers(place, os.environ))
            asyncio.run(_until_stopped(stack, timeout))
    except AlreadyRunning:
        _already_running(place)
    except PortsTaken as error:
        fail(f"{error}. Stop that program, or choose other ports with --port-offset.", EXIT_PORTS_TAKEN)
    except NotReady as error:
        fail(str(error), EXIT_FAILED)


_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


async def _until_stopped(stack: Stack, timeout: float) -> None:
    await _ports_free(stack)
    stack.publish("starting")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):  # nohup
            loop.add_signal_handler(number, stop.set)
    with display_for(stack) as display:
        try:
            running = asyncio.create_task(_start_and_show(stack, display, timeout))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if running.done():
                running.result()
            running.cancel()
        finally:
            display.note("stopping …")
            await stack.stop()


async def _start_and_show(stack: Stack, display: Display, timeout: float) -> None:
    """Start, show when all is ready or who is late, and keep showing; ends only by an error or by being
    cancelled.
    """
    began = time.monotonic()
    showing = asyncio.create_task(display.follow())
    try:
        await stack.start()
        if missing := await late(stack.members.values(), timeout):
            for member in missing:
                display.note(sentence_about(member))
            stack.publish("slow")
            await late(stack.members.values(), math.inf)  # a person may mend the one that keeps ending
        stack.publish("ready")
        display.ready(time.monotonic() - began, await token_to_try(stack.urls))
        await showing
    finally:
        showing.cancel()


async def _ports_free(stack: Stack) -> None:
    """Raise PortsTaken at once, or, after an `up` that was killed, once its children had time to leave."""
    last = stack.home.read()
    orphans = last is not None and last.phase != "stopped"
    until = time.monotonic() + (_LEAVING_SECONDS if orphans else 0)
    while True:
        try:
            return stack.check_ports()
        except PortsTaken:
            if time.monotonic() >= until:
                raise
        await asyncio.sleep(0.2)


def _already_running(place: Home) -> None:
    record = place.running()
    say(f"A stack is already running at {place.path}" + (f" (pid {record.pid})." if record else "."))
    _show_addresses(record, place)
    say("Stop it with: appointments down")
    raise typer.Exit(EXIT_ALREADY_RUNNING)


def _start_detached(place: Home, port_offset: int, timeout: float) -> None:
    if place.owner() is not None:
        _already_running(place)
    log = _log(place, "up")
    argv = [
        sys.executable,
        "-P",
        "-m",
        "cli.main",
        "up",
        "--home",
        str(place.path),
        "--timeout",
        str(timeout),
    ]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*argv, "--port-offset", str(port_offset)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    record = _wait_until_started(place, process)
    if record is None:
        sys.stderr.write(log.read_text(errors="replace"))
        raise typer.Exit(process.returncode or EXIT_FAILED)
    _show_addresses(record, place)
    if record.phase == "slow":
        _name_late([one for one in record.processes if one.state != "ready"])


def _show_addresses(record: StackRecord | None, place: Home) -> None:
    for name, value in addresses(record.urls) if record else ():
        say(f"{name:<14}{value}")
    say(f"{'logs':<14}{place.logs}")


def _name_late(processes: list[ProcessRecord]) -> None:
    """Name each process that is not ready, with its log; exit with 6 if one of them keeps ending."""
    for one in processes:
        lines = "\n".join(f"  {line}" for line in last_lines(Path(one.log), 5)) or "  (empty)"
        warn(f"{one.name} is not ready yet ({one.state}). Its log {one.log} ends:\n{lines}")
    ending = [one.name for one in processes if one.pid is None or one.restarts >= HOPELESS_STARTS]
    if ending:
        fail(
            f"{', '.join(ending)} keeps ending; everything else goes on (stop it with: appointments down)",
            EXIT_NOT_READY,
        )
    warn("Everything else is ready. Wait for the rest with: appointments status --wait")


def _wait_until_started(place: Home, process: subprocess.Popen[bytes]) -> StackRecord | None:
    """Return the record once it says ready or slow; None when the process ended before."""
    while process.poll() is None:
        record = place.running()
        if record is not None and record.phase in ("ready", "slow"):
            return record
        time.sleep(0.1)
    return None


def _log(place: Home, name: str) -> Path:
    place.make()
    place.logs.mkdir(parents=True, exist_ok=True)
    return place.logs / f"{name}.log"
