"""SQL of appointments and timers as events change them: loaded and saved by the batch."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.schedule import UNKNOWN, Schedule
from services.reminders.domain.timers import Changes, Timer
from services.reminders.messages.incoming import AppointmentChange

# The conflict domain is the organization: its appointments and its people's preferences are processed one
# batch after the other, also when redriven records come on another partition. Keys are sorted, so that
# batches cannot deadlock.
_LOCK = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")

_VERSIONS = text("SELECT id, version FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))")

APPOINTMENT_COLUMNS = (
    "id, organization_id, version, open, start_time, end_time, zone, recipients, leads, told_at"
)
TIMER_COLUMNS = "t.id, t.appointment_id, t.recipient_id, t.lead_minutes, t.start_time, t.due_at, t.channels, t.kind, t.handed"

# Locked in the order of their ids, as firing does, so that the two cannot deadlock.
_PENDING_OF_APPOINTMENTS = text(f"""
    SELECT {TIMER_COLUMNS} FROM timers t
    WHERE t.appointment_id = ANY(CAST(:ids AS uuid[])) AND t.state = 'pending'
    ORDER BY t.id FOR UPDATE
""")  # noqa: S608  (a constant of ours)

# Lists of recipients travel as text, because unnest would flatten an array of arrays.
_SAVE_APPOINTMENTS = text("""
    INSERT INTO appointments AS known (id, organization_id, organizer_id, version, open, start_time, end_time, zone, recipients,
                                       leads, told_at, body, people, actor, correlation_id, traceparent, cause)
    SELECT id, organization_id, organizer_id, version, open, start_time, end_time, zone,
           CAST(string_to_array(recipients, ',') AS uuid[]), CAST(leads AS jsonb),
           told_at, body, people, actor, correlation_id, traceparent, cause
    FROM unnest(CAST(:id AS uuid[]), CAST(:organization_id AS uuid[]), CAST(:organizer_id AS uuid[]), CAST(:version AS int[]), CAST(:open AS bool[]),
                CAST(:start_time AS timestamptz[]), CAST(:end_time AS timestamptz[]), CAST(:zone AS text[]),
                CAST(:recipients AS text[]), CAST(:leads AS text[]), CAST(:told_at AS timestamptz[]), CAST(:body AS text[]), CAST(:people AS text[]),
                CAST(:actor AS text[]), CAST(:correlation_id AS text[]), CAST(:traceparent AS text[]), CAST(:cause AS text[]))
        AS given(id, organization_id, organizer_id, version, open, start_time, end_time, zone, recipients, leads,
                told_at, body, people, actor, correlation_id, traceparent, cause)
    ON CONFLICT (id) DO UPDATE SET
        organization_id = excluded.organization_id, organizer_id = excluded.organizer_id, version = excluded.version, open = excluded.open,
        start_time = excluded.start_time, end_time = excluded.end_time, zone = excluded.zone,
        recipients = excluded.recipients, leads = excluded.leads, told_at = excluded.told_at, body = excluded.body, people = excluded.people,
        actor = excluded.actor, correlation_id = excluded.correlation_id, traceparent = excluded.traceparent,
        cause = excluded.cause
    WHERE known.version < excluded.version
""")

# A timer claimed with the old state must not be sent with it: without its lease it is claimed, and read,
# again.
_TAKE_LEASES = text("""
    UPDATE timers SET leased_by = NULL, leased_until = NULL
    WHERE appointment_id = ANY(CAST(:ids AS uuid[])) AND state = 'pending' AND leased_by IS NOT NULL
""")

_DELETE_TIMERS = text("DELETE FROM timers WHERE id = ANY(CAST(:ids AS uuid[])) AND state = 'pending'")

# A timer that has fired keeps its row: the same id is never pending again.
_INSERT_TIMERS = text("""
    INSERT INTO timers (id, appointment_id, recipient_id, lead_minutes, start_time, due_at, channels, kind)
    SELECT id, appointment_id, recipient_id, lead_minutes, start_time, due_at, string_to_array(channels, ','), kind
    FROM unnest(CAST(:id AS uuid[]), CAST(:appointment_id AS uuid[]), CAST(:recipient_id AS uuid[]),
                CAST(:lead_minutes AS int[]), CAST(:start_time AS timestamptz[]), CAST(:due_at AS timestamptz[]),
                CAST(:channels AS text[]), CAST(:kind AS text[]))
        AS planned(id, appointment_id, recipient_id, lead_minutes, start_time, due_at, channels, kind)
    ON CONFLICT (id) DO NOTHING
""")

_ALTER_TIMERS = text("""
    UPDATE timers t SET due_at = planned.due_at, channels = string_to_array(planned.channels, ','),
                        handed = false, leased_by = NULL, leased_until = NULL
    FROM unnest(CAST(:id AS uuid[]), CAST(:due_at AS timestamptz[]), CAST(:channels AS text[]))
        AS planned(id, due_at, channels)
    WHERE t.id = planned.id AND t.state = 'pending'
""")


async def lock_organizations(tx: Transaction, organizations: Iterable[UUID]) -> None:
    """Lock these organizations until the transaction ends."""
    keys = sorted({int.from_bytes(identity.bytes[:8], signed=True) for identity in organizations})
    await tx.execute(_LOCK, {"keys": keys})


async def load_schedules(tx: Transaction, appointments: Sequence[UUID]) -> dict[UUID, Schedule]:
    """Return the schedule of each of these appointments; UNKNOWN for one that is not stored."""
    versions = {row.id: row.version for row in await tx.execute(_VERSIONS, {"ids": appointments})}
    rows = await tx.execute(_PENDING_OF_APPOINTMENTS, {"ids": list(versions)}) if versions else ()
    timers = by_appointment(rows)
    return {
        identity: Schedule(versions[identity], timers.get(identity, {})) if identity in versions else UNKNOWN
        for identity in appointments
    }


async def save_appointments(tx: Transaction, events: Sequence[AppointmentChange]) -> None:
    """Keep the newest version of each appointment, and end the leases on their timers."""
    await tx.execute(_SAVE_APPOINTMENTS, _columns(map(_appointment_row, events)))
    await tx.execute(_TAKE_LEASES, {"ids": [event.appointment.id for event in events]})


async def save_timers(tx: Transaction, changes: Iterable[Changes]) -> None:
    """Delete, insert and alter pending timers; timers that fired meanwhile stay as they are."""
    gone: list[UUID] = []
    new: list[dict[str, Any]] = []
    altered: list[dict[str, Any]] = []
    for change in changes:
        gone += change.gone
        new += map(_timer_row, change.new)
        altered += map(_timer_row, change.altered)
    if gone:
        await tx.execute(_DELETE_TIMERS, {"ids": gone})
    if new:
        await tx.execute(_INSERT_TIMERS, _columns(new))
    if altered:
        columns = _columns(altered)
        await tx.execute(_ALTER_TIMERS, {name: columns[name] for name in ("id", "due_at", "channels")})


def timer_of(row: Row) -> Timer:
    """Return the timer in a row of TIMER_COLUMNS."""
    return Timer(
        id=row.id,
        appointment_id=row.appointment_id,
        recipient_id=row.recipient_id,
        lead_minutes=row.lead_minutes,
        start=row.start_time,
        due_at=row.due_at,
        channels=tuple(row.channels),
        kind=row.kind,
        handed=row.handed,
    )


def appointment_of(row: Row) -> Appointment:
    """Return the appointment in a row of APPOINTMENT_COLUMNS."""
    return Appointment(
        id=row.id,
        organization_id=row.organization_id,
        version=row.version,
        start=row.start_time,
        end=row.end_time,
        zone=ZoneInfo(row.zone),
        open=row.open,
        recipients=tuple(row.recipients),
        own_lead_times={channel: tuple(leads) for channel, leads in row.leads.items()},
        decided_at=row.told_at,
    )


def by_appointment(rows: Iterable[Row]) -> dict[UUID, dict[UUID, Timer]]:
    """Return timers by appointment and id."""
    found: dict[UUID, dict[UUID, Timer]] = {}
    for row in rows:
        found.setdefault(row.appointment_id, {})[row.id] = timer_of(row)
    return found


def _appointment_row(event: AppointmentChange) -> dict[str, Any]:
    appointment, context = event.appointment, event.context
    return {
        "id": appointment.id,
        "organization_id": context.organization_id,
        "organizer_id": context.organizer_id,
        "version": appointment.version,
        "open": appointment.open,
        "start_time": appointment.start,
        "end_time": appointment.end,
        "zone": appointment.zone.key,
        "recipients": ",".join(map(str, appointment.recipients)),
        "leads": orjson.dumps(appointment.own_lead_times).decode(),
        "told_at": appointment.decided_at,
        "body": context.body,
        "people": context.people,
        "actor": context.actor,
        "correlation_id": context.correlation_id,
        "traceparent": context.traceparent,
        "cause": context.cause,
    }


def _timer_row(timer: Timer) -> dict[str, Any]:
    return {
        "id": timer.id,
        "appointment_id": timer.appointment_id,
        "recipient_id": timer.recipient_id,
        "lead_minutes": timer.lead_minutes,
        "start_time": timer.start,
        "due_at": timer.due_at,
        "channels": ",".join(timer.channels),
        "kind": timer.kind,
    }


def _columns(rows: Iterable[Mapping[str, Any]]) -> dict[str, list[Any]]:
    """Return rows as one list for each column, as unnest takes them."""
    listed = list(rows)
    return {name: [row[name] for row in listed] for name in listed[0]}
