"""Notifications while the Communication Service is ill in every way it knows, and notifier and reminders are killed.

People book, move, call off and announce; reminders fall due in the midst of it. At the end, with the service well: every
delivery has an end or waits for a reason, what counts as sent has arrived, nobody is told twice of the same, and nobody
is reminded of what they were told is cancelled.
"""

import asyncio
import itertools
import os
import signal
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import httpx
import orjson
import pytest

from contracts import envelope, topics
from contracts.envelope import Envelope
from deploy.local.home import Home, ProcessRecord
from tests.faults.driver import read_all, send
from tests.support import World, eventually
from tests.support.cli import Cli, running

STORIES = 60
GROUP = 40
EVERY = 0.2  # seconds between two stories
REMINDED_AFTER = 6.0
DAY_BEFORE = {"email": [1440], "in_app": [1440]}
TIMEOUT = 1.0
QUICKLY = {
    "COMMUNICATION_TIMEOUT": str(TIMEOUT),
    "QUICK_TRIES": "2",
    "QUICK_WAIT_MIN": "0.2",
    "QUICK_WAIT_MAX": "0.4",
    "RETRY_FIRST": "1",
    "RETRY_NEXT": "0.5",
    "RETRY_MAX_ATTEMPTS": "6",
    "BREAKER_RECOVERY": "0.5",
    "RECOVERY_SPREAD": "0.5",
    "LEASE": "3",
    "OUTBOX_ADOPT_AFTER": "3",
    "DIGEST_THRESHOLD": "0",
}
ILLS: tuple[dict[str, Any], ...] = (
    {"status": 500, "rate": 0.2},
    {"status": None, "hang": True, "rate": 0.3},
    {"status": 429, "retry_after": 1, "rate": 0.5},
    {"status": None, "drop_after_accept": True, "rate": 0.5},
    {"status": None, "latency_ms": 600, "rate": 0.7},
    {"status": 503, "rate": 1.0},
)
ILL_SECONDS = 1.5
VICTIMS = ("notifier", "reminders")
ENDED = frozenset(("sent", "delivered", "bounced", "expired", "dead_lettered", "failed", "held"))
ARRIVED = frozenset(("sent", "delivered", "bounced"))

Notice = tuple[str, str, str, str]
"""Appointment, type, channel, recipient."""


@dataclass(frozen=True, slots=True)
class Story:
    """One appointment, mostly of two people; `ending` says what becomes of it."""

    number: int
    organizer: dict[str, Any]
    guests: Sequence[dict[str, Any]]
    create_id: UUID
    ending: str

    @property
    def appointment(self) -> str:
        return str(uuid5(self.create_id, "appointment"))


@pytest.fixture(scope="module")
async def fleet(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Cli]:
    async with running(tmp_path_factory.mktemp("notifications"), QUICKLY) as cli:
        yield cli


async def test_everything_comes_to_one_end_and_no_notice_arrives_twice(fleet: Cli) -> None:
    urls = await fleet.env()
    world = World(urls["KAFKA_BOOTSTRAP_SERVERS"], urls["DATABASE_URL"], "")
    people = orjson.loads((await fleet("people", "--json")).stdout)
    stories = _stories(people)
    undisturbed = [guest for story in stories[:4] for guest in story.guests]
    quiet = {guest["id"] for guest in undisturbed}
    await _wish_for_quiet(world, undisturbed)
    telling = asyncio.create_task(_tell_all(world, stories))
    async with httpx.AsyncClient(base_url=urls["COMMUNICATION_URL"], timeout=30) as communication:
        await _make_ill(communication, fleet, telling)
        commands = await telling
        await communication.delete("/sandbox/faults")
        await _all_read(fleet)
        deliveries = await _all_ended(world)
        messages = (await communication.get("/sandbox/messages", params={"limit": 100_000})).json()
    await _one_outcome_each(world, commands)
    _waits_only_for_a_reason(deliveries, quiet, messages)
    arrived = _arrived(messages)
    await _noted_sends_have_arrived(world, deliveries, arrived)
    _no_notice_arrives_twice(deliveries, arrived)
    _no_reminder_after_the_cancellation(messages)
    _everybody_heard(stories, deliveries)


def _stories(people: Sequence[dict[str, Any]]) -> list[Story]:
    """Pairs of an organization, so that nobody is ever busy, and one group."""
    by_organization: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for person in people:
        by_organization[person["organization_id"]].append(person)
    pairs = [pair for them in by_organization.values() for pair in zip(them[::2], them[1::2], strict=False)]
    endings = itertools.cycle(("kept", "moved", "called off when due", "announced", "called off after"))
    stories = [
        Story(number, organizer, [guest], uuid4(), ending)
        for number, ((organizer, guest), ending) in enumerate(zip(pairs[:STORIES], endings, strict=False))
    ]
    (organizer, guest), *more = pairs[STORIES : STORIES + GROUP // 2]
    guests = [guest, *itertools.chain.from_iterable(more)]
    return [*stories, Story(STORIES // 4, organizer, guests, uuid4(), "announced")]


async def _tell_all(world: World, stories: Sequence[Story]) -> set[UUID]:
    """The ids of all commands, once they are acknowledged."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(_tell(world, story)) for story in stories]
    return {identifier for task in tasks for identifier in task.result()}


async def _tell(world: World, story: Story) -> list[UUID]:
    """Book so that the reminder is due soon, and let the rest happen around that instant."""
    await asyncio.sleep(story.number * EVERY)
    start = datetime.now(UTC).replace(microsecond=0) + timedelta(days=1, seconds=REMINDED_AFTER)
    body = {
        "title": f"Meeting {story.number}",
        "participant_ids": [guest["id"] for guest in story.guests],
        "timezone": "UTC",
        "reminder_settings": DAY_BEFORE,
    }
    commands = [
        await _command(world, story, "create", body | _times(start), story.create_id),
        await _command(world, story, "confirm", {}),
    ]
    jitter = 0.3 * (story.number % 5 - 2)
    match story.ending:
        case "moved":
            await asyncio.sleep(REMINDED_AFTER / 2)
            commands.append(
                await _command(world, story, "reschedule", _times(start + timedelta(seconds=REMINDED_AFTER)))
            )
        case "called off when due":
            await asyncio.sleep(REMINDED_AFTER + jitter)
            commands.append(await _command(world, story, "cancel", {"reason": "No."}))
        case "announced":
            await asyncio.sleep(1)
            commands.append(await _command(world, story, "announce", {"message": "Bring a pen."}))
        case "called off after":
            await asyncio.sleep(REMINDED_AFTER + 2 + jitter)
            commands.append(await _command(world, story, "cancel", {}))
    return commands


def _times(start: datetime) -> dict[str, str]:
    return {"start_time": start.isoformat(), "end_time": (start + timedelta(minutes=30)).isoformat()}


async def _command(
    world: World, story: Story, kind: str, body: dict[str, Any], command_id: UUID | None = None
) -> UUID:
    actor = story.organizer
    head = _head(f"appointment.{kind}", actor, command_id)
    if kind != "create":
        body = body | {"appointment_id": story.appointment}
    await send(world, [head.message(topics.BOOKING_COMMANDS.name, orjson.dumps(body))])
    return head.id


def _head(kind: str, actor: dict[str, Any], identifier: UUID | None = None) -> Envelope:
    return Envelope(
        id=identifier or uuid4(), type=kind, organization=UUID(actor["organization_id"]), actor=actor["id"]
    )


async def _wish_for_quiet(world: World, people: Sequence[dict[str, Any]]) -> None:
    """Let it be quiet for these people, and wait until that holds."""
    now = datetime.now(UTC)
    hours = {
        "start": f"{now - timedelta(hours=2):%H:%M}",
        "end": f"{now + timedelta(hours=2):%H:%M}",
    }
    body = orjson.dumps({"timezone": "UTC", "quiet_hours": hours})
    wishes = [
        _head("preferences.set", person).message(topics.NOTIFIER_COMMANDS.name, body) for person in people
    ]
    await send(world, wishes)

    async def all_hold() -> bool:
        rows = await _ask(world, "notifier", "SELECT count(*) AS known FROM preferences")
        return bool(rows[0]["known"] == len(people))

    await eventually(all_hold, 20)


async def _make_ill(communication: httpx.AsyncClient, fleet: Cli, telling: asyncio.Task[Any]) -> None:
    """One illness after the other; in each, one of the two is killed, and the next comes a while after it is back."""
    for ill, victim in zip(itertools.cycle(ILLS), itertools.cycle(VICTIMS), strict=False):
        if telling.done():
            return
        (await communication.put("/sandbox/faults", json=ill)).raise_for_status()
        await _kill(Home(fleet.home), victim)
        await asyncio.wait({telling}, timeout=ILL_SECONDS)


async def _kill(home: Home, name: str) -> None:
    """Kill it, and wait until another answers; it need not be ready, for the Communication Service is ill."""
    before = _process(home, name)
    assert before.pid
    os.kill(before.pid, signal.SIGKILL)

    async def back() -> bool:
        now = _process(home, name)
        assert now.restarts > before.restarts
        assert now.health_url
        async with httpx.AsyncClient() as client:
            try:
                return bool((await client.get(now.health_url, timeout=2)).json()["live"])
            except httpx.HTTPError:
                return False

    await eventually(back, 30, interval=0.1)


def _process(home: Home, name: str) -> ProcessRecord:
    record = home.read()
    assert record
    return next(process for process in record.processes if process.name == name)


async def _all_read(fleet: Cli) -> None:
    async def read() -> bool:
        services = await fleet.services()
        assert all(service["ready"] and service["lag"] == 0 for service in services.values()), services
        return True

    await eventually(read, 60, interval=0.3)


async def _all_ended(world: World) -> list[asyncpg.Record]:
    """All deliveries, when every reminder has fired and every delivery has come to its end, and that is told."""

    async def ended() -> list[asyncpg.Record]:
        late = await _ask(world, "reminders", "SELECT FROM timers WHERE state = 'pending' AND due_at < now()")
        assert not late, f"{len(late)} reminders have not fired"
        rows = await _ask(world, "notifier", "SELECT * FROM deliveries")
        still_open = Counter(row["state"] for row in rows if row["state"] not in ENDED)
        assert not still_open, still_open
        unpublished = await _ask(world, "notifier", "SELECT FROM outbox")
        assert not unpublished, f"{len(unpublished)} events are not published"
        return rows

    deliveries: list[asyncpg.Record] = await eventually(ended, 60, interval=0.3)
    assert len(deliveries) > STORIES * 4
    return deliveries


async def _one_outcome_each(world: World, commands: set[UUID]) -> None:
    async def decided() -> dict[UUID, Any]:
        found: dict[UUID, Any] = {}
        for record in await read_all(world, topics.BOOKING_OUTCOMES.name):
            outcome = orjson.loads(record.value)
            assert found.setdefault(UUID(outcome["command_id"]), outcome) == outcome, "a later copy differs"
        assert commands <= found.keys(), "not all are decided"
        return found

    outcomes = await eventually(decided, 20, interval=0.3)
    refused = [outcomes[command] for command in commands if outcomes[command]["status"] != "accepted"]
    assert not refused


def _waits_only_for_a_reason(
    deliveries: Sequence[asyncpg.Record], quiet: set[str], messages: Sequence[dict[str, Any]]
) -> None:
    held = [row for row in deliveries if row["state"] == "held"]
    assert all(row["reason"] and row["held_until"] > datetime.now(UTC) for row in held)
    assert {str(row["recipient_id"]) for row in held} == quiet
    disturbed = [
        message
        for message in messages
        if quiet & set(message["recipients"])
        and message["channels"] != ["in_app"]
        and message["priority"] == "normal"
    ]
    assert not disturbed, "in quiet hours"


def _arrived(messages: Sequence[dict[str, Any]]) -> Counter[Notice]:
    return Counter(
        (message["entity_id"], message["type"], channel, recipient)
        for message in messages
        for channel in message["channels"]
        for recipient in message["recipients"]
    )


def _notice_of(row: Any) -> Notice:
    return str(row["appointment_id"]), row["type"], row["channel"], str(row["recipient_id"])


async def _noted_sends_have_arrived(
    world: World, deliveries: Sequence[asyncpg.Record], arrived: Counter[Notice]
) -> None:
    sent = Counter(_notice_of(row) for row in deliveries if row["state"] in ARRIVED)
    assert sent <= arrived, sent - arrived
    copies: dict[UUID | None, Any] = {}
    for record in await read_all(world, topics.NOTIFIER_EVENTS.name):
        first = copies.setdefault(envelope.message_id(record.headers), record)
        assert (first.value, first.headers) == (record.value, record.headers), "a later copy differs"
    noted = {
        body["notification_id"]: _notice_of(body)
        for record in copies.values()
        if dict(record.headers)["ce_type"] == b"notification.sent"
        for body in (orjson.loads(record.value),)
    }
    assert {str(row["id"]) for row in deliveries if row["sent_at"]} == noted.keys()
    missing = Counter(noted.values()) - arrived
    assert not missing


def _no_notice_arrives_twice(deliveries: Sequence[asyncpg.Record], arrived: Counter[Notice]) -> None:
    """One delivery for each event, person and channel; and no more messages than deliveries."""
    meant = Counter((row["event_id"], row["type"], row["channel"], row["recipient_id"]) for row in deliveries)
    assert set(meant.values()) == {1}
    doubled = arrived - Counter(_notice_of(row) for row in deliveries)
    assert not doubled


def _no_reminder_after_the_cancellation(messages: Sequence[dict[str, Any]]) -> None:
    """Messages under way at the cancellation may arrive as much later as one call lasts."""
    cancelled: dict[tuple[str, str], datetime] = {}
    for message in messages:
        if message["type"] == "appointment_cancelled":
            for recipient in message["recipients"]:
                at = datetime.fromisoformat(message["received_at"])
                cancelled.setdefault((message["entity_id"], recipient), at)
    assert len(cancelled) >= STORIES // 3, "some were"
    late = [
        (message["entity_id"], message["received_at"], cancelled[message["entity_id"], recipient])
        for message in messages
        if message["type"] == "appointment_reminder"
        for recipient in message["recipients"]
        if (message["entity_id"], recipient) in cancelled
        and datetime.fromisoformat(message["received_at"])
        > cancelled[message["entity_id"], recipient] + timedelta(seconds=TIMEOUT)
    ]
    assert not late


def _everybody_heard(stories: Sequence[Story], deliveries: Sequence[asyncpg.Record]) -> None:
    """In-app is never held and its retries outlast the illness: it tells each of both of the last start, once."""
    arrived: dict[Notice, list[datetime]] = defaultdict(list)
    for row in deliveries:
        if row["state"] in ARRIVED:
            arrived[_notice_of(row)].append(row["starts_at"])
    for story in stories:
        off = story.ending.startswith("called off")
        main = "appointment_cancelled" if off else "appointment_reminder"
        expected = [(main, person["id"]) for person in (story.organizer, *story.guests)]
        if story.ending == "announced":
            expected += [("appointment_announcement", guest["id"]) for guest in story.guests]
        for kind, person in expected:
            starts = arrived[story.appointment, kind, "in_app", person]
            assert starts.count(max(starts, default=datetime.now(UTC))) == 1, (
                kind,
                [
                    (row["type"], row["channel"], row["version"], row["state"], row["reason"])
                    for row in deliveries
                    if str(row["appointment_id"]) == story.appointment
                ],
            )


async def _ask(world: World, service: str, query: str) -> list[asyncpg.Record]:
    connection = await asyncpg.connect(f"{world.database_url}_{service}")
    try:
        return list(await connection.fetch(query))
    finally:
        await connection.close()
