"""The whole fleet under load, while its parts are killed one after the other: every promise at once.

The commands fight for time on purpose. At the end: one outcome for each command, contiguous versions, nobody in two
places at once, views equal to the events, one message for each delivery.
"""

import asyncio
import itertools
import os
import random
import signal
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import orjson
import pytest

from contracts import envelope, topics
from contracts.envelope import Envelope, Message
from tests.faults.driver import read_all, send
from tests.support import World, eventually
from tests.support.cli import Cli, free_offset

COMMANDS = 900
SLOTS = 40
VICTIMS = (
    "booking",
    "kafka",
    "notifier",
    "projector",
    "postgres",
    "reminders",
    "communication",
    "booking",
    "identity",
)
MONDAY = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=30)


@pytest.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    each_by_itself = {"DIGEST_THRESHOLD": "0"}  # forty messages a person, each to be accounted for
    cli = Cli(tmp_path_factory.mktemp("fleet"), free_offset(), each_by_itself)
    started = await cli.up()
    try:
        assert started.returncode == 0, started.stdout + started.stderr
        yield cli
    finally:
        await cli("down")


async def test_nothing_is_lost_doubled_or_double_booked(fleet: Cli) -> None:
    urls = await fleet.env()
    world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
    people = orjson.loads((await fleet("people", "--json")).stdout)
    commands = _commands([person for person in people if not person["email"].startswith("load")])
    feeding = asyncio.create_task(_feed(world, commands))
    for victim in VICTIMS:
        await _kill(fleet, victim)
    await feeding
    await _all_ready(fleet)
    outcomes = await _outcomes(world, len(commands))
    events = _first_copies(await read_all(world, topics.BOOKING_EVENTS.name))
    states = _replay(events)
    assert {head.id for head in commands.values()} == set(outcomes)
    accepted = [outcome for outcome in outcomes.values() if outcome["status"] == "accepted"]
    assert sum(len(outcome["event_ids"]) for outcome in accepted) == len(events)
    assert len(accepted) > SLOTS, "some were possible"
    assert len(accepted) < len(commands), "and some were not"
    _nobody_is_in_two_places(states.values())
    await _views_equal(world, states)
    await _messages_are_single(world, urls["COMMUNICATION_URL"], events)


def _commands(people: Sequence[dict[str, Any]]) -> dict[Message, Envelope]:
    """Creates that fight for a few slots, with confirms, moves and cancels of what may or may not exist."""
    chance = random.Random(7)
    by_organization: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for person in people:
        by_organization[person["organization_id"]].append(person)
    made: list[tuple[UUID, dict[str, Any]]] = []
    commands: dict[Message, Envelope] = {}
    for n in range(COMMANDS):
        kind = (
            "create"
            if n < COMMANDS // 3
            else chance.choice(["create", "confirm", "reschedule", "cancel", "update"])
        )
        organizer, guest, *_ = chance.sample(by_organization[chance.choice(list(by_organization))], 2)
        command_id = uuid4()
        start = MONDAY + timedelta(minutes=30 * chance.randrange(SLOTS))
        times = {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=45)).isoformat()}
        if kind == "create":
            body: dict[str, Any] = {**times, "title": f"Meeting {n}", "participant_ids": [guest["id"]]}
            made.append((uuid5(command_id, "appointment"), organizer))
        else:
            target, organizer = chance.choice(made)
            extra = times if kind == "reschedule" else {"title": f"Title {n}"} if kind == "update" else {}
            body = {"appointment_id": str(target), **extra}
        head = Envelope(
            id=command_id,
            type=f"appointment.{kind}",
            organization=UUID(organizer["organization_id"]),
            actor=organizer["id"],
        )
        commands[head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body))] = head
    return commands


async def _feed(world: World, commands: dict[Message, Envelope]) -> None:
    """Portion by portion for as long as the killing lasts; every producer waits for its acknowledgements."""
    messages = list(commands)
    for start in range(0, len(messages), 50):
        await send(world, messages[start : start + 50], enable_idempotence=True)


async def _kill(fleet: Cli, name: str) -> None:
    status = orjson.loads((await fleet("status", "--json")).stdout)
    processes = {**status["services"], **status["infrastructure"]}
    os.kill(processes[name]["pid"], signal.SIGKILL)
    restarts = processes[name]["restarts"]

    async def back() -> bool:
        now = orjson.loads((await fleet("status", "--json")).stdout)
        found = {**now["services"], **now["infrastructure"]}[name]
        return bool(found["restarts"] > restarts and found["live"])

    await eventually(back, 60, interval=0.2)


async def _all_ready(fleet: Cli) -> None:
    async def ready() -> bool:
        services = await fleet.services()
        assert all(service["ready"] and service["lag"] == 0 for service in services.values()), services
        return True

    await eventually(ready, 120, interval=0.5)


async def _outcomes(world: World, expected: int) -> dict[UUID, dict[str, Any]]:
    async def all_decided() -> dict[UUID, dict[str, Any]]:
        found: dict[UUID, dict[str, Any]] = {}
        for record in await read_all(world, topics.BOOKING_OUTCOMES.name):
            outcome = orjson.loads(record.value)
            before = found.setdefault(UUID(outcome["command_id"]), outcome)
            assert before == outcome, "a later copy differs"
        assert len(found) >= expected, f"{len(found)} of {expected} decided"
        return found

    return await eventually(all_decided, 120, interval=0.5)


def _first_copies(records: Sequence[Any]) -> list[dict[str, Any]]:
    copies: dict[UUID | None, Any] = {}
    for record in records:
        first = copies.setdefault(envelope.message_id(record.headers), record)
        same = (first.key, first.value, first.headers) == (record.key, record.value, record.headers)
        assert same, "a later copy differs"
    return [
        {"id": identifier, "type": dict(record.headers)["ce_type"].decode(), **orjson.loads(record.value)}
        for identifier, record in copies.items()
    ]


def _replay(events: Sequence[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The newest state of each appointment; versions are contiguous from 1, in the order of the log."""
    states: dict[str, dict[str, Any]] = {}
    for event in events:
        known = states.get(event["appointment_id"], {"version": 0})
        assert event["version"] == known["version"] + 1, "a version is missing or doubled"
        states[event["appointment_id"]] = event["appointment"]
    return states


def _nobody_is_in_two_places(states: Any) -> None:
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


async def _views_equal(world: World, states: dict[str, dict[str, Any]]) -> None:
    async def equal() -> bool:
        rows = await _ask(world, "projector", "SELECT id, version, status FROM views.appointments")
        shown = {str(row["id"]): (row["version"], row["status"]) for row in rows}
        assert shown == {key: (state["version"], state["status"]) for key, state in states.items()}
        return True

    await eventually(equal, 30)


async def _messages_are_single(world: World, communication: str, events: Sequence[dict[str, Any]]) -> None:
    """Every delivery ends; each that was sent had exactly one effect; each creation reached its organizer's inbox."""
    open_states = ["planned", "held", "retrying"]

    async def drained() -> bool:
        rows = await _ask(world, "notifier", "SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        counts = {row["state"]: row["n"] for row in rows}
        assert not any(counts.get(state) for state in open_states), counts
        return True

    await eventually(drained, 240, interval=1)
    async with httpx.AsyncClient(timeout=30) as client:
        messages = (await client.get(f"{communication}/sandbox/messages", params={"limit": 100_000})).json()
    keys = [message["idempotency_key"] for message in messages]
    assert len(keys) == len(set(keys)), "one effect for each key"
    rows = await _ask(
        world, "notifier", "SELECT id, type, recipient_id, channel, event_id, state FROM deliveries"
    )
    sent = {str(row["id"]) for row in rows if row["state"] in ("sent", "delivered", "failed", "bounced")}
    assert sent <= set(keys), "what counts as sent has arrived"
    told = {(row["event_id"], row["type"], row["recipient_id"], row["channel"]) for row in rows}
    assert len(told) == len(rows), "nobody is told twice of the same"
    for event in events:
        if event["type"] == "appointment.created":
            organizer = UUID(event["appointment"]["organizer_id"])
            assert (event["id"], "appointment_created", organizer, "in_app") in told


async def _ask(world: World, service: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(f"{world.database_url}_{service}")
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
