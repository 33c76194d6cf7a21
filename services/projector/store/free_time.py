"""SQL of people's time and of series, beside `appointments`: only a newer version replaces a row."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import TextClause, text

from chassis.database.transactions import Database, Transaction
from services.projector.domain.times import (
    BusyTime,
    BusyTimes,
    CalendarSubscriptions,
    Feed,
    Hold,
    Hours,
    Series,
)
from services.projector.store.columns import (
    BUSY_TIME,
    BUSY_VERSION,
    FEED,
    HOLD,
    HOURS,
    SERIES,
    SUBSCRIPTIONS,
    Columns,
    arrays,
    names,
    rows,
)


def _newest(table: str, key: str, columns: Columns, given: str) -> TextClause:
    """Return SQL that shows rows unless a newer version is shown, at most one of each key.

    Rows are written in the keys' order, so that writers cannot deadlock.
    """
    return text(f"""
        INSERT INTO {table} AS held ({names(columns)})
        SELECT {given} FROM {rows("s", columns)} ORDER BY {key}
        ON CONFLICT ({key}) DO UPDATE SET ({names(columns)}) = ROW ({names(columns, "excluded.")})
        WHERE held.version < excluded.version
    """)  # noqa: S608  (names from this service only)


_SHOW_HOURS = _newest("availability", "user_id", HOURS, names(HOURS))
_SHOW_BUSY_TIMES = _newest("busy_times", "user_id, uid", BUSY_TIME, names(BUSY_TIME))
_SHOW_BUSY_VERSIONS = _newest("busy_versions", "user_id", BUSY_VERSION, names(BUSY_VERSION))
# PostgreSQL has no arrays of arrays of different lengths: lists of people come as text.
_SHOW_HOLDS = _newest(
    "holds", "id", HOLD, names(HOLD).replace("user_ids", "CAST(user_ids AS uuid[]) AS user_ids")
)
_SHOW_SERIES = _newest("series", "id", SERIES, names(SERIES))
_SHOW_FEEDS = _newest("feeds", "user_id", FEED, names(FEED))
_SHOW_SUBSCRIPTIONS = _newest("calendar_subscriptions", "user_id", SUBSCRIPTIONS, names(SUBSCRIPTIONS))

_FORGET_HOLDS = text("""
    DELETE FROM holds WHERE id IN (
        SELECT id FROM holds WHERE expires_at < :before LIMIT :at_most FOR UPDATE SKIP LOCKED
    )
""")
_FORGET_BUSY_TIMES = text("""
    DELETE FROM busy_times WHERE (user_id, uid) IN (
        SELECT user_id, uid FROM busy_times WHERE start_time = end_time AND end_time < :before
        LIMIT :at_most FOR UPDATE SKIP LOCKED
    )
""")


async def show_hours(tx: Transaction, hours: Sequence[Hours]) -> None:
    """Show availability; at most one version of each person."""
    await tx.execute(_SHOW_HOURS, arrays("s", HOURS, hours))


async def show_busy_times(tx: Transaction, ranges: Sequence[BusyTime], versions: Sequence[BusyTimes]) -> None:
    """Show the newest version of each range, and the version up to which each person's changes are shown."""
    if ranges:
        await tx.execute(_SHOW_BUSY_TIMES, arrays("s", BUSY_TIME, ranges))
    known = [(one.user_id, one.organization_id, one.version) for one in versions]
    await tx.execute(_SHOW_BUSY_VERSIONS, arrays("s", BUSY_VERSION, known))


async def show_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    """Show holds, also ended ones; at most one version of each."""
    values = [hold._replace(user_ids=f"{{{','.join(map(str, hold.user_ids))}}}") for hold in holds]  # type: ignore[arg-type]
    await tx.execute(_SHOW_HOLDS, arrays("s", HOLD, values))


async def show_series(tx: Transaction, series: Sequence[Series]) -> None:
    """Show series; at most one version of each."""
    await tx.execute(_SHOW_SERIES, arrays("s", SERIES, series))


async def show_feeds(tx: Transaction, feeds: Sequence[Feed]) -> None:
    """Show feeds; at most one version of each person."""
    await tx.execute(_SHOW_FEEDS, arrays("s", FEED, feeds))


async def show_subscriptions(tx: Transaction, subscriptions: Sequence[CalendarSubscriptions]) -> None:
    """Show subscribed calendars; at most one version of each person."""
    await tx.execute(_SHOW_SUBSCRIPTIONS, arrays("s", SUBSCRIPTIONS, subscriptions))


async def forget_holds(database: Database, before: datetime) -> int:
    """Delete holds that expired before `before`; return how many."""
    return await database.in_slices(_FORGET_HOLDS, {"before": before})


async def forget_busy_times(database: Database, before: datetime) -> int:
    """Delete marks of ranges that were removed before `before`; return how many."""
    return await database.in_slices(_FORGET_BUSY_TIMES, {"before": before})
