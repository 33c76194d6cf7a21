"""The whole fleet under load, while its parts are killed one after the other: every promise at once.

The commands fight for time on purpose. At the end: one outcome for each command, contiguous versions, nobody in two
places at once, views equal to the events, one message for each delivery.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4, uuid5

import httpx
import orjson
import pytest

from contracts import topics
from contracts.envelope import Envelope, Message
from tests.faults.driver import read_all
from tests.faults.fleet import (
    all_ready,
    ask,
    first_copies,
    kill,
    nobody_is_in_two_places,
    replay,
)
from tests.faults.history import History, check_events, check_outcomes
from tests.support import World, eventually
from tests.support.cli import Cli, running

COMMANDS = 900
SLOTS = 40
PORTION = 50
PARTITIONS = 6
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
    async with running(tmp_path_factory.mktemp("fleet"), each_by_itself) as cli:
        yield cli


async def test_nothing_is_lost_doubled_or_double_booked(fleet: Cli, tmp_path: Path) -> None:
    urls = await fleet.env()
    world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
    people = orjson.loads((await fleet("people", "--json")).stdout)
    commands = _commands([person for person in people if not person["email"].startswith("load")])
    history = History(tmp_path / "history.ndjson")
    feeding = asyncio.create_task(history.feed(world, _with_repeats(commands)))
    for victim in VICTIMS:
        await kill(fleet, victim)
    await feeding
    await all_ready(fleet)
    outcomes = await _decided(world, history)
    events = first_copies(await read_all(world, topics.BOOKING_EVENTS.name))
    states = replay(events)
    assert {head.id for head in commands.values()} == set(outcomes)
    accepted = [outcome for outcome in outcomes.values() if outcome["status"] == "accepted"]
    check_events(outcomes, events)
    assert len(accepted) > SLOTS, "some were possible"
    assert len(accepted) < len(commands), "and some were not"
    nobody_is_in_two_places(states.values())
    await _views_equal(world, states)
    await _messages_are_single(world, urls["COMMUNICATION_URL"], events)


async def _decided(world: World, history: History) -> dict[UUID, dict[str, Any]]:
    async def all_decided() -> dict[UUID, dict[str, Any]]:
        return check_outcomes(history, await read_all(world, topics.BOOKING_OUTCOMES.name))

    return await eventually(all_decided, 120, interval=0.5)


def _with_repeats(commands: dict[Message, Envelope]) -> list[Message]:
    """The commands in their order; many come a second time later: as they are, on another partition, or changed."""
    chance = random.Random(11)
    sent: list[Message] = []
    later: list[Message] = []
    for number, (message, head) in enumerate(commands.items()):
        sent.append(message)
        match chance.choices(["once", "same", "elsewhere", "changed"], [80, 8, 8, 4])[0]:
            case "same":
                later.append(message)
            case "elsewhere":
                later.append(replace(message, partition=chance.randrange(PARTITIONS)))
            case "changed":
                body = orjson.loads(message.value or b"") | {"title": f"Something else than {head.id}"}
                later.append(replace(message, value=orjson.dumps(body)))
        if number % PORTION == PORTION - 1:
            sent += later
            later.clear()
    return sent + later


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


async def _views_equal(world: World, states: dict[str, dict[str, Any]]) -> None:
    async def equal() -> bool:
        rows = await ask(world, "projector", "SELECT id, version, status FROM views.appointments")
        shown = {str(row["id"]): (row["version"], row["status"]) for row in rows}
        assert shown == {key: (state["version"], state["status"]) for key, state in states.items()}
        return True

    await eventually(equal, 30)


async def _messages_are_single(world: World, communication: str, events: Sequence[dict[str, Any]]) -> None:
    """Every delivery ends; each that was sent had exactly one effect; each creation reached its organizer's inbox."""
    open_states = ["planned", "held", "retrying"]

    async def drained() -> bool:
        rows = await ask(world, "notifier", "SELECT state, count(*) AS n FROM deliveries GROUP BY state")
        counts = {row["state"]: row["n"] for row in rows}
        assert not any(counts.get(state) for state in open_states), counts
        return True

    await eventually(drained, 240, interval=1)
    async with httpx.AsyncClient(timeout=30) as client:
        messages = (await client.get(f"{communication}/sandbox/messages", params={"limit": 100_000})).json()
    keys = [message["idempotency_key"] for message in messages]
    assert len(keys) == len(set(keys)), "one effect for each key"
    rows = await ask(
        world, "notifier", "SELECT id, type, recipient_id, channel, event_id, state FROM deliveries"
    )
    sent = {str(row["id"]) for row in rows if row["state"] in ("sent", "delivered", "failed", "bounced")}
    assert sent <= set(keys), "what counts as sent has arrived"
    notified = {(row["event_id"], row["type"], row["recipient_id"], row["channel"]) for row in rows}
    assert len(notified) == len(rows), "no notification is planned twice"
    for event in events:
        if event["type"] == "appointment.created":
            organizer = UUID(event["appointment"]["organizer_id"])
            assert (event["id"], "appointment_created", organizer, "in_app") in notified
