"""`appointments doctor`: check all that the stack needs, each check with its remedy."""

import os
import sys
from collections.abc import Iterable
from typing import Annotated

import typer

from cli.console import (
    EXIT_FAILED,
    HomeOption,
    JsonOption,
    environment_for,
    home_at,
    print_json_lines,
    say,
    with_examples,
)
from cli.operate.checks import Result, machine
from deploy.local.home import Home
from deploy.local.ports import Ports

_COLOURS = {True: "32", False: "1;31", None: "2"}


@with_examples("appointments doctor", "appointments doctor --port-offset 100")
def doctor(
    home: HomeOption = None,
    port_offset: Annotated[int, typer.Option(help="Check the ports of a stack with this offset.")] = 0,
    json: JsonOption = False,
) -> None:
    """Check what the stack needs, and name the remedy for what is wrong.

    Of this machine: Python, time zones, disk, Java, PostgreSQL, Kafka, ports. Of a running stack: its processes, Kafka,
    topics, schemas and clocks. Exit code 1: a check fails.
    """
    place = home_at(home)
    results = list(_all(place, home is not None, Ports.with_offset(port_offset)))
    if json:
        print_json_lines(
            {"check": one.name, "ok": one.ok, "remedy": None if one.ok else one.remedy} for one in results
        )
    else:
        for result in results:
            _show(result)
    if any(result.ok is False for result in results):
        raise typer.Exit(EXIT_FAILED)


def _all(place: Home, chosen: bool, ports: Ports) -> Iterable[Result]:
    record = place.running()
    environment = {} if chosen else os.environ
    yield from machine(
        place,
        ports,
        running=record is not None,
        own_kafka=not environment.get("KAFKA_BOOTSTRAP_SERVERS"),
        own_postgres=not environment.get("DATABASE_URL"),
    )
    if record is None and not environment.get("KAFKA_BOOTSTRAP_SERVERS"):
        yield Result("no stack is running: processes, topics, schemas and clocks were not checked", None)
        return
    yield from _of_servers(place, chosen)


def _of_servers(place: Home, chosen: bool) -> Iterable[Result]:
    """Check the servers; imported here, because a machine on which nothing starts yet shall get its answer, too."""
    from cli import kafka
    from cli.operate.server_checks import processes, servers
    from cli.stack.states import report_now

    path = place.path if chosen else None
    record = place.running()
    if (
        record is not None
        and record.urls["KAFKA_BOOTSTRAP_SERVERS"] == environment_for(path)["KAFKA_BOOTSTRAP_SERVERS"]
    ):
        yield from processes(report_now(record.processes))
    settings = kafka.settings_for(path)

    async def collected() -> list[Result]:
        return [result async for result in servers(settings)]

    yield from kafka.run(collected(), settings)


def _show(result: Result) -> None:
    word = f"{result.word:<4}"
    if sys.stdout.isatty():
        word = f"\033[{_COLOURS[result.ok]}m{word}\033[0m"
    remedy = f": {result.remedy}" if result.ok is False else ""
    say(f"{word}  {result.name}{remedy}")
