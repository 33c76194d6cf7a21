"""What people and organizations said about notifications, and whose timers are to be planned again because of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from contracts.fields import DEFAULT_REMINDERS
from notifications.preferences import (
    Organization,
    Preferences,
    body_of,
    organization_body,
    organization_of,
    preferences_of,
)
from services.reminders.domain.appointment import Appointment
from services.reminders.domain.channels import Wishes
from services.reminders.domain.timers import Timer
from services.reminders.store.schedules import (
    APPOINTMENT_COLUMNS,
    TIMER_COLUMNS,
    appointment_of,
    by_appointment,
)

_PEOPLE = text("""
    SELECT person_id, CAST(body AS text) AS body FROM preferences WHERE person_id = ANY(CAST(:people AS uuid[]))
""")
_ORGANIZATIONS = text("""
    SELECT organization_id, CAST(body AS text) AS body FROM organizations
    WHERE organization_id = ANY(CAST(:organizations AS uuid[]))
""")

# Returns whose preferences are new: an older version that comes late changes nothing.
_SAVE_PEOPLE = text("""
    INSERT INTO preferences AS known (person_id, version, body)
    SELECT person_id, version, CAST(body AS jsonb)
    FROM unnest(CAST(:people AS uuid[]), CAST(:versions AS int[]), CAST(:bodies AS text[]))
        AS told(person_id, version, body)
    ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE known.version < excluded.version
    RETURNING person_id
""")

# A newer version begins the walk through the appointments anew.
_SAVE_ORGANIZATIONS = text("""
    INSERT INTO organizations AS known (organization_id, version, body, told_at, replan_after)
    SELECT organization_id, version, CAST(body AS jsonb), told_at, told_at
    FROM unnest(CAST(:organizations AS uuid[]), CAST(:versions AS int[]), CAST(:bodies AS text[]),
                CAST(:told AS timestamptz[])) AS told(organization_id, version, body, told_at)
    ON CONFLICT (organization_id) DO UPDATE SET
        version = excluded.version, body = excluded.body, told_at = excluded.told_at, replan_after = excluded.told_at
    WHERE known.version < excluded.version
""")

_APPOINTMENTS_OF_PEOPLE = text(f"""
    SELECT {APPOINTMENT_COLUMNS} FROM appointments
    WHERE recipients && CAST(:people AS uuid[]) AND open AND start_time >= :after
""")  # noqa: S608  (a constant of ours)

_PENDING = text(f"""
    SELECT {TIMER_COLUMNS} FROM timers t
    WHERE t.appointment_id = ANY(CAST(:ids AS uuid[])) AND t.recipient_id = ANY(CAST(:people AS uuid[]))
      AND t.state = 'pending' AND t.kind = 'reminder'
    ORDER BY t.id FOR UPDATE
""")  # noqa: S608  (a constant of ours)

_WAITING = text("SELECT organization_id FROM organizations WHERE replan_after IS NOT NULL LIMIT 1")
_WALK = text("""
    SELECT told_at, replan_after FROM organizations
    WHERE organization_id = :organization AND replan_after IS NOT NULL FOR UPDATE
""")

# By the index on the end, because changes of an organization's defaults are too rare for an index of their own. The
# portion is of everybody's appointments, so that no statement runs long for an organization that has few.
_PORTION = text("""
    SELECT max(end_time) FROM (
        SELECT end_time FROM appointments WHERE end_time > :after ORDER BY end_time
        FETCH FIRST :limit ROWS WITH TIES
    ) AS portion
""")
_APPOINTMENTS_WITHIN = text(f"""
    SELECT {APPOINTMENT_COLUMNS} FROM appointments
    WHERE end_time > :after AND end_time <= :until AND organization_id = :organization AND open
""")  # noqa: S608  (a constant of ours)
_WALKED = text("UPDATE organizations SET replan_after = :until WHERE organization_id = :organization")


@dataclass(frozen=True, slots=True)
class Planned:
    """Open appointments, and the pending reminders of those who want something else, by appointment."""

    appointments: Sequence[Appointment]
    timers: Mapping[UUID, Mapping[UUID, Timer]]


@dataclass(frozen=True, slots=True)
class Walk:
    """How far an organization's appointments are planned by its newest preferences, which were told then."""

    told_at: datetime
    after: datetime


async def load_wishes(tx: Transaction, people: Iterable[UUID], organizations: Iterable[UUID]) -> Wishes:
    """What these people and organizations said, as far as they ever did."""
    own = await tx.execute(_PEOPLE, {"people": list(people)})
    rules = await tx.execute(_ORGANIZATIONS, {"organizations": list(organizations)})
    return Wishes(
        DEFAULT_REMINDERS,
        {row.person_id: preferences_of(orjson.loads(row.body)) for row in own},
        {row.organization_id: organization_of(orjson.loads(row.body)) for row in rules},
    )


async def save_people(tx: Transaction, told: Mapping[UUID, Preferences]) -> set[UUID]:
    """Keep the newest preferences of each person; returns whose were new."""
    rows = await tx.execute(
        _SAVE_PEOPLE,
        {
            "people": list(told),
            "versions": [said.version for said in told.values()],
            "bodies": [orjson.dumps(body_of(said)).decode() for said in told.values()],
        },
    )
    return {row.person_id for row in rows}


async def save_organizations(tx: Transaction, told: Mapping[UUID, tuple[datetime, Organization]]) -> None:
    """Keep the newest of each organization, told at that time; what was planned by an older one waits for its turn."""
    await tx.execute(
        _SAVE_ORGANIZATIONS,
        {
            "organizations": list(told),
            "versions": [rules.version for _, rules in told.values()],
            "bodies": [orjson.dumps(organization_body(rules)).decode() for _, rules in told.values()],
            "told": [at for at, _ in told.values()],
        },
    )


async def load_appointments_of(tx: Transaction, people: set[UUID], after: datetime) -> Planned:
    """The open appointments of these people that start at `after` or later."""
    rows = await tx.execute(_APPOINTMENTS_OF_PEOPLE, {"people": list(people), "after": after})
    return await _planned(tx, [appointment_of(row) for row in rows], people)


async def organization_to_replan(tx: Transaction) -> UUID | None:
    """An organization whose appointments are not all planned by its newest preferences."""
    found: UUID | None = await tx.scalar(_WAITING)
    return found


async def lock_walk(tx: Transaction, organization: UUID) -> Walk | None:
    """How far the planning anew has come; None when it is complete."""
    rows = list(await tx.execute(_WALK, {"organization": organization}))
    return Walk(rows[0].told_at, rows[0].replan_after) if rows else None


async def load_portion(
    tx: Transaction, organization: UUID, after: datetime, limit: int
) -> tuple[datetime | None, Planned]:
    """The organization's open appointments among the next `limit` that end later than `after`, and where those end."""
    until = await tx.scalar(_PORTION, {"after": after, "limit": limit})
    if until is None:
        return None, Planned((), {})
    rows = await tx.execute(
        _APPOINTMENTS_WITHIN, {"organization": organization, "after": after, "until": until}
    )
    found = [appointment_of(row) for row in rows]
    everybody = {person for appointment in found for person in appointment.recipients}
    return until, await _planned(tx, found, everybody)


async def note_walk(tx: Transaction, organization: UUID, until: datetime | None) -> None:
    """Everything that ends by then is planned by the newest preferences; None: everything."""
    await tx.execute(_WALKED, {"organization": organization, "until": until})


async def _planned(tx: Transaction, found: Sequence[Appointment], people: Iterable[UUID]) -> Planned:
    wanted = {"ids": [appointment.id for appointment in found], "people": list(people)}
    return Planned(found, by_appointment(await tx.execute(_PENDING, wanted)) if found else {})
