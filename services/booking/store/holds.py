"""SQL of holds."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.needs import AllNeeds
from services.booking.domain.model.times import LONGEST_DAY
from services.booking.store.around import AROUND, Ranges, columns

_HOLD_COLUMNS = "h.id, h.organization_id, h.owner_id, h.user_ids, h.start_time, h.end_time, h.expires_at"
_HOLDS = text(f"""
    SELECT {_HOLD_COLUMNS} FROM holds h WHERE h.id = ANY(CAST(:ids AS uuid[]))
    UNION
    SELECT {_HOLD_COLUMNS} FROM holds h
    WHERE h.owner_id = ANY(CAST(:owners AS uuid[])) AND h.expires_at > :since
    UNION
    SELECT {_HOLD_COLUMNS}
    {AROUND}
    JOIN held ON held.user_id = needed.user_id AND held.start_time < needed.ends
        AND held.start_time > needed.starts - CAST(:longest AS interval)
    JOIN holds h ON h.id = held.hold_id AND h.end_time > needed.starts AND h.expires_at > :since
""")  # noqa: S608  constants only


async def load_holds(tx: Transaction, needs: AllNeeds, ranges: Ranges, since: datetime) -> list[Hold]:
    """Return the holds and owners' live holds that are needed, and those around the ranges that live after
    `since`.
    """
    values = {
        "ids": list(needs.holds),
        "owners": list(needs.hold_owners),
        "since": since,
        "longest": LONGEST_DAY,
    }
    rows = await tx.execute(_HOLDS, values | columns(ranges))
    return [
        Hold(
            row.id,
            row.organization_id,
            row.owner_id,
            tuple(row.user_ids),
            row.start_time,
            row.end_time,
            row.expires_at,
        )
        for row in rows
    ]


_END = text("DELETE FROM holds WHERE id = ANY(CAST(:ids AS uuid[]))")
_PLACE = text("""
    WITH flagged AS (
        UPDATE organizations SET held_until = greatest(held_until, :expires_at) WHERE id = :organization
    ), placed AS (
        INSERT INTO holds (id, organization_id, owner_id, user_ids, start_time, end_time, expires_at)
        VALUES (:id, :organization, :owner, :users, :start, :end, :expires_at)
    )
    INSERT INTO held (hold_id, user_id, start_time) SELECT :id, unnest(CAST(:users AS uuid[])), :start
""")


async def end_holds(tx: Transaction, ids: Iterable[UUID]) -> None:
    """Delete holds that were used up or released."""
    await tx.execute(_END, {"ids": list(ids)})


async def save_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    """Write new holds: one statement each, sent together, because arrays of arrays do not nest."""
    values = [
        {
            "id": hold.id,
            "organization": hold.organization_id,
            "owner": hold.owner_id,
            "users": list(hold.user_ids),
            "start": hold.start,
            "end": hold.end,
            "expires_at": hold.expires_at,
        }
        for hold in holds
    ]
    await tx.execute_each(_PLACE, values)


_FORGET_HOLDS = text("""
    DELETE FROM holds WHERE id IN (SELECT id FROM holds WHERE expires_at < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


async def forget_holds(database: Database, before: datetime) -> int:
    """Delete the holds that expired before; return how many."""
    return await database.in_slices(_FORGET_HOLDS, {"before": before})
