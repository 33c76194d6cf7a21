"""A series of 52 weeks with ten people invited: the time booking takes to decide and save it, and the
caller's wait.

Decided: one command, in a transaction of its own, by booking's own handler, from the record to the commit; no
times overlap, and booking knows all people already. End to end: POST to 201 with the whole fleet at rest, one
after the other; the 52 occurrences of each are then visible.
"""

import math
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import orjson

from benchmarks.http import PATH, running_fleet, tokens
from benchmarks.world import World, forget
from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from contracts.envelope import Envelope, Record
from contracts.topics import BOOKING_COMMANDS
from deploy.local.identity.people import Person, sample_people
from services.booking.clients.identity import Directory
from services.booking.handlers import Handlers
from services.booking.messages.commands import decode
from services.booking.settings import BookingSettings

WEEKS, PEOPLE = 52, 11
SERIES, QUICK_SERIES = 40, 6
FIRST = (datetime.now(UTC) + timedelta(days=20)).replace(hour=9, minute=0, second=0, microsecond=0)
_DESCRIPTION = "What was agreed upon last time, and what has to be decided now. " * 6


async def run(world: World) -> dict[str, Any]:
    """Return the milliseconds of decisions and of requests."""
    number = QUICK_SERIES if world.quick else SERIES
    people = [person for person in sample_people() if person.email.startswith("load")]
    groups = [people[first : first + PEOPLE] for first in range(0, (number + 1) * PEOPLE, PEOPLE)]
    alone = world.fresh()
    decided = await _decided(alone, groups)
    await forget(alone)
    cpu = sorted(one for _, one in decided)[len(decided) // 2]
    figures = _figures([one for one, _ in decided]) | {"own_cpu_ms": round(cpu, 1)}
    return {"decided": figures, "http": _figures(await _answered(world, groups))}


async def _decided(world: World, groups: Sequence[Sequence[Person]]) -> list[tuple[float, float]]:
    """Decide and commit each group's series by itself; return milliseconds, and those of processor time.

    The first one caches the people and does not count.
    """
    settings = BookingSettings.model_validate(world.settings().model_dump())
    await ensure_topics(settings)
    await migrate("booking", settings)
    database = Database(service_database_url(settings, "booking"), application_name="bench")
    directory = Directory(settings.identity_url, timeout=5, remember_for=300)
    publisher = Publisher(settings, "bench")
    await publisher.start()
    handlers = Handlers(settings, publisher, directory)
    await directory.people([UUID(person.id) for group in groups for person in group])
    taken = []
    try:
        for offset, group in enumerate(groups):
            record = _record(group, offset)
            began, cpu = time.perf_counter(), time.process_time()
            items = [(record, decode(record))]
            async with database.transaction() as tx:
                messages = await handlers.handle(tx, items)
            taken.append(((time.perf_counter() - began) * 1000, (time.process_time() - cpu) * 1000))
            handlers.committed()
            if len(messages) < WEEKS:
                raise RuntimeError(f"the series was not booked: {(messages[0].value or b'')[:500]!r}")
    finally:
        await publisher.stop()
        await directory.close()
        await database.dispose()
    return taken[1:]


async def _answered(world: World, groups: Sequence[Sequence[Person]]) -> list[float]:
    """POST each group's series, one after the other."""
    taken = []
    async with running_fleet(world) as fleet, aiohttp.ClientSession() as session:
        made = await tokens(session, fleet.identity_url)
        of_first_organization = made[::2]
        await fleet.settle()
        for number, group in enumerate(groups):
            headers = {"Authorization": f"Bearer {of_first_organization[number * PEOPLE]}"}
            began = time.perf_counter()
            async with session.post(
                f"{fleet.ingress_url}{PATH}", data=orjson.dumps(_body(group)), headers=headers
            ) as response:
                body = await response.read()
                taken.append((time.perf_counter() - began) * 1000)
                if response.status != 201:
                    raise RuntimeError(f"{response.status}: {body[:500]!r}")
    return taken[1:]


def _record(group: Sequence[Person], offset: int) -> Record:
    identifier, organizer = uuid4(), group[0]
    envelope = Envelope(
        identifier,
        "appointment.create",
        "appointments/bench",
        organization=UUID(organizer.organization_id),
        actor=organizer.id,
        correlation_id=str(identifier),
    )
    message = envelope.message(BOOKING_COMMANDS.name, orjson.dumps(_body(group)))
    return Record(message.topic, 0, offset, datetime.now(UTC), message.key, message.value, message.headers)


def _body(group: Sequence[Person]) -> dict[str, Any]:
    return {
        "title": "Weekly review",
        "description": _DESCRIPTION,
        "location": "Room 2",
        "start_time": FIRST.isoformat(),
        "end_time": (FIRST + timedelta(hours=1)).isoformat(),
        "timezone": "Europe/Berlin",
        "participant_ids": [person.id for person in group[1:]],
        "recurring_pattern": {"rrule": f"FREQ=WEEKLY;COUNT={WEEKS}"},
    }


def _figures(milliseconds: Sequence[float]) -> dict[str, Any]:
    ordered = sorted(milliseconds)
    return {
        "p50_ms": round(ordered[len(ordered) // 2], 1),
        "p95_ms": round(ordered[math.ceil(0.95 * len(ordered)) - 1], 1),
        "series": len(ordered),
    }
