"""SQL of busy times."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Database, Transaction
from services.booking.domain.model.diary import BusyTimes
from services.booking.domain.model.times import Period
from services.booking.store.around import AROUND, Ranges, columns

_ELSEWHERE = text(f"""
    SELECT DISTINCT b.user_id, b.uid, lower(b.during) AS starts, upper(b.during) AS ends
    {AROUND}
    JOIN busy_times b ON b.user_id = needed.user_id AND b.during && tstzrange(needed.starts, needed.ends)
""")
_ALL_ELSEWHERE = text("""
    SELECT v.user_id, v.version, b.uid, lower(b.during) AS starts, upper(b.during) AS ends, b.source
    FROM busy_versions v LEFT JOIN busy_times b ON b.user_id = v.user_id
    WHERE v.user_id = ANY(CAST(:users AS uuid[]))
""")


async def load_elsewhere(tx: Transaction, whole: Collection[UUID], ranges: Ranges) -> dict[UUID, BusyTimes]:
    """Return busy times around these ranges; of the `whole` people all of them, with their version."""
    found: dict[UUID, BusyTimes] = {}
    if ranges:
        for user, uid, starts, ends in await tx.execute(_ELSEWHERE, columns(ranges)):
            found.setdefault(user, BusyTimes()).ranges[uid] = Period(starts, ends)
    if whole:
        for user, version, uid, starts, ends, source in await tx.execute(
            _ALL_ELSEWHERE, {"users": list(whole)}
        ):
            known = found.setdefault(user, BusyTimes())
            known.version = version
            if uid is not None:
                known.ranges[uid] = Period(starts, ends)
                if source:
                    known.sources[uid] = source
    return found


_FORGET_ELSEWHERE = text("""
    DELETE FROM busy_times WHERE user_id = :user AND uid = ANY(CAST(:uids AS text[]))
""")
_SET_ELSEWHERE = text("""
    WITH versioned AS (
        INSERT INTO busy_versions (user_id, version) VALUES (:user, :version)
        ON CONFLICT (user_id) DO UPDATE SET version = excluded.version
    ), flagged AS (
        UPDATE organizations SET has_busy_times = true
        WHERE id = :organization AND NOT has_busy_times
    )
    INSERT INTO busy_times (user_id, uid, during, source)
    SELECT CAST(:user AS uuid), uid, tstzrange(starts, ends), source
    FROM unnest(CAST(:uids AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]),
                CAST(:sources AS text[])) AS busy(uid, starts, ends, source)
""")


async def save_elsewhere(
    tx: Transaction, organization: UUID, user: UUID, elsewhere: BusyTimes, touched: Collection[str]
) -> None:
    """Write the ranges that differ from before: those whose uids are `touched`."""
    await tx.execute(_FORGET_ELSEWHERE, {"user": user, "uids": list(touched)})
    kept = [(uid, when) for uid in touched if (when := elsewhere.ranges.get(uid)) is not None]
    await tx.execute(
        _SET_ELSEWHERE,
        {
            "user": user,
            "organization": organization,
            "version": elsewhere.version,
            "uids": [uid for uid, _ in kept],
            "starts": [when.start for _, when in kept],
            "ends": [when.end for _, when in kept],
            "sources": [elsewhere.source(uid) for uid, _ in kept],
        },
    )


_FORGET_OVER = text("""
    DELETE FROM busy_times WHERE (user_id, uid) IN
        (SELECT user_id, uid FROM busy_times WHERE upper(during) < :before LIMIT :at_most FOR UPDATE SKIP LOCKED)
""")


async def forget_busy_times(database: Database, before: datetime) -> int:
    """Delete the busy times that ended before; return how many."""
    return await database.in_slices(_FORGET_OVER, {"before": before})
