"""SQL of what closes people's time beside appointments; most organizations have none of it, and then none of it runs."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database import Row, Transaction
from services.booking.domain.commands import (
    Command,
    Create,
    ImportBusyTimes,
    PlaceHold,
    ReleaseHold,
    SetAvailability,
)
from services.booking.domain.diary import Diary, Elsewhere, Hold, Hours, Noted
from services.booking.domain.times import LONGEST, Period

Ranges = Collection[tuple[UUID, Period]]


@dataclass(frozen=True, slots=True)
class Closing:
    """What the organizations of a batch have that closes time; all false or None where nobody has anything."""

    hours: bool
    elsewhere: bool
    holds: bool


def closing(organizations: Iterable[Row], commands: Iterable[Command]) -> Closing:
    """By the rows that are locked anyway, and by what the commands are about."""
    rows = list(organizations)
    kinds = {type(command) for command in commands}
    uses_hold = Create in kinds and any(
        isinstance(command, Create) and command.hold_id is not None for command in commands
    )
    return Closing(
        hours=SetAvailability in kinds or any(row.has_availability for row in rows),
        elsewhere=ImportBusyTimes in kinds or any(row.has_busy_times for row in rows),
        holds=uses_hold
        or not kinds.isdisjoint((PlaceHold, ReleaseHold))
        or any(row.has_holds for row in rows),
    )


_HOURS = text("""
    SELECT user_id, organization_id, version, body FROM availability WHERE user_id = ANY(CAST(:users AS uuid[]))
""")


async def load(
    tx: Transaction,
    commands: Iterable[Command],
    closing: Closing,
    hours: Mapping[UUID, Hours],
    ranges: Ranges,
    since: datetime,
) -> Diary:
    """What closes the time in these ranges, and what the commands are about."""
    return Diary(
        hours.values(),
        await _elsewhere(tx, commands, ranges) if closing.elsewhere else {},
        await _holds(tx, commands, ranges, since) if closing.holds else (),
    )


async def load_hours(tx: Transaction, commands: Iterable[Command], ranges: Ranges) -> dict[UUID, Hours]:
    """Of those in the ranges, and of those whose availability the commands set."""
    asked = {command.user_id for command in commands if isinstance(command, SetAvailability)}
    asked |= {user for user, _ in ranges}
    if not asked:
        return {}
    return {row.user_id: Hours(*row) for row in await tx.execute(_HOURS, {"users": list(asked)})}


_AROUND = """
    FROM unnest(CAST(:users AS uuid[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS needed(user_id, starts, ends)
"""
_ELSEWHERE = text(f"""
    SELECT DISTINCT b.user_id, b.uid, lower(b.during) AS starts, upper(b.during) AS ends
    {_AROUND}
    JOIN busy_times b ON b.user_id = needed.user_id AND b.during && tstzrange(needed.starts, needed.ends)
""")
_ALL_ELSEWHERE = text("""
    SELECT v.user_id, v.version, b.uid, lower(b.during) AS starts, upper(b.during) AS ends
    FROM busy_versions v LEFT JOIN busy_times b ON b.user_id = v.user_id
    WHERE v.user_id = ANY(CAST(:users AS uuid[]))
""")


async def _elsewhere(tx: Transaction, commands: Iterable[Command], ranges: Ranges) -> dict[UUID, Elsewhere]:
    """Around these ranges; of those who import all of it, with its version."""
    found: dict[UUID, Elsewhere] = {}
    if ranges:
        for user, uid, starts, ends in await tx.execute(_ELSEWHERE, _columns(ranges)):
            found.setdefault(user, Elsewhere()).ranges[uid] = Period(starts, ends)
    importing = {command.actor.user for command in commands if isinstance(command, ImportBusyTimes)} - {None}
    if importing:
        for user, version, uid, starts, ends in await tx.execute(_ALL_ELSEWHERE, {"users": list(importing)}):
            known = found.setdefault(user, Elsewhere())
            known.version = version
            if uid is not None:
                known.ranges[uid] = Period(starts, ends)
    return found


_HOLD_COLUMNS = "h.id, h.organization_id, h.owner_id, h.user_ids, h.start_time, h.end_time, h.expires_at"
_HOLDS = text(f"""
    SELECT {_HOLD_COLUMNS} FROM holds h WHERE h.id = ANY(CAST(:ids AS uuid[]))
    UNION
    SELECT {_HOLD_COLUMNS} FROM holds h
    WHERE h.owner_id = ANY(CAST(:owners AS uuid[])) AND h.expires_at > :since
    UNION
    SELECT {_HOLD_COLUMNS}
    {_AROUND}
    JOIN held ON held.user_id = needed.user_id AND held.start_time < needed.ends
        AND held.start_time > needed.starts - CAST(:longest AS interval)
    JOIN holds h ON h.id = held.hold_id AND h.end_time > needed.starts AND h.expires_at > :since
""")  # noqa: S608  constants only


async def _holds(tx: Transaction, commands: Iterable[Command], ranges: Ranges, since: datetime) -> list[Hold]:
    """Those that live after `since` around these ranges, or of who places one; and those that commands name."""
    ids = [
        command.hold_id
        for command in commands
        if isinstance(command, ReleaseHold | Create) and command.hold_id is not None
    ]
    owners = [
        command.actor.user for command in commands if isinstance(command, PlaceHold) and command.actor.user
    ]
    values = {"ids": ids, "owners": owners, "since": since, "longest": LONGEST}
    rows = await tx.execute(_HOLDS, values | _columns(ranges))
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


async def save(tx: Transaction, noted: Noted) -> None:
    """Write what a batch changed; the organizations say from now on that there is something to look at."""
    if noted.hours:
        await _save_hours(tx, list(noted.hours.values()))
    for user, (organization, touched) in noted.touched.items():
        await _save_elsewhere(tx, organization, user, noted.elsewhere[user], touched)
    if noted.ended:
        await tx.execute(_END, {"ids": list(noted.ended)})
    if noted.placed:
        await _save_holds(tx, list(noted.placed.values()))


_SET_HOURS = text("""
    WITH flagged AS (
        UPDATE organizations SET has_availability = true
        WHERE id = ANY(CAST(:organizations AS uuid[])) AND NOT has_availability
    )
    INSERT INTO availability (user_id, organization_id, version, body)
    SELECT user_id, organization_id, version, CAST(body AS json)
    FROM unnest(CAST(:users AS uuid[]), CAST(:organizations AS uuid[]), CAST(:versions AS int[]),
                CAST(:bodies AS text[])) AS said(user_id, organization_id, version, body)
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, body = excluded.body
""")


async def _save_hours(tx: Transaction, hours: Sequence[Hours]) -> None:
    await tx.execute(
        _SET_HOURS,
        {
            "users": [item.user_id for item in hours],
            "organizations": [item.organization_id for item in hours],
            "versions": [item.version for item in hours],
            "bodies": [orjson.dumps(item.body).decode() for item in hours],
        },
    )


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
    INSERT INTO busy_times (user_id, uid, during)
    SELECT CAST(:user AS uuid), uid, tstzrange(starts, ends)
    FROM unnest(CAST(:uids AS text[]), CAST(:starts AS timestamptz[]), CAST(:ends AS timestamptz[]))
        AS busy(uid, starts, ends)
""")


async def _save_elsewhere(
    tx: Transaction, organization: UUID, user: UUID, elsewhere: Elsewhere, touched: Collection[str]
) -> None:
    """Only the ranges that are other than before."""
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
        },
    )


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


async def _save_holds(tx: Transaction, holds: Sequence[Hold]) -> None:
    """Arrays of arrays do not nest: one statement each, sent together."""
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
    DELETE FROM holds WHERE id IN (SELECT id FROM holds WHERE expires_at < :before LIMIT :at_most)
""")
_FORGET_OVER = text("""
    DELETE FROM busy_times WHERE (user_id, uid) IN
        (SELECT user_id, uid FROM busy_times WHERE upper(during) < :before LIMIT :at_most)
""")


async def forget_holds(tx: Transaction, before: datetime, at_most: int) -> int:
    """Delete a slice of the holds that expired before; returns how many."""
    return await tx.count(_FORGET_HOLDS, {"before": before, "at_most": at_most})


async def forget_busy_times(tx: Transaction, before: datetime, at_most: int) -> int:
    """Delete a slice of the ranges elsewhere that ended before; returns how many."""
    return await tx.count(_FORGET_OVER, {"before": before, "at_most": at_most})


def _columns(ranges: Ranges) -> dict[str, Any]:
    return {
        "users": [user for user, _ in ranges],
        "starts": [when.start for _, when in ranges],
        "ends": [when.end for _, when in ranges],
    }
