"""The whole fleet as fault tests use it: fed, killed, and asked what it made of that."""

import itertools
import os
import signal
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from contracts import envelope, topics
from contracts.envelope import Message
from tests.faults.driver import read_all, send
from tests.support import World, eventually
from tests.support.cli import Cli


async def kill(fleet: Cli, name: str) -> None:
    """Kill a process of the fleet with -9, and wait until it is back."""
    status = orjson.loads((await fleet("status", "--json")).stdout)
    processes = {**status["services"], **status["infrastructure"]}
    os.kill(processes[name]["pid"], signal.SIGKILL)
    restarts = processes[name]["restarts"]

    async def back() -> bool:
        now = orjson.loads((await fleet("status", "--json")).stdout)
        found = {**now["services"], **now["infrastructure"]}[name]
        return bool(found["restarts"] > restarts and found["live"])

    await eventually(back, 60, interval=0.2)


async def all_ready(fleet: Cli) -> None:
    """Wait until every service is ready and has nothing left to read."""

    async def ready() -> bool:
        services = await fleet.services()
        assert all(service["ready"] and service["lag"] == 0 for service in services.values()), services
        return True

    await eventually(ready, 120, interval=0.5)


async def outcomes_of(world: World, expected: int) -> dict[UUID, dict[str, Any]]:
    """The outcome of each command, when there are so many; later copies of one are the same."""

    async def all_decided() -> dict[UUID, dict[str, Any]]:
        found: dict[UUID, dict[str, Any]] = {}
        for record in await read_all(world, topics.BOOKING_OUTCOMES.name):
            outcome = orjson.loads(record.value)
            before = found.setdefault(UUID(outcome["command_id"]), outcome)
            assert before == outcome, "a later copy differs"
        assert len(found) >= expected, f"{len(found)} of {expected} decided"
        return found

    return await eventually(all_decided, 120, interval=0.5)


def first_copies(records: Sequence[Any]) -> list[dict[str, Any]]:
    """Each event once, in the order of the log; later copies of one are byte-identical."""
    copies: dict[UUID | None, Any] = {}
    for record in records:
        first = copies.setdefault(envelope.message_id(record.headers), record)
        same = (first.key, first.value, first.headers) == (record.key, record.value, record.headers)
        assert same, "a later copy differs"
    return [
        {"id": identifier, "type": dict(record.headers)["ce_type"].decode(), **orjson.loads(record.value)}
        for identifier, record in copies.items()
    ]


def replay(events: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The newest state of each appointment; versions are contiguous from 1, in the order of the log."""
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        if not event["type"].startswith("appointment."):
            continue
        known = states.get(event["appointment_id"], {"version": 0})
        assert event["version"] == known["version"] + 1, "a version is missing or doubled"
        states[event["appointment_id"]] = event["appointment"]
    return states


def nobody_is_in_two_places(states: Any) -> None:
    """No two open appointments of one person overlap."""
    busy: dict[str, list[tuple[datetime, datetime]]] = defaultdict(list)
    for state in states:
        if state["status"] in ("pending", "confirmed"):
            declined = {user for user, answer in state["confirmation_status"].items() if answer == "declined"}
            when = (datetime.fromisoformat(state["start_time"]), datetime.fromisoformat(state["end_time"]))
            for user in {state["organizer_id"], *state["participant_ids"]} - declined:
                busy[user].append(when)
    for ranges in busy.values():
        ranges.sort()
        assert all(one[1] <= next_[0] for one, next_ in itertools.pairwise(ranges)), "double-booked"


async def feed(world: World, commands: Iterable[Message], portion: int = 50) -> None:
    """Portion by portion for as long as the killing lasts; every producer waits for its acknowledgements."""
    messages = list(commands)
    for start in range(0, len(messages), portion):
        await send(world, messages[start : start + portion], enable_idempotence=True)


async def ask(world: World, service: str, query: str) -> list[asyncpg.Record]:
    """Ask a service's database."""
    connection = await asyncpg.connect(f"{world.database_url}_{service}")
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
