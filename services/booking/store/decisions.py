"""SQL of verdicts, and of the events of commands that have several."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from chassis.errors import TooMuch
from chassis.verdicts import ExtraEvent, Verdict

KEYS = 2  # of one command: its id, and the one that it has where another organization used its id first
FURTHER_AT_ONCE = 32 * 1024 * 1024  # bytes of events; one command may have more

KEPT = {
    "command_id": "uuid",
    "fingerprint": "bytea",
    "cause": "text",
    "decided_at": "timestamptz",
    "correlation_id": "text",
    "traceparent": "text",
    "appointment_id": "uuid",
    "accepted": "boolean",
    "outcome": "bytea",
    "event_type": "text",
    "event": "bytea",
    "organization_id": "uuid",
}
_FIELDS = {
    "appointment_id": "subject",
    "organization_id": "organization",
}  # where a verdict names it otherwise


def columns_of(verdicts: Sequence[Verdict]) -> dict[str, list[Any]]:
    """Return the columns of the rows of these verdicts."""
    return {name: list(map(attrgetter(_FIELDS.get(name, name)), verdicts)) for name in KEPT}


_VERDICTS = text("""
    SELECT command_id, fingerprint, cause, decided_at, correlation_id, traceparent, appointment_id, accepted, outcome,
           event_type, event, organization_id
    FROM decisions WHERE command_id = ANY(CAST(:ids AS uuid[]))
""")


async def load_verdicts(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, Verdict]:
    """Return the verdicts on commands of these keys that were decided before.

    Each command has two keys. Raises TooMuch when several of them have more events than memory should hold at once.
    """
    found = {row.command_id: Verdict(*row) for row in await tx.execute(_VERDICTS, {"ids": list(ids)})}
    several = [verdict.command_id for verdict in found.values() if verdict.accepted and verdict.event is None]
    if several:
        if len(ids) > KEYS and await tx.scalar(_FURTHER_SIZE, {"ids": several}) > FURTHER_AT_ONCE:
            raise TooMuch
        for command, further in (await _further(tx, several)).items():
            found[command] = replace(found[command], further=tuple(further))
    return found


# PostgreSQL knows the sizes without reading the events.
_FURTHER_SIZE = text("""
    SELECT coalesce(sum(octet_length(event)), 0) FROM further_events WHERE command_id = ANY(CAST(:ids AS uuid[]))
""")
_FURTHER = text("""
    SELECT command_id, type, subject, event FROM further_events
    WHERE command_id = ANY(CAST(:ids AS uuid[])) ORDER BY command_id, position
""")
_KEEP_FURTHER = text("""
    INSERT INTO further_events (command_id, position, type, subject, event)
    SELECT * FROM unnest(CAST(:commands AS uuid[]), CAST(:positions AS int[]), CAST(:types AS text[]),
                         CAST(:subjects AS uuid[]), CAST(:events AS bytea[]))
""")


async def _further(tx: Transaction, ids: Sequence[UUID]) -> dict[UUID, list[ExtraEvent]]:
    """Return the events of commands that have several, in their order."""
    found: dict[UUID, list[ExtraEvent]] = {}
    for command, kind, subject, event in await tx.execute(_FURTHER, {"ids": list(ids)}):
        found.setdefault(command, []).append(ExtraEvent(kind, subject, event))
    return found


async def keep_further(tx: Transaction, verdicts: Sequence[Verdict]) -> None:
    """Write the events of commands that have several; a single event is in the row of its verdict."""
    rows = [
        (item.command_id, position, event.type, event.subject, event.event)
        for item in verdicts
        for position, event in enumerate(item.further, 1)
    ]
    if rows:
        names = ("commands", "positions", "types", "subjects", "events")
        await tx.execute(_KEEP_FURTHER, dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)))


_FORGET = text("""
    WITH forgotten AS (
        DELETE FROM decisions WHERE command_id IN
            (SELECT command_id FROM decisions WHERE decided_at < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
        RETURNING command_id
    ), with_events AS (
        DELETE FROM further_events WHERE command_id IN (SELECT command_id FROM forgotten)
    )
    SELECT command_id FROM forgotten
""")


async def forget_decisions(database: Database, before: datetime) -> int:
    """Delete the verdicts decided before; return how many."""
    return await database.in_slices(_FORGET, {"before": before})
