"""SQL of the preferences of people and organizations, and of the timers to replan after a change."""

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
from services.reminders.domain.channels import PreferencesInForce
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

# Returns the people with new preferences: an older version that comes late changes nothing.
_SAVE_PEOPLE = text("""
    INSERT INTO preferences AS known (person_id, version, body)
    SELECT person_id, version, CAST(body AS jsonb)
    FROM unnest(CAST(:people AS uuid[]), CAST(:versions AS int[]), CAST(:bodies AS text[]))
        AS given(person_id, version, body)
    ON CONFLICT (person_id) DO UPDATE SET version = excluded.version, body = excluded.body
    WHERE known.version < excluded.version
    RETURNING person_id
""")

# A newer version restarts the walk through the appointments.
_SAVE_ORGANIZATIONS = text("""
    INSERT INTO organizations AS known (organization_id, version, body, told_at, replan_after)
    SELECT organization_id, version, CAST(body AS jsonb), told_at, told_at
    FROM unnest(CAST(:organizations AS uuid[]), CAST(:versions AS int[]), CAST(:bodies AS text[]),
                CAST(:told_at AS timestamptz[])) AS given(organization_id, version, body, told_at)
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

# By the index on the end, because an organization's defaults change too rarely for an index of their own. A
# portion spans all organizations' appointments, so that no statement runs long for an organization that has
# few.
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
    """Open appointments, and by appointment the pending reminders of people with changed preferences."""

    appointments: Sequence[Appointment]
    timers: Mapping[UUID, Mapping[UUID, Timer]]


@dataclass(frozen=True, slots=True)
class Walk:
    """Progress of replanning an organization: its preferences changed at `changed_at`, and `after` is still
    open.
    """

    changed_at: datetime
    after: datetime


async def load_preferences(
    tx: Transaction, people: Iterable[UUID], organizations: Iterable[UUID]
) -> PreferencesInForce:
    """Return the preferences of these people and organizations."""
    own = await tx.execute(_PEOPLE, {"people": list(people)})
    rules = await tx.execute(_ORGANIZATIONS, {"organizations": list(organizations)})
    return PreferencesInForce(
        DEFAULT_REMINDERS,
        {row.person_id: preferences_of(orjson.loads(row.body)) for row in own},
        {row.organization_id: organization_of(orjson.loads(row.body)) for row in rules},
    )


async def save_people(tx: Transaction, changed: Mapping[UUID, Preferences]) -> set[UUID]:
    """Keep the newest preferences of each person; return the people with new ones."""
    rows = await tx.execute(
        _SAVE_PEOPLE,
        {
            "people": list(changed),
            "versions": [own.version for own in changed.values()],
            "bodies": [orjson.dumps(body_of(own)).decode() for own in changed.values()],
        },
    )
    return {row.person_id for row in rows}


async def save_organizations(tx: Transaction, changed: Mapping[UUID, tuple[datetime, Organization]]) -> None:
    """Keep the newest preferences of each organization, with their time, and start replanning its
    appointments.
    """
    await tx.execute(
        _SAVE_ORGANIZATIONS,
        {
            "organizations": list(changed),
            "versions": [rules.version for _, rules in changed.values()],
            "bodies": [orjson.dumps(organization_body(rules)).decode() for _, rules in changed.values()],
            "told_at": [at for at, _ in changed.values()],
        },
    )


async def load_appointments_of(tx: Transaction, people: set[UUID], after: datetime) -> Planned:
    """Return the open appointments of these people that start at `after` or later."""
    rows = await tx.execute(_APPOINTMENTS_OF_PEOPLE, {"people": list(people), "after": after})
    return await _planned(tx, [appointment_of(row) for row in rows], people)


async def organization_to_replan(tx: Transaction) -> UUID | None:
    """Return an organization with appointments to replan; None: all are planned."""
    found: UUID | None = await tx.scalar(_WAITING)
    return found


async def lock_walk(tx: Transaction, organization: UUID) -> Walk | None:
    """Return the progress of replanning, locked; None once it is complete."""
    rows = list(await tx.execute(_WALK, {"organization": organization}))
    return Walk(rows[0].told_at, rows[0].replan_after) if rows else None


async def load_portion(
    tx: Transaction, organization: UUID, after: datetime, limit: int
) -> tuple[datetime | None, Planned]:
    """Return the end of the next `limit` appointments that end after `after`, and the organization's open
    ones.
    """
    until = await tx.scalar(_PORTION, {"after": after, "limit": limit})
    if until is None:
        return None, Planned((), {})
    rows = await tx.execute(
        _APPOINTMENTS_WITHIN, {"organization": organization, "after": after, "until": until}
    )
    found = [appointment_of(row) for row in rows]
    recipients = {person for appointment in found for person in appointment.recipients}
    return until, await _planned(tx, found, recipients)


async def note_walk(tx: Transaction, organization: UUID, until: datetime | None) -> None:
    """Note that appointments ending by `until` are replanned; None: all are."""
    await tx.execute(_WALKED, {"organization": organization, "until": until})


async def _planned(tx: Transaction, found: Sequence[Appointment], people: Iterable[UUID]) -> Planned:
    wanted = {"ids": [appointment.id for appointment in found], "people": list(people)}
    return Planned(found, by_appointment(await tx.execute(_PENDING, wanted)) if found else {})
