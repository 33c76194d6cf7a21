"""`appointments up`: run the whole stack, in the foreground with a live board or detached."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from cli.console import EXIT_ALREADY_RUNNING, EXIT_FAILED, EXIT_PORTS_TAKEN, HomeOption, fail, home_at, say
from cli.stack.display import Display, display_for, summary, token_to_try
from deploy.local.home import AlreadyRunning, Home, StackRecord
from deploy.local.ports import Ports
from deploy.local.process import NotReady
from deploy.local.stack import External, PortsTaken, Stack

_SERVICES_SECONDS = 90.0
_LEAVING_SECONDS = 15.0


def up(
    home: HomeOption = None,
    port_offset: Annotated[int, typer.Option(help="Added to every port: a stack beside another.")] = 0,
    detach: Annotated[bool, typer.Option("--detach", "-d", help="Return when all is ready.")] = False,
    strict: Annotated[bool, typer.Option(hidden=True, help="Give up when a service is not ready.")] = False,
) -> None:
    """Start PostgreSQL, Kafka, the sandboxes and the five services; Ctrl-C stops them and keeps the data.

    KAFKA_BOOTSTRAP_SERVERS and DATABASE_URL replace the embedded servers.
    """
    place = home_at(home)
    if detach:
        _start_detached(place, port_offset)
    else:
        _run(place, Ports.with_offset(port_offset), strict)


def _run(place: Home, ports: Ports, strict: bool) -> None:
    try:
        with place.owned():
            logging.basicConfig(
                filename=_log(place, "supervisor"), level=logging.INFO, format=_LOG_FORMAT, force=True
            )
            asyncio.run(_until_stopped(Stack(place, ports, External.of(os.environ)), strict))
    except AlreadyRunning:
        _already_running(place)
    except PortsTaken as error:
        fail(f"{error}. Stop that program, or choose other ports with --port-offset.", EXIT_PORTS_TAKEN)
    except NotReady as error:
        fail(str(error), EXIT_FAILED)


_LOG_FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


async def _until_stopped(stack: Stack, strict: bool) -> None:
    await _ports_free(stack)
    stack.publish("starting")
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if (number, signal.getsignal(number)) != (signal.SIGHUP, signal.SIG_IGN):  # nohup
            loop.add_signal_handler(number, stop.set)
    with display_for(stack) as display:
        try:
            running = asyncio.create_task(_start_and_show(stack, display, strict))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
            stopping.cancel()
            if running.done():
                running.result()
            running.cancel()
        finally:
            display.note("stopping …")
            await stack.stop()


async def _start_and_show(stack: Stack, display: Display, strict: bool) -> None:
    """Start, tell when all is ready, and keep showing; ends only by an error or by being cancelled."""
    began = time.monotonic()
    showing = asyncio.create_task(display.follow())
    try:
        await stack.start()
        try:
            await stack.wait_ready(list(stack.members), _SERVICES_SECONDS)
        except NotReady as error:
            if strict:
                raise
            display.note(str(error))
        else:
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
    lines = summary(record.urls) if record else []
    say(f"A stack is already running at {place.path}" + (f" (pid {record.pid})." if record else "."))
    for name, value in lines:
        say(f"{name:<24}{value}")
    say("Stop it with: appointments down")
    raise typer.Exit(EXIT_ALREADY_RUNNING)


def _start_detached(place: Home, port_offset: int) -> None:
    if place.owner() is not None:
        _already_running(place)
    log = _log(place, "up")
    argv = [sys.executable, "-P", "-m", "cli.main", "up", "--strict", "--home", str(place.path)]
    with log.open("wb") as output:
        process = subprocess.Popen(  # noqa: S603 - our own interpreter and module
            [*argv, "--port-offset", str(port_offset)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    record = _wait_until_ready(place, process)
    if record is None:
        sys.stderr.write(log.read_text(errors="replace"))
        raise typer.Exit(process.returncode or EXIT_FAILED)
    for name, value in summary(record.urls):
        say(f"{name:<24}{value}")
    say(f"{'logs':<24}{place.logs}")


def _wait_until_ready(place: Home, process: subprocess.Popen[bytes]) -> StackRecord | None:
    """The record once it says ready; None when the process ended before (it gives up by itself in time)."""
    while process.poll() is None:
        record = place.running()
        if record is not None and record.phase == "ready":
            return record
        time.sleep(0.1)
    return None


def _log(place: Home, name: str) -> Path:
    place.logs.mkdir(parents=True, exist_ok=True)
    return place.logs / f"{name}.log"
