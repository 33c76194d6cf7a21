"""SQL of subscribed calendars: the queue of their polls, shared by all processes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.reminders.domain.polling import Known
from services.reminders.messages.calendars import CalendarsChange

_NEWER = text("""
    INSERT INTO calendar_versions AS known (user_id, version)
    SELECT * FROM unnest(CAST(:users AS uuid[]), CAST(:versions AS int[])) AS given(user_id, version)
    ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET version = excluded.version WHERE known.version < excluded.version
    RETURNING user_id
""")
_REMOVE = text("""
    DELETE FROM calendars
    WHERE user_id = ANY(CAST(:users AS uuid[])) AND NOT subscription_id = ANY(CAST(:kept AS uuid[]))
""")
_ADD = text("""
    INSERT INTO calendars (subscription_id, user_id, organization_id, sealed, timezone, next_poll_at)
    SELECT subscription_id, user_id, organization_id, sealed, timezone, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:users AS uuid[]), CAST(:organizations AS uuid[]), CAST(:sealed AS text[]),
                CAST(:zones AS text[])) AS given(subscription_id, user_id, organization_id, sealed, timezone)
    ON CONFLICT DO NOTHING
""")
# The organization with the fewest polls under way comes first: none can keep the others waiting.
_CLAIM = text("""
    WITH under_way AS (
        SELECT organization_id, count(*) AS polls FROM calendars WHERE leased_until > :now GROUP BY organization_id
    ), due AS (
        SELECT c.subscription_id FROM calendars c LEFT JOIN under_way u USING (organization_id)
        WHERE c.next_poll_at <= :now AND (c.leased_until IS NULL OR c.leased_until <= :now)
        ORDER BY coalesce(u.polls, 0), c.next_poll_at LIMIT 1 FOR UPDATE OF c SKIP LOCKED
    )
    UPDATE calendars c SET leased_by = :owner, leased_until = :lease FROM due
    WHERE c.subscription_id = due.subscription_id
    RETURNING c.subscription_id, c.user_id, c.organization_id, c.sealed, c.timezone, c.etag, c.last_modified, c.content,
              c.times, c.number, c.failures, c.error, c.sent_at, c.reported_at
""")
_NOTE = text("""
    UPDATE calendars SET
        leased_by = NULL, leased_until = NULL, next_poll_at = :next, failures = :failures, error = :error,
        failing_since = CASE WHEN CAST(:error AS text) IS NULL THEN NULL
                             ELSE coalesce(failing_since, CAST(:at AS timestamptz)) END,
        etag = :etag, last_modified = :last_modified, content = :content, times = :times, number = :number,
        sent_at = :sent_at, reported_at = :reported_at
    WHERE subscription_id = :id AND leased_by = :owner
""")
_MEASURE = text("""
    SELECT count(*) AS calendars, count(*) FILTER (WHERE failing_since IS NOT NULL) AS failing,
        count(*) FILTER (WHERE failing_since < :long_before) AS failing_long,
        count(*) FILTER (WHERE next_poll_at < :late_before) AS late
    FROM calendars
""")


@dataclass(frozen=True, slots=True, kw_only=True)
class Polled:
    """The known content of a calendar: its validators, the digests of its bytes and times, their number."""

    etag: str | None = None
    last_modified: str | None = None
    content: str | None = None
    times: str | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Claimed:
    """A calendar to poll."""

    id: UUID
    user_id: UUID
    organization_id: UUID
    sealed: str
    timezone: str
    polled: Polled
    known: Known


class Measured(NamedTuple):
    """How many calendars there are, how many fail, since long ago, and how many wait for a late poll."""

    calendars: int
    failing: int
    failing_long: int
    late: int


async def follow(tx: Transaction, changes: Sequence[CalendarsChange], now: datetime) -> None:
    """Keep exactly the calendars of the newest version of each person; new ones are polled at once."""
    newest = {one.user_id: one for one in sorted(changes, key=lambda one: one.version)}
    given = {"users": list(newest), "versions": [one.version for one in newest.values()]}
    users = set(await tx.scalars(_NEWER, given))
    calendars = [(one, item) for user, one in newest.items() if user in users for item in one.calendars]
    ids = [item.id for _, item in calendars]
    await tx.execute(_REMOVE, {"users": list(users), "kept": ids})
    if calendars:
        await tx.execute(
            _ADD,
            {
                "ids": ids,
                "users": [one.user_id for one, _ in calendars],
                "organizations": [one.organization_id for one, _ in calendars],
                "sealed": [item.sealed for _, item in calendars],
                "zones": [item.timezone for _, item in calendars],
                "now": now,
            },
        )


async def claim(tx: Transaction, owner: UUID, now: datetime, lease: datetime) -> Claimed | None:
    """Lease the calendar that is to be polled next; None if none is due."""
    rows = await tx.execute(_CLAIM, {"owner": owner, "now": now, "lease": lease})
    if not rows:
        return None
    row = rows[0]
    polled = Polled(
        etag=row.etag,
        last_modified=row.last_modified,
        content=row.content,
        times=row.times,
        number=row.number,
    )
    known = Known(row.failures, row.error, row.sent_at, row.reported_at)
    return Claimed(
        row.subscription_id, row.user_id, row.organization_id, row.sealed, row.timezone, polled, known
    )


async def note(
    tx: Transaction,
    owner: UUID,
    identifier: UUID,
    at: datetime,
    next_poll: datetime,
    polled: Polled,
    known: Known,
) -> None:
    """Note the end of a poll, unless the calendar is gone or another process has it."""
    await tx.execute(
        _NOTE,
        {
            "id": identifier,
            "owner": owner,
            "at": at,
            "next": next_poll,
            "failures": known.failures,
            "error": known.error,
            "sent_at": known.sent_at,
            "reported_at": known.reported_at,
            "etag": polled.etag,
            "last_modified": polled.last_modified,
            "content": polled.content,
            "times": polled.times,
            "number": polled.number,
        },
    )


async def measure(tx: Transaction, long_before: datetime, late_before: datetime) -> Measured:
    """Return the numbers of calendars."""
    [row] = await tx.execute(_MEASURE, {"long_before": long_before, "late_before": late_before})
    return Measured(*row)
