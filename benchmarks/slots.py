"""Free slots at the HTTP edge: 1,000 people with 200 appointments each, 31 days, 30 minutes on a grid of 15.

All work on weekdays from 09:00 to 17:30, published to the projector on its topic; the appointments are put
into its tables with SQL, two on each weekday of twenty weeks. The whole fleet runs and is at rest. Caller and
person change with each request. Measured with one connection, then with eight; then once more with ten times
the data: the same people with 2,000 appointments, those beyond the first 200 in the years before.
"""

import asyncio
import itertools
import math
import random
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

import aiohttp

from benchmarks.http import PATH, Fleet, running_fleet, tokens
from benchmarks.world import World
from chassis.database.connecting import connect
from chassis.kafka.publisher import Publisher
from contracts.availability import Availability, AvailabilityChanged, AvailabilityRule
from contracts.envelope import Envelope, Message
from contracts.topics import BOOKING_EVENTS
from deploy.local.identity.people import Person, sample_people

APPOINTMENTS, TENFOLD = 200, 2_000
REQUESTS, QUICK_REQUESTS = 300, 30
SECONDS, QUICK_SECONDS = 5.0, 1.0
CONNECTIONS, TOGETHER, DAYS = 8, 10, 31
ZONE = "Europe/Berlin"
MONDAY = date.today() + timedelta(days=14 - date.today().weekday())  # noqa: DTZ011 - any Monday to come

# Two a weekday, at quarter hours that differ from person to person and day to day, and never touch each
# other.
_PLACED = """
    SELECT CAST(md5(CAST(person.id AS text) || number) AS uuid) AS id, person.id AS user_id, person.organization_id,
        CAST($3 AS timestamptz) + make_interval(
            days => CASE WHEN number < 200 THEN number / 10 * 7 + number % 5 ELSE -(number - 200) / 2 - 3 END,
            hours => number % 10 / 5 * 4,
            mins => abs(hashtext(CAST(person.id AS text) || number)) % 10 * 15
        ) AS start_time
    FROM unnest(CAST($1 AS uuid[]), CAST($2 AS uuid[])) AS person(id, organization_id),
        generate_series(CAST($4 AS int), CAST($5 AS int)) AS number
"""
_APPOINTMENTS = f"""
    INSERT INTO views.appointments
        (id, organization_id, version, organizer_id, status, start_time, end_time, title, location, search, body)
    SELECT id, organization_id, 1, user_id, 'confirmed', start_time, start_time + interval '30 minutes',
        'Review', 'Room 2', 'review', '{{}}'
    FROM ({_PLACED}) AS placed
"""
_ATTENDEES = f"""
    INSERT INTO views.attendees
        (appointment_id, user_id, organization_id, start_time, end_time, status, response)
    SELECT id, user_id, organization_id, start_time, start_time + interval '30 minutes', 'confirmed', 'organizer'
    FROM ({_PLACED}) AS placed
"""

Request = Callable[[], Awaitable[None]]


async def run(world: World) -> dict[str, Any]:
    """Return milliseconds and requests a second; `tenfold`: with ten times the data, `growth`: its cost."""
    people = [person for person in sample_people() if person.email.startswith("load")]
    async with (
        running_fleet(world) as fleet,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        await _tell_hours(world, people)
        await _fill(world, people, 0, APPOINTMENTS)
        await fleet.settle()
        client = Client(fleet, session, people, await tokens(session, fleet.identity_url))
        once = await _measured(client, quick=world.quick)
        await _fill(world, people, APPOINTMENTS, TENFOLD)
        tenfold = await _measured(client, quick=world.quick)
    growth = {name: round(tenfold[name]["p95_ms"] / once[name]["p95_ms"], 2) for name in ("one", "ten")}
    return {**once, "tenfold": tenfold, "growth": growth}


class Client:
    """A client for slots; callers and people change with each request, so that limits and caches have no
    effect.
    """

    def __init__(
        self, fleet: Fleet, session: aiohttp.ClientSession, people: Sequence[Person], made: Sequence[str]
    ) -> None:
        by_organization = [
            [person.id for person in people if person.organization_id == organization]
            for organization in dict.fromkeys(person.organization_id for person in people)
        ]
        self._url = f"{fleet.ingress_url}{PATH}/availability?"
        self._session = session
        self._callers = itertools.cycle(
            [({"Authorization": f"Bearer {token}"}, by_organization[n % 2]) for n, token in enumerate(made)]
        )
        self._chance = random.Random(1)

    async def ask(self, count: int) -> int:
        """Request the common slots of `count` people; return their number."""
        headers, colleagues = next(self._callers)
        question = [
            *(("user_id", one) for one in self._chance.sample(colleagues, count)),
            ("start_date", MONDAY.isoformat()),
            ("end_date", (MONDAY + timedelta(days=DAYS - 1)).isoformat()),
            ("duration", "30"),
            ("timezone", ZONE),
            ("mode", "all"),
        ]
        async with self._session.get(self._url + urlencode(question), headers=headers) as response:
            body = await response.read()
            if response.status != 200:
                raise RuntimeError(f"{response.status}: {body[:300]!r}")
            return body.count(b'"start_time"')


async def _measured(client: Client, *, quick: bool) -> dict[str, Any]:
    """Measure one person and ten together with one connection, and one person with eight."""
    requests = QUICK_REQUESTS if quick else REQUESTS
    if not await client.ask(1):
        raise RuntimeError("no person has a free slot")
    await _one_by_one(client, 1, requests // 3)
    return {
        "one": await _one_by_one(client, 1, requests),
        "ten": await _one_by_one(client, TOGETHER, requests // 2),
        "eight_connections": await _saturated(client, QUICK_SECONDS if quick else SECONDS),
    }


async def _one_by_one(client: Client, people: int, requests: int) -> dict[str, Any]:
    taken, slots = [], 0
    for _ in range(requests):
        began = time.perf_counter()
        slots += await client.ask(people)
        taken.append((time.perf_counter() - began) * 1000)
    taken.sort()
    return {
        "p50_ms": round(taken[len(taken) // 2], 2),
        "p95_ms": round(taken[math.ceil(0.95 * len(taken)) - 1], 2),
        "slots": round(slots / requests),
    }


async def _saturated(client: Client, seconds: float) -> dict[str, Any]:
    answered, began = 0, time.perf_counter()

    async def again() -> None:
        nonlocal answered
        while time.perf_counter() - began < seconds:
            await client.ask(1)
            answered += 1

    await asyncio.gather(*(again() for _ in range(CONNECTIONS)))
    return {"per_second": round(answered / (time.perf_counter() - began))}


async def _tell_hours(world: World, people: Sequence[Person]) -> None:
    publisher = Publisher(world.settings(), "bench")
    await publisher.start()
    try:
        await publisher.publish([_hours_of(person) for person in people])
    finally:
        await publisher.stop()


def _hours_of(person: Person) -> Message:
    rules = [AvailabilityRule(day_of_week=day, start_time="09:00", end_time="17:30") for day in range(5)]
    availability = Availability(
        user_id=UUID(person.id),
        organization_id=UUID(person.organization_id),
        timezone=ZONE,
        rules=rules,
        version=1,
    )
    event = AvailabilityChanged(
        user_id=UUID(person.id), version=1, availability=availability, actor=person.id
    )
    envelope = Envelope(
        uuid4(),
        "availability.changed",
        "appointments/booking",
        subject=person.id,
        organization=UUID(person.organization_id),
        actor=person.id,
        correlation_id=str(uuid4()),
    )
    return envelope.message(BOOKING_EVENTS.name, event.model_dump_json().encode())


async def _fill(world: World, people: Sequence[Person], first: int, last: int) -> None:
    """Insert the appointments of these numbers for each person, and update PostgreSQL's statistics."""
    connection = await connect(f"{world.database_url}_projector")
    ids = [UUID(person.id) for person in people]
    organizations = [UUID(person.organization_id) for person in people]
    nine = datetime(MONDAY.year, MONDAY.month, MONDAY.day, 8, tzinfo=UTC)
    try:
        await connection.execute("SET synchronous_commit = off; SET maintenance_work_mem = '256MB'")
        for statement in (_APPOINTMENTS, _ATTENDEES):
            await connection.execute(statement, ids, organizations, nine, first, last - 1, timeout=300)
        await connection.execute("VACUUM ANALYZE views.attendees", timeout=300)
        await connection.execute("ANALYZE views.appointments", timeout=300)
    finally:
        await connection.close()
