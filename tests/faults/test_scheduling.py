"""Series, seats and holds, while booking and the projector are killed with -9 again and again.

At the end: one outcome for each command, contiguous versions, each start of a series one appointment, nobody in two
places at once, no more people than seats and nobody waiting beside a free one, and views equal to booking's tables.
"""

import asyncio
import itertools
import random
from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import orjson
import pytest

from contracts import topics
from contracts.envelope import Envelope, Message
from tests.faults.driver import read_all
from tests.faults.fleet import (
    all_ready,
    ask,
    feed,
    first_copies,
    kill,
    nobody_is_in_two_places,
    outcomes_of,
    replay,
)
from tests.support import World, eventually
from tests.support.cli import Cli, running

JSON = dict[str, Any]
SERIES, EDITS, GROUPS, SEATS, HOLDS = 40, 120, 6, 4, 40
VICTIMS = ("booking", "projector")
MORNING = datetime.now(UTC).replace(hour=6, minute=0, second=0, microsecond=0) + timedelta(days=30)
EVENING = MORNING + timedelta(hours=14)


@pytest.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with running(tmp_path_factory.mktemp("fleet")) as cli:
        yield cli


async def test_nothing_is_lost_doubled_overlapping_or_overfull(fleet: Cli) -> None:
    urls = await fleet.env()
    world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
    people = orjson.loads((await fleet("people", "--json")).stdout)
    commands = _commands(people)
    feeding = asyncio.create_task(feed(world, commands, portion=3))  # as long as the killing lasts
    for victim in itertools.cycle(VICTIMS):
        await kill(fleet, victim)
        if feeding.done():
            break
    await feeding
    await all_ready(fleet)
    outcomes = await outcomes_of(world, len(commands))
    assert {head.id for head in commands.values()} == set(outcomes)
    events = first_copies(await read_all(world, topics.BOOKING_EVENTS.name))
    assert sum(len(outcome["event_ids"]) for outcome in outcomes.values()) == len(events)
    _some_of_each_were_possible(commands, outcomes)
    states = replay(events)
    nobody_is_in_two_places(states.values())
    _each_start_is_one_appointment(states, events)
    _seats_are_exact(states, commands, outcomes)
    await _views_equal_tables(world, states)


def _commands(people: Sequence[JSON]) -> dict[Message, Envelope]:
    """Commands that compete for the mornings of a few people, and in between for seats in the evenings."""
    chance = random.Random(11)
    ours = people[0]["organization_id"]
    named = [one for one in people if one["organization_id"] == ours and not one["email"].startswith("load")]
    load = [one for one in people if one["organization_id"] == ours and one["email"].startswith("load")]
    streams = [
        list(_series(chance, named)),
        list(_seats(chance, named[0], load)),
        list(_holds(chance, load[200:])),
    ]
    made: list[tuple[Message, Envelope]] = []
    while any(streams):
        stream = chance.choice([one for one in streams if one])
        made.append(stream.pop(0))
    return dict(made)


def _series(chance: random.Random, people: Sequence[JSON]) -> Iterator[tuple[Message, Envelope]]:
    """Series that get into each other's way, and edits of one, of those that follow, of all."""
    known: list[tuple[UUID, JSON, datetime]] = []
    for number in range(SERIES + EDITS):
        if number < SERIES // 2 or (number % 4 == 0 and len(known) < SERIES):
            organizer, guest = chance.sample(people, 2)
            start = MORNING + timedelta(minutes=30 * chance.randrange(10))
            body = _times(start, 45) | {
                "title": f"Series {number}",
                "timezone": "UTC",
                "participant_ids": [guest["id"]],
                "recurring_pattern": {"rrule": f"FREQ=DAILY;COUNT={chance.randrange(2, 9)}"},
                "on_conflict": chance.choice(["skip", "skip", "refuse"]),
            }
            message, head = _command("create", organizer, body)
            known.append((head.id, organizer, start))
            yield message, head
            continue
        identifier, organizer, start = chance.choice(known)
        yield _edit(chance, identifier, organizer, start, number)


def _edit(
    chance: random.Random, identifier: UUID, organizer: JSON, start: datetime, number: int
) -> tuple[Message, Envelope]:
    original = start + timedelta(days=chance.randrange(4))
    later = uuid5(uuid5(identifier, "series"), original.isoformat().replace("+00:00", "Z"))
    target = chance.choice([uuid5(identifier, "appointment"), later])
    kind = chance.choice(["update", "update", "reschedule", "confirm", "cancel"])
    extra: JSON = {"scope": chance.choice(["this", "following", "all"])}
    if kind == "update":
        extra["title"] = f"Title {number}"
    if kind == "reschedule":
        extra |= _times(original + timedelta(minutes=30 * chance.randrange(-4, 5)), 45)
    return _command(kind, organizer, {"appointment_id": str(target), **extra})


def _seats(
    chance: random.Random, organizer: JSON, people: Sequence[JSON]
) -> Iterator[tuple[Message, Envelope]]:
    """Groups with few seats; of each, others come and go than of the next."""
    groups: list[tuple[UUID, Sequence[JSON]]] = []
    for number in range(GROUPS):
        body = _times(EVENING + timedelta(days=number), 60) | {"title": f"Group {number}", "seats": SEATS}
        message, head = _command("create", organizer, body)
        groups.append((uuid5(head.id, "appointment"), people[number * 20 : number * 20 + 12]))
        yield message, head
    for _ in range(GROUPS * 40):
        group, members = chance.choice(groups)
        kind = chance.choice(["join", "join", "leave"])
        extra = {"wait": chance.random() < 0.5} if kind == "join" else {}
        yield _command(kind, chance.choice(members), {"appointment_id": str(group), **extra})


def _holds(chance: random.Random, people: Sequence[JSON]) -> Iterator[tuple[Message, Envelope]]:
    """Time that is held, and then given free, booked by its owner, or left."""
    for number in range(HOLDS):
        owner, guest = chance.sample(people[:30], 2)
        times = _times(MORNING + timedelta(minutes=30 * chance.randrange(12)), 30)
        body = {**times, "participant_ids": [guest["id"]], "expires_in": 600}
        message, head = _command("place", owner, body, "hold")
        yield message, head
        hold = str(uuid5(head.id, "hold"))
        match chance.randrange(3):
            case 0:
                yield _command("release", owner, {"hold_id": hold}, "hold")
            case 1:
                asked = {
                    **times,
                    "participant_ids": [guest["id"]],
                    "title": f"Held {number}",
                    "hold_id": hold,
                }
                yield _command("create", owner, asked)


def _times(start: datetime, minutes: int) -> JSON:
    return {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=minutes)).isoformat()}


def _command(kind: str, actor: JSON, body: JSON, of: str = "appointment") -> tuple[Message, Envelope]:
    head = Envelope(
        id=uuid4(), type=f"{of}.{kind}", organization=UUID(actor["organization_id"]), actor=actor["id"]
    )
    return head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body)), head


def _some_of_each_were_possible(commands: dict[Message, Envelope], outcomes: dict[UUID, JSON]) -> None:
    accepted = {head.type for head in commands.values() if outcomes[head.id]["status"] == "accepted"}
    assert accepted == {head.type for head in commands.values()}, "some of each kind were accepted"
    codes = {outcome.get("code") for outcome in outcomes.values()}
    assert {"conflict", "full"} <= codes, "and some were not"
    assert not codes & {"malformed", "invalid", "unknown_user"}, codes


def _each_start_is_one_appointment(states: dict[str, JSON], events: Sequence[JSON]) -> None:
    named = [
        (one["series_id"], one["original_start_time"]) for one in states.values() if one.get("series_id")
    ]
    assert len(named) > SERIES
    assert len(named) == len(set(named)), "an occurrence stands twice"
    versions: dict[str, int] = {}
    for event in events:
        if event["type"] == "series.changed":
            assert event["version"] == versions.get(event["series_id"], 0) + 1, (
                "a version of a series is missing"
            )
            versions[event["series_id"]] = event["version"]
    assert {series for series, _ in named} == versions.keys()


def _seats_are_exact(
    states: dict[str, JSON], commands: dict[Message, Envelope], outcomes: dict[UUID, JSON]
) -> None:
    groups = [one for one in states.values() if one.get("seats")]
    assert len(groups) == GROUPS
    for group in groups:
        seated = [one for one, response in group["confirmation_status"].items() if response != "declined"]
        assert len(seated) <= SEATS, "more people than seats"
        assert not group["waiting"] or len(seated) == SEATS, "somebody waits beside a free seat"
        assert not set(group["waiting"]) & set(seated), "somebody waits who has a seat"


async def _views_equal_tables(world: World, states: dict[str, JSON]) -> None:
    """Appointments, series and holds, as booking has them and as the projector shows them."""

    async def equal() -> bool:
        for booking, shown in _COMPARED:
            there = {tuple(row) for row in await ask(world, "booking", booking)}
            assert there == {tuple(row) for row in await ask(world, "projector", shown)}, booking
        return True

    await eventually(equal, 60, 0.5)
    rows = await ask(world, "booking", "SELECT id, state FROM appointments")
    assert {str(row["id"]) for row in rows} == states.keys()
    rows = await ask(world, "booking", "SELECT appointment_id FROM occurrences")
    named = {key for key, one in states.items() if one.get("series_id")}
    assert {str(row["appointment_id"]) for row in rows} == named


_COMPARED = (
    (
        "SELECT id, version, status, start_time, end_time FROM appointments",
        "SELECT id, version, status, start_time, end_time FROM views.appointments",
    ),
    ("SELECT id, version FROM series", "SELECT id, version FROM views.series"),
    (
        "SELECT id, expires_at FROM holds WHERE expires_at > now()",
        "SELECT id, expires_at FROM views.holds WHERE expires_at > now()",
    ),
    (
        "SELECT appointment_id, user_id FROM occupancy",
        """
        SELECT appointment_id, user_id FROM views.attendees
        WHERE status IN ('pending', 'confirmed') AND response NOT IN ('declined', 'waiting')
        """,
    ),
)
