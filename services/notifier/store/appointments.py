"""The newest state of appointments, for the checks before a call."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction


@dataclass(frozen=True, slots=True)
class Seen:
    """The state of an appointment or a whole series in an event.

    `moved_in`: its version if its times changed, else 0.
    """

    id: UUID
    organization_id: UUID
    version: int
    moved_in: int
    status: str
    end: datetime
    involved: tuple[UUID, ...]


class Standing(NamedTuple):
    """The newest version of an appointment, and its organizer and participants who have not declined."""

    version: int
    involved: Sequence[UUID]


# Versions may arrive swapped: the newest wins, as does the newest change of the times.
_SAVE = text("""
    INSERT INTO appointments AS known (id, organization_id, version, moved_in, status, end_time, involved)
    SELECT id, organization_id, version, moved_in, status, end_time, CAST(involved AS uuid[])
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:versions AS int[]), CAST(:moved AS int[]),
        CAST(:statuses AS text[]), CAST(:ends AS timestamptz[]), CAST(:involved AS text[])
    ) AS seen(id, organization_id, version, moved_in, status, end_time, involved)
    ON CONFLICT (id) DO UPDATE SET
        version = greatest(known.version, excluded.version),
        moved_in = greatest(known.moved_in, excluded.moved_in),
        status = CASE WHEN excluded.version > known.version THEN excluded.status ELSE known.status END,
        end_time = CASE WHEN excluded.version > known.version THEN excluded.end_time ELSE known.end_time END,
        involved = CASE WHEN excluded.version > known.version THEN excluded.involved ELSE known.involved END
""")


async def save(tx: Transaction, seen: Sequence[Seen]) -> None:
    """Save states that are newer than the known ones; each appointment occurs at most once in `seen`."""
    if not seen:
        return
    ordered = sorted(seen, key=lambda item: item.id)  # one lock order for all writers
    await tx.execute(
        _SAVE,
        {
            "ids": [item.id for item in ordered],
            "organizations": [item.organization_id for item in ordered],
            "versions": [item.version for item in ordered],
            "moved": [item.moved_in for item in ordered],
            "statuses": [item.status for item in ordered],
            "ends": [item.end for item in ordered],
            "involved": ["{" + ",".join(map(str, item.involved)) + "}" for item in ordered],
        },
    )


_STANDING = text("SELECT id, version, involved FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))")


async def standing(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, Standing]:
    """Return the newest state of these appointments; unknown ones are left out."""
    if not ids:
        return {}
    rows = await tx.execute(_STANDING, {"ids": list(ids)})
    return {row.id: Standing(row.version, row.involved) for row in rows}


_FORGET = text("""
    DELETE FROM appointments WHERE id IN
        (SELECT id FROM appointments WHERE end_time < :before ORDER BY end_time LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


async def forget(database: Database, ended_before: datetime) -> int:
    """Delete appointments that ended long ago, about which nothing can be sent any more.

    Return their number.
    """
    return await database.in_slices(_FORGET, {"before": ended_before})
