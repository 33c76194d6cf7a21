"""Preferences of people and organizations, and the verdicts on the commands that set them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Database, Row, Transaction
from chassis.verdicts import Verdict
from notifications.preferences import (
    Organization,
    Preferences,
    body_of,
    organization_body,
    organization_of,
    preferences_of,
)

_COMMANDS_ONE_AT_A_TIME = 7_316_520_301  # any constant, for an advisory lock

_LOAD = text("""
    SELECT user_id, CAST(body AS text) AS body FROM preferences WHERE user_id = ANY(CAST(:users AS uuid[]))
""")
_SAVE = text("""
    INSERT INTO preferences (user_id, organization_id, version, body)
    VALUES (:user_id, :organization_id, :version, CAST(:body AS jsonb))
    ON CONFLICT (user_id) DO UPDATE SET
        organization_id = excluded.organization_id, version = excluded.version, body = excluded.body
""")
_ORGANIZATIONS = text("""
    SELECT organization_id, CAST(body AS text) AS body FROM organizations
    WHERE organization_id = ANY(CAST(:organizations AS uuid[]))
""")
_SAVE_ORGANIZATION = text("""
    INSERT INTO organizations (organization_id, version, body)
    VALUES (:organization_id, :version, CAST(:body AS jsonb))
    ON CONFLICT (organization_id) DO UPDATE SET version = excluded.version, body = excluded.body
""")
_DECIDED = text("""
    SELECT command_id, fingerprint, cause, decided_at, correlation_id, traceparent, user_id, accepted, outcome, event,
           organization_id
    FROM decisions WHERE command_id = ANY(CAST(:keys AS uuid[]))
""")
_DECIDE = text("""
    INSERT INTO decisions
        (command_id, fingerprint, cause, decided_at, correlation_id, traceparent, user_id, accepted, outcome, event,
         organization_id)
    VALUES (:command_id, :fingerprint, :cause, :decided_at, :correlation_id, :traceparent, :subject, :accepted,
            :outcome, :event, :organization)
""")


async def lock_commands(tx: Transaction) -> None:
    """Lock out other batches of commands: a person's commands may come over two topics, and they are rare."""
    await tx.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _COMMANDS_ONE_AT_A_TIME})


async def load(tx: Transaction, users: Iterable[UUID]) -> dict[UUID, Preferences]:
    """Return the preferences of those people who ever set any."""
    rows = await tx.execute(_LOAD, {"users": list(users)})
    return {row.user_id: preferences_of(orjson.loads(row.body)) for row in rows}


async def organizations(tx: Transaction, ids: Iterable[UUID]) -> dict[UUID, Organization]:
    """Return the preferences of those organizations that ever set any."""
    rows = await tx.execute(_ORGANIZATIONS, {"organizations": list(ids)})
    return {row.organization_id: organization_of(orjson.loads(row.body)) for row in rows}


async def save(tx: Transaction, changed: Mapping[UUID, tuple[UUID, Preferences]]) -> None:
    """Replace the preferences of these people; values are organization and preferences."""
    if changed:
        await tx.execute_each(
            _SAVE,
            [
                {
                    "user_id": user,
                    "organization_id": organization,
                    "version": preferences.version,
                    "body": orjson.dumps(body_of(preferences)).decode(),
                }
                for user, (organization, preferences) in sorted(changed.items())
            ],
        )


async def save_organizations(tx: Transaction, changed: Mapping[UUID, Organization]) -> None:
    """Replace the preferences of these organizations."""
    if changed:
        await tx.execute_each(
            _SAVE_ORGANIZATION,
            [
                {
                    "organization_id": identifier,
                    "version": organization.version,
                    "body": orjson.dumps(organization_body(organization)).decode(),
                }
                for identifier, organization in sorted(changed.items())
            ],
        )


async def decided(tx: Transaction, keys: Sequence[UUID]) -> dict[UUID, Verdict]:
    """Return the verdicts on those commands that were decided before, by key; their subject is the actor."""
    rows = await tx.execute(_DECIDED, {"keys": list(keys)})
    return {row.command_id: _verdict(row) for row in rows}


def _verdict(row: Row) -> Verdict:
    return Verdict(
        command_id=row.command_id,
        fingerprint=row.fingerprint,
        cause=row.cause,
        decided_at=row.decided_at,
        correlation_id=row.correlation_id,
        traceparent=row.traceparent,
        subject=row.user_id,
        accepted=row.accepted,
        outcome=row.outcome,
        event=row.event,
        organization=row.organization_id,
    )


async def decide(tx: Transaction, verdicts: Sequence[Verdict]) -> None:
    """Save verdicts, so that the same command gets the same outcome."""
    if verdicts:
        await tx.execute_each(_DECIDE, [asdict(verdict) for verdict in verdicts])


_FORGET = text("""
    DELETE FROM decisions WHERE command_id IN
        (SELECT command_id FROM decisions WHERE decided_at < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


async def forget(database: Database, before: datetime) -> int:
    """Delete old verdicts (a command id is known for 30 days); return their number."""
    return await database.in_slices(_FORGET, {"before": before})
