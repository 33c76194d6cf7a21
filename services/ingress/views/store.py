"""The projector's views, read by a role that can do nothing else. Tables: services/projector/VIEWS.md.

asyncpg itself rather than SQLAlchemy: these reads are the hot path, and JSON kept as text is passed on unparsed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from chassis.database.roles import reader_url
from contracts.envelope import key_elsewhere
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.domain.queries import CalendarQuery, ListQuery
from services.ingress.settings import IngressSettings
from services.ingress.views.connections import Connections
from services.ingress.views.feed_sql import FEED, OWN, SERIES
from services.ingress.views.free_time_sql import AVAILABILITY, TAKEN

_APPOINTMENT = """
    SELECT p.version, p.body FROM views.appointments p WHERE p.id = $1 AND p.organization_id = $2
    AND ($3 OR EXISTS (SELECT FROM views.attendees a WHERE a.appointment_id = p.id AND a.user_id = $4))
"""
_VERSION = "SELECT version FROM views.appointments WHERE id = $1 AND organization_id = $2"
_HISTORY = """
    SELECT version, change, changes, actor, at FROM views.history
    WHERE appointment_id = $1 AND organization_id = $2 ORDER BY version
"""
# No appointment is longer than 24 hours, which turns an overlap into a range of starts that an index can serve.
_CALENDAR = """
    SELECT a.start_time, a.end_time, p.id::text AS id, p.title, p.status, p.organizer_id::text AS organizer_id, p.location
    FROM views.attendees a JOIN views.appointments p ON p.id = a.appointment_id
    WHERE a.user_id = $1 AND a.organization_id = $2
    AND a.start_time > $3::timestamptz - interval '24 hours' AND a.start_time < $4 AND a.end_time > $3
    AND a.status <> 'cancelled' AND a.response NOT IN ('declined', 'waiting')
    ORDER BY a.start_time, a.appointment_id
"""
_COLLEAGUE = """
    SELECT a.start_time, a.end_time, p.id::text AS id, p.title, p.status, p.organizer_id::text AS organizer_id, p.location,
    EXISTS (SELECT FROM views.attendees v WHERE v.appointment_id = a.appointment_id AND v.user_id = $5) AS shared
    FROM views.attendees a JOIN views.appointments p ON p.id = a.appointment_id
    WHERE a.user_id = $1 AND a.organization_id = $2
    AND a.start_time > $3::timestamptz - interval '24 hours' AND a.start_time < $4 AND a.end_time > $3
    AND a.status <> 'cancelled' AND a.response NOT IN ('declined', 'waiting')
    ORDER BY a.start_time, a.appointment_id
"""
# The organizer and admins see what was sent to everybody, a participant what was sent to them.
_NOTIFICATIONS = """
    SELECT id::text AS id, type, recipient_id::text AS recipient_id, channel, priority, state, attempts, planned_at,
    next_attempt_at, sent_at, delivered_at, reason, fallback_of::text AS fallback_of
    FROM views.notifications WHERE appointment_id = $1 AND organization_id = $2
    AND ($3 OR recipient_id = $4 OR EXISTS (SELECT FROM views.appointments p WHERE p.id = $1 AND p.organizer_id = $4))
    ORDER BY planned_at, id
"""
# From the deliveries themselves, so that the percentiles are exact. What is accepted counts as sent whatever became of it.
# Two machines' clocks may differ by more than a fast delivery takes: no time is below zero.
ANALYTICS = """
    SELECT date, type, channel, count(*) AS planned, count(sent_at) AS sent,
        count(*) FILTER (WHERE state = 'delivered') AS delivered, count(*) FILTER (WHERE state = 'failed') AS failed,
        count(*) FILTER (WHERE state = 'bounced') AS bounced, count(*) FILTER (WHERE state = 'expired') AS expired,
        count(*) FILTER (WHERE state = 'dead_lettered') AS dead_lettered,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_sent) AS sent_s,
        percentile_cont(ARRAY[0.5, 0.95]) WITHIN GROUP (ORDER BY to_delivered) AS delivered_s
    FROM (
        SELECT CAST(planned_at AT TIME ZONE 'UTC' AS date) AS date, type, channel, state, sent_at,
            CASE WHEN sent_at IS NOT NULL THEN greatest(0, extract(epoch FROM sent_at - planned_at)) END AS to_sent,
            CASE WHEN delivered_at IS NOT NULL THEN greatest(0, extract(epoch FROM delivered_at - planned_at)) END
                AS to_delivered
        FROM views.notifications WHERE organization_id = $1 AND planned_at >= $2 AND planned_at < $3
    ) AS delivery
    GROUP BY date, type, channel ORDER BY date, type, channel
"""
# A command whose id another organization used first stands under a key of its own.
_COMMAND = """
    SELECT actor, body FROM views.commands
    WHERE id IN ($1, $2) AND (organization_id = $3 OR organization_id IS NULL) ORDER BY id = $1 LIMIT 1
"""
_WANTED = """
    SELECT p.version, p.body, o.body AS rules FROM (SELECT) AS asked
    LEFT JOIN views.preferences p ON p.user_id = $1 AND p.organization_id = $2
    LEFT JOIN views.organization_preferences o ON o.organization_id = $2
"""
# What is waited for beside appointments; a released hold is not there any more.
_SHOWN_VERSIONS = {
    "availability": "SELECT version FROM views.availability WHERE user_id = $1 AND organization_id = $2",
    "busy_times": "SELECT version FROM views.busy_versions WHERE user_id = $1 AND organization_id = $2",
    "feeds": "SELECT version FROM views.feeds WHERE user_id = $1 AND organization_id = $2",
    "holds": "SELECT version FROM views.holds WHERE id = $1 AND organization_id = $2",
    "released": "SELECT 2 AS version WHERE NOT EXISTS "
    "(SELECT FROM views.holds WHERE id = $1 AND organization_id = $2 AND version < 2)",
}
_EVENT = "SELECT 1 FROM views.history WHERE appointment_id = ANY($1::uuid[]) AND event_id = $2"
_RULES = "SELECT version, body FROM views.organization_preferences WHERE organization_id = $1"

_SUSPENDED = """
    SELECT channel, since, reason FROM views.suspensions
    WHERE user_id = $1 AND organization_id = $2 AND restored_at IS NULL
"""


class Store:
    """Reads the views. Every method raises Problem 503 while PostgreSQL does not answer."""

    def __init__(self, settings: IngressSettings) -> None:
        self._connections = Connections(reader_url(settings), settings.pool_size)

    async def open(self) -> None:
        """Connect for the first time; raises what asyncpg says while the database is away."""
        await self._connections.fetch("SELECT 1")

    def close(self) -> None:
        """Disconnect, without waiting for queries in flight."""
        self._connections.terminate()

    async def ping(self) -> None:
        """Ask for nothing; raises Problem if even that is not answered."""
        await self._fetch("SELECT 1")

    async def appointment(self, caller: Caller, identifier: UUID) -> tuple[int, str] | None:
        """Version and JSON of an appointment that the caller may see, else None."""
        rows = await self._fetch(_APPOINTMENT, identifier, caller.organization, caller.admin, caller.id)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def version(self, organization: UUID, identifier: UUID) -> int:
        """The version that the views show, 0 for none; for waiting only, so nobody's rights are asked."""
        rows = await self._fetch(_VERSION, identifier, organization)
        return int(rows[0]["version"]) if rows else 0

    async def shown_version(self, view: str, identifier: UUID, organization: UUID) -> int:
        """The version that a view shows of somebody's entry or of a hold, 0 for none."""
        rows = await self._fetch(_SHOWN_VERSIONS[view], identifier, organization)
        return int(rows[0]["version"]) if rows else 0

    async def event_shown(self, appointments: Sequence[UUID], event: UUID) -> int:
        """1 if the history of one of these appointments has this event, else 0."""
        return len(await self._fetch(_EVENT, appointments, event))

    async def feed(self, token_hash: str) -> tuple[UUID, UUID] | None:
        """The person and the organization whose calendar that secret opens, if it opens any."""
        rows = await self._fetch(FEED, token_hash)
        return (rows[0]["user_id"], rows[0]["organization_id"]) if rows else None

    async def own(self, person: UUID, organization: UUID, start: datetime, end: datetime) -> Sequence[Any]:
        """Rows of `id version body series_id`: what somebody takes part in between, and all of each series of which some is between."""
        return await self._fetch(OWN, person, organization, start, end)

    async def series(self, organization: UUID, identifiers: Sequence[UUID]) -> Sequence[Any]:
        """Rows of `id version body` of these series."""
        return await self._fetch(SERIES, identifiers, organization) if identifiers else ()

    async def history(self, organization: UUID, identifier: UUID) -> Sequence[Any]:
        """Rows of `version change changes actor at`, the first version first; `changes` is JSON text."""
        return await self._fetch(_HISTORY, identifier, organization)

    async def calendar(self, caller: Caller, query: CalendarQuery) -> Sequence[Any]:
        """Rows that overlap the range of whoever's calendar; a colleague's also say whether they are `shared`."""
        person = query.user or caller.id
        if person == caller.id or caller.admin:
            return await self._fetch(_CALENDAR, person, caller.organization, query.start, query.end)
        return await self._fetch(_COLLEAGUE, person, caller.organization, query.start, query.end, caller.id)

    async def page(
        self, caller: Caller, query: ListQuery, after: tuple[datetime, UUID] | None
    ) -> Sequence[Any]:
        """Rows of `start_time id body`, one more than the limit if there is another page."""
        sql, parameters = list_statement(caller, query, after)
        return await self._fetch(sql, *parameters)

    async def notifications(self, caller: Caller, appointment: UUID) -> Sequence[Any]:
        """Its deliveries in the order of their planning, as far as the caller may know of them."""
        return await self._fetch(_NOTIFICATIONS, appointment, caller.organization, caller.admin, caller.id)

    async def analytics(self, organization: UUID, start: datetime, end: datetime) -> Sequence[Any]:
        """Rows for each UTC day, type and channel; `sent_s` and `delivered_s` are median and 95th percentile, or null."""
        return await self._fetch(ANALYTICS, organization, start, end)

    async def command(self, identifier: UUID, organization: UUID) -> tuple[str | None, str] | None:
        """Actor and JSON of the first outcome of an organization's command, or of one that named none."""
        rows = await self._fetch(_COMMAND, identifier, key_elsewhere(organization, identifier), organization)
        return (rows[0]["actor"], rows[0]["body"]) if rows else None

    async def wanted(self, person: UUID, organization: UUID) -> tuple[int, str | None, str | None]:
        """Version and JSON of somebody's preferences (0 and None: never set), and JSON of what holds for everybody."""
        [row] = await self._fetch(_WANTED, person, organization)
        return row["version"] or 0, row["body"], row["rules"]

    async def suspended(self, person: UUID, organization: UUID) -> Sequence[Any]:
        """Rows of `channel since reason`: the channels whose address bounced and is left alone."""
        return await self._fetch(_SUSPENDED, person, organization)

    async def organization_preferences(self, organization: UUID) -> tuple[int, str] | None:
        """Version and JSON of what holds for everybody there; None if nobody ever decided."""
        rows = await self._fetch(_RULES, organization)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def taken(
        self,
        organization: UUID,
        people: Sequence[UUID],
        start: datetime,
        end: datetime,
        now: datetime,
    ) -> Sequence[Any]:
        """A row for each person, in order: availability, and what takes their time in a range; see `free_time_sql`."""
        return await self._fetch(TAKEN, people, organization, start, end, now)

    async def availability(self, person: UUID, organization: UUID) -> tuple[int, str] | None:
        """Version and JSON of what somebody said of their hours; None if they never did."""
        rows = await self._fetch(AVAILABILITY, person, organization)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def _fetch(self, sql: str, *parameters: object) -> Sequence[Any]:
        try:
            return await self._connections.fetch(sql, *parameters)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Problem("views_unavailable", "The views cannot be read now.") from error


def list_statement(
    caller: Caller, query: ListQuery, after: tuple[datetime, UUID] | None
) -> tuple[str, list[object]]:
    """A list as SQL with parameters: an admin reads the organization, anybody else what they take part in."""
    parameters: list[object] = []

    def value(given: object) -> str:
        parameters.append(given)
        return f"${len(parameters)}"

    where = [f"p.organization_id = {value(caller.organization)}"]
    source = "views.appointments p"
    start = "p.start_time"
    key = "p.id"
    if not caller.admin:
        source = "views.attendees a JOIN views.appointments p ON p.id = a.appointment_id"
        where.append(f"a.user_id = {value(caller.id)}")
        start, key = "a.start_time", "a.appointment_id"
    if query.ends_after:
        bound = value(query.ends_after)
        where.append(f"{start} > {bound}::timestamptz - interval '24 hours' AND p.end_time > {bound}")
    if query.starts_before:
        where.append(f"{start} < {value(query.starts_before)}")
    if query.statuses:
        where.append(f"p.status = ANY({value(list(query.statuses))}::text[])")
    if query.participant:
        where.append(
            "EXISTS (SELECT FROM views.attendees o WHERE o.appointment_id = p.id "
            f"AND o.user_id = {value(query.participant)})"
        )
    if query.client:
        where.append(f"p.client_id = {value(query.client)}")
    if query.text:
        where.append(f"p.search LIKE {value(_pattern(query.text))}")
    if after:
        where.append(f"({start}, {key}) > ({value(after[0])}, {value(after[1])})")
    sql = (
        f"SELECT p.start_time, p.id, p.body FROM {source} WHERE {' AND '.join(where)} "  # noqa: S608  (only our own fragments)
        f"ORDER BY {start}, {key} LIMIT {value(query.limit + 1)}"
    )
    return sql, parameters


def _pattern(text: str) -> str:
    escaped = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
