"""Projector: rebuild a calendar from its log, against COPY of the very same rows.

The log has two events for each appointment (created, confirmed) of an organizer and two participants. The
rebuild is measured whole: reading, indexes, checks, swap. COPY gets the finished rows as PostgreSQL's own
binary bytes, so that no Python is between them and the server, into an empty set of the same tables with all
their indexes. Beside it the harder comparison: into tables with their keys only, the other indexes built
afterwards (`bare_*`).
"""

import io
import statistics
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

import asyncpg

from benchmarks.world import World, forget
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.connecting import connect
from chassis.database.migrations import migrate
from chassis.kafka.publisher import Publisher
from chassis.topics.creation import ensure_topics
from contracts.appointments import Appointment, AppointmentEvent, Change, Person
from contracts.envelope import Envelope, Message
from contracts.fields import Confirmation, Status
from contracts.topics import BOOKING_EVENTS
from services.projector.main import database
from services.projector.rebuild.run import group_of, rebuild
from services.projector.store import tables

APPOINTMENTS = 30_000
QUICK_APPOINTMENTS = 4_000
ROUNDS = 3
BLOCK = 500
ORGANIZATIONS = 40
_DESCRIPTION = "What was agreed upon last time, and what has to be decided now. " * 6
_NOW = datetime(2026, 12, 1, 9, tzinfo=UTC)
_VIEW = "calendar"


async def run(world: World) -> dict[str, Any]:
    """Return events per second of a rebuild and of COPY, and their ratio; the median of the rounds by ratio."""
    appointments = QUICK_APPOINTMENTS if world.quick else APPOINTMENTS
    fresh = world.fresh()
    settings = fresh.settings()
    await ensure_topics(settings)
    await migrate("projector", settings)
    events = await _publish(settings, appointments)
    rounds = [await _round(settings, events) for _ in range(1 if world.quick else ROUNDS)]
    await forget(fresh)
    median = statistics.median_low(one["ratio"] for one in rounds)
    return next(one for one in rounds if one["ratio"] == median) | {
        "rounds": [one["ratio"] for one in rounds]
    }


async def _round(settings: Settings, events: int) -> dict[str, Any]:
    result = await rebuild(settings, _VIEW)
    if result.records != events or result.skipped:
        raise RuntimeError(f"{result.records} of {events} events were applied, {result.skipped} skipped")
    copied, bare = await _copy_seconds(settings, indexed=True), await _copy_seconds(settings, indexed=False)
    return {
        "events": events,
        "rows": sum(result.rows.values()),
        "rebuilt_per_second": round(events / result.seconds),
        "copied_per_second": round(events / copied),
        "ratio": round(copied / result.seconds, 3),
        "bare_copied_per_second": round(events / bare),
        "bare_ratio": round(bare / result.seconds, 3),
        "swap_ms": round(result.swap_seconds * 1000, 1),
    }


async def _copy_seconds(settings: Settings, *, indexed: bool) -> float:
    """Return the seconds that COPY of the views' rows takes, with indexes present or built afterwards."""
    names = group_of(_VIEW).tables
    target = database(settings, tables.NEXT, statement_timeout="0")
    url = urlsplit(service_database_url(settings, "projector"))._replace(scheme="postgresql").geturl()
    connection = await connect(url, server_settings={"synchronous_commit": "off"})
    try:
        rows = {name: await _binary(connection, name) for name in names}
        async with target.transaction() as tx:
            await tables.create_next(tx, names)
            if indexed:
                await tables.create_indexes(tx, names)
        began = time.perf_counter()
        for name, data in rows.items():
            await connection.copy_to_table(
                name, source=io.BytesIO(data), schema_name=tables.NEXT, format="binary"
            )
        async with target.transaction() as tx:
            if not indexed:
                await tables.create_indexes(tx, names)
        seconds = time.perf_counter() - began
        async with target.transaction() as tx:
            await tables.drop_set(tx, tables.NEXT)
        return seconds
    finally:
        await connection.close()
        await target.dispose()


async def _binary(connection: asyncpg.Connection, name: str) -> bytes:
    out = io.BytesIO()
    await connection.copy_from_table(name, output=out, schema_name=tables.LIVE, format="binary")
    return out.getvalue()


async def _publish(settings: Settings, appointments: int) -> int:
    """Write blocks of bookings, each followed by its confirmations, as in a log; return the number of events."""
    publisher = Publisher(settings, "bench")
    await publisher.start()
    try:
        for first in range(0, appointments, BLOCK):
            booked = [_booked(number) for number in range(first, min(first + BLOCK, appointments))]
            await publisher.publish([_event("created", appointment) for appointment in booked])
            await publisher.publish([_event("confirmed", _confirmed(appointment)) for appointment in booked])
    finally:
        await publisher.stop()
    return 2 * appointments


def _booked(number: int) -> Appointment:
    organizer, *participants = (uuid4() for _ in range(3))
    start = _NOW + timedelta(days=30, minutes=15 * number)
    return Appointment(
        id=uuid4(),
        organization_id=UUID(int=number % ORGANIZATIONS + 1),
        organizer_id=organizer,
        participant_ids=participants,
        client_id=uuid4(),
        start_time=start,
        end_time=start + timedelta(hours=1),
        timezone="Europe/Berlin",
        title="Quarterly review",
        description=_DESCRIPTION,
        location="Room 2",
        status=Status.PENDING,
        confirmation_status=dict.fromkeys(participants, Confirmation.PENDING),
        custom_fields={"room": 2, "catering": ["coffee", "tea"]},
        version=1,
        created_at=_NOW,
        created_by=str(organizer),
        updated_at=_NOW,
        updated_by=str(organizer),
    )


def _confirmed(booked: Appointment) -> Appointment:
    answers = dict.fromkeys(booked.participant_ids, Confirmation.CONFIRMED)
    changed = {"status": Status.CONFIRMED, "confirmation_status": answers, "version": 2}
    return booked.model_copy(update=changed)


def _event(change: str, now: Appointment) -> Message:
    people = (now.organizer_id, *now.participant_ids)
    body = AppointmentEvent(
        appointment_id=now.id,
        version=now.version,
        appointment=now,
        changes=[Change(field="status", old="pending", new="confirmed")] if now.version > 1 else [],
        people=[Person(id=one, name="Anna Keller", timezone="Europe/Berlin", locale="de") for one in people],
        actor=now.updated_by,
    )
    return Envelope(
        uuid4(),
        f"appointment.{change}",
        "appointments/booking",
        subject=str(now.id),
        organization=now.organization_id,
        actor=now.updated_by,
        correlation_id=str(uuid4()),
    ).message(BOOKING_EVENTS.name, body.model_dump_json().encode())
