"""Reminders: lateness of `reminder.due` with a million timers pending and a thousand falling due each second.

Lateness is from the instant a timer is due to the broker's acknowledgement, by the clock of the process that
fires. Two shapes of the same rate: spread evenly, a few each millisecond, and in bursts, a whole second's
worth on the second, because people's appointments begin at round times. Losses, doubles and early ones are
read from the topic afterwards. `python -m benchmarks.reminders FILE` is the service's process, which also
records the time of each acknowledgement.
"""

import asyncio
import json
import signal
import statistics
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID, uuid4

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis import clock
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.connecting import connect
from chassis.database.migrations import migrate
from chassis.gc_tuning import collect_seldom
from chassis.kafka.client import connection
from chassis.topics.creation import ensure_topics
from contracts import topics
from contracts.envelope import Message, message_id
from services.reminders.main import build
from services.reminders.settings import RemindersSettings

PENDING, RATE, SECONDS, BURSTS = 1_000_000, 1_000, 60, 20
QUICK_PENDING, QUICK_SECONDS, QUICK_BURSTS = 50_000, 5, 3
RECIPIENTS, LEADS = 3, (1_440, 60, 15)
HEAD_START = timedelta(seconds=12)
PAUSE = timedelta(seconds=3)
PORTION = 5_000  # appointments in one statement
USED = (
    topics.BOOKING_EVENTS,
    topics.NOTIFIER_EVENTS,
    topics.REMINDERS_EVENTS,
    topics.dead_letters("reminders"),
    topics.redrive("reminders"),
)


class World(Protocol):
    """A place to measure: see `benchmarks.world`."""

    bootstrap: str
    database_url: str
    topic_prefix: str


@dataclass(frozen=True, slots=True)
class Shape:
    """Timers that fall due: `due` maps the ids of timers to their instants."""

    name: str
    due: dict[UUID, datetime]


async def run(
    world: World, pending: int | None = None, seconds: int | None = None, bursts: int | None = None
) -> dict[str, Any]:
    """Return lateness in milliseconds for each shape, with the numbers of lost, doubled and early ones."""
    quick = bool(getattr(world, "quick", False))
    settings = Settings(
        kafka_bootstrap_servers=world.bootstrap,
        database_url=world.database_url,
        topic_prefix=world.topic_prefix,
    )
    pending = pending or (QUICK_PENDING if quick else PENDING)
    await ensure_topics(settings, USED)
    await migrate("reminders", settings)
    connection = await connect(
        service_database_url(settings, "reminders").replace("+asyncpg", ""), command_timeout=300
    )
    try:
        await _fill(connection, pending)
        shapes = await _fall_due(
            connection,
            seconds or (QUICK_SECONDS if quick else SECONDS),
            bursts or (QUICK_BURSTS if quick else BURSTS),
        )
        acknowledged = await _fire(settings, max(at for shape in shapes for at in shape.due.values()))
        return {
            "pending": pending,
            "per_second": RATE,
            **{shape.name: _lateness(shape, acknowledged) for shape in shapes},
            **await _faults(settings, {**shapes[0].due, **shapes[1].due}),
        }
    finally:
        await connection.close()


def _lateness(shape: Shape, acknowledged: dict[UUID, datetime]) -> dict[str, float]:
    late = [
        (acknowledged[identity] - due).total_seconds() * 1000
        for identity, due in shape.due.items()
        if identity in acknowledged
    ]
    cuts = statistics.quantiles(late, n=100)
    return {
        "fired": len(late),
        "p50_ms": round(cuts[49], 1),
        "p99_ms": round(cuts[98], 1),
        "max_ms": round(max(late), 1),
    }


# --- timers
# -------------------------------------------------------------------------------------------------------

_APPOINTMENTS = """
    INSERT INTO appointments (id, organization_id, organizer_id, version, open, start_time, end_time, zone, recipients,
                              leads, told_at, body, people, actor, correlation_id, traceparent, cause)
    SELECT id, organization, people[1], 1, true, start, start + interval '1 hour', 'Europe/Berlin', people, '{}', $5,
           format($6, id, organization, people[1], people[2], people[3], to_json(start)), $7, people[1], id, $8,
           'booking.events/0/0'
    FROM unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::text[]) AS made(id, organization, start, members),
         LATERAL (SELECT string_to_array(members, ',')::uuid[] AS people) AS attendees
"""

_TIMERS = """
    INSERT INTO timers (id, appointment_id, recipient_id, lead_minutes, start_time, due_at, channels)
    SELECT gen_random_uuid(), a.id, recipient, lead, a.start_time, a.start_time - make_interval(mins => lead),
           '{email,in_app}'
    FROM appointments a, unnest(a.recipients) AS recipient, unnest($2::int[]) AS lead
    WHERE a.id = ANY($1::uuid[])
    RETURNING id, due_at
"""

_DESCRIPTION = "What was agreed upon last time, and what has to be decided now. " * 6
_TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def _template() -> str:
    """Return an appointment as JSON for PostgreSQL's format(): id, organization, organizer, participants,
    start.
    """
    answers = '{"%4$s": "confirmed", "%5$s": "pending"}'
    rest = {
        "timezone": "Europe/Berlin",
        "title": "Plan the year",
        "description": _DESCRIPTION,
        "location": "Room 3",
        "meeting_url": "",
        "status": "pending",
        "checked_in": {},
        "custom_fields": {},
        "version": 1,
        "created_at": "2026-01-01T00:00:00Z",
        "created_by": "bench",
        "updated_at": "2026-01-01T00:00:00Z",
        "updated_by": "bench",
    }
    return (
        '{"id": "%1$s", "organization_id": "%2$s", "organizer_id": "%3$s", "participant_ids": ["%4$s", "%5$s"], '
        f'"start_time": %6$s, "end_time": %6$s, "confirmation_status": {answers}, {json.dumps(rest)[1:]}'
    )


async def _insert(connection: Any, starts: Sequence[datetime], leads: Sequence[int]) -> dict[UUID, datetime]:
    """Insert appointments of three people each, with timers of these leads; return the timers' instants."""
    due: dict[UUID, datetime] = {}
    organizations = [UUID(int=number + 1) for number in range(100)]
    now = clock.now()
    for first in range(0, len(starts), PORTION):
        portion = starts[first : first + PORTION]
        ids = [uuid4() for _ in portion]
        members = [",".join(str(uuid4()) for _ in range(RECIPIENTS)) for _ in portion]
        owners = [organizations[number % len(organizations)] for number in range(len(portion))]
        await connection.execute(_APPOINTMENTS, ids, owners, portion, members, now, _template(), "{}", _TRACE)
        due |= dict(await connection.fetch(_TIMERS, ids, leads))
    return due


async def _fill(connection: Any, pending: int) -> None:
    """Insert timers for the coming month, from two days on."""
    base, count = clock.now() + timedelta(days=2), pending // (RECIPIENTS * len(LEADS))
    await _insert(connection, [base + timedelta(days=28) * (n / count) for n in range(count)], LEADS)
    await connection.execute("VACUUM (ANALYZE) timers")
    await connection.execute("VACUUM (ANALYZE) appointments")
    await connection.execute("CHECKPOINT")


async def _fall_due(connection: Any, seconds: int, bursts: int) -> tuple[Shape, Shape]:
    """Insert RATE timers a second from a short while on, first spread, then in bursts."""
    lead = timedelta(minutes=60)
    spread_from = clock.now().replace(microsecond=0) + HEAD_START
    bursts_from = spread_from + timedelta(seconds=seconds) + PAUSE
    each_second = RATE // RECIPIENTS + 1
    spread = [
        spread_from + timedelta(milliseconds=n * 1000 // each_second) + lead
        for n in range(seconds * each_second)
    ]
    burst = [bursts_from + timedelta(seconds=n // each_second) + lead for n in range(bursts * each_second)]
    shapes = (
        Shape("spread", await _insert(connection, spread, [60])),
        Shape("bursts", await _insert(connection, burst, [60])),
    )
    await connection.execute("ANALYZE timers")
    if clock.now() > spread_from - timedelta(seconds=3):
        raise RuntimeError("this machine is too slow for the head start: the first timers are due already")
    return shapes


# --- firing
# -------------------------------------------------------------------------------------------------------


async def _fire(settings: Settings, last: datetime) -> dict[UUID, datetime]:
    """Run the service until all should be published; return the time of each first acknowledgement."""
    with tempfile.TemporaryDirectory() as folder:
        file, log = Path(folder) / "acknowledged", Path(folder) / "log"
        environment = {
            "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
            "DATABASE_URL": settings.database_url,
            "TOPIC_PREFIX": settings.topic_prefix,
            "LOG_LEVEL": "WARNING",
        }
        with log.open("wb") as out:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "benchmarks.reminders",
                str(file),
                env=environment,
                stdout=out,
                stderr=out,
            )
            try:
                await asyncio.sleep((last - clock.now() + PAUSE).total_seconds())
                process.send_signal(signal.SIGTERM)
                await asyncio.wait_for(process.wait(), 20)
            finally:
                if process.returncode is None:
                    process.kill()
        if not file.exists():
            raise RuntimeError(f"the service ended with {process.returncode}: {log.read_text()[-2000:]}")
        lines = (line.split() for line in file.read_text().splitlines())
        return {UUID(identity): datetime.fromtimestamp(float(at), UTC) for identity, at in lines}


def serve(file: Path) -> None:
    """The service, whose acknowledgements are written to `file` when it stops."""
    service = build(RemindersSettings())
    publish = service.publisher.publish
    acknowledged: dict[UUID | None, float] = {}

    async def noting(messages: Sequence[Message]) -> None:
        await publish(messages)
        at = clock.now().timestamp()
        for message in messages:
            acknowledged.setdefault(message_id(message.headers), at)

    async def write() -> None:
        lines = "".join(f"{identity} {at!r}\n" for identity, at in acknowledged.items())
        await asyncio.to_thread(file.write_text, lines)

    service.publisher.publish = noting  # type: ignore[method-assign]
    service.on_stop(write)
    collect_seldom()
    service.run()


async def _faults(settings: Settings, due: dict[UUID, datetime]) -> dict[str, int]:
    """Count in the topic: never published, published twice, published before the instant by the broker's
    clock.
    """
    consumer = AIOKafkaConsumer(**connection(settings), auto_offset_reset="earliest")
    await consumer.start()
    try:
        name = settings.topic_prefix + topics.REMINDERS_EVENTS.name
        partitions = [TopicPartition(name, number) for number in range(settings.topic_partitions)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        copies: Counter[UUID | None] = Counter()
        early = 0
        while not all([await consumer.position(tp) >= ends[tp] for tp in partitions]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                for record in batch:
                    identity = message_id(record.headers)
                    copies[identity] += 1
                    instant = due.get(identity) if identity else None
                    early += instant is not None and record.timestamp < int(instant.timestamp() * 1000)
    finally:
        await consumer.stop()
    return {
        "lost": len(due.keys() - copies.keys()),
        "doubled": sum(count - 1 for count in copies.values()),
        "early": early,
        "strange": len(copies.keys() - due.keys()),
    }


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
