"""The projector's views, read by a role without any other right. Tables: services/projector/VIEWS.md.

asyncpg itself rather than SQLAlchemy: these reads are the hot path, and JSON kept as text is passed on
unparsed.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from chassis.database.roles import reader_url
from contracts.envelope import key_elsewhere
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.domain.queries import CalendarQuery, ListQuery
from services.ingress.settings import IngressSettings
from services.ingress.views.busy_times_sql import BUSY_TIMES, SOURCES, SUBSCRIPTIONS
from services.ingress.views.connections import Connections
from services.ingress.views.feed_sql import FEED, OWN, SERIES
from services.ingress.views.free_time_sql import AVAILABILITY, HOLD, HOLDS, TAKEN
from services.ingress.views.message_log_sql import OF_ORGANIZATION, OF_PERSON

_APPOINTMENT = """
    SELECT p.version, p.body FROM views.appointments p WHERE p.id = $1 AND p.organization_id = $2
    AND ($3 OR EXISTS (SELECT FROM views.attendees a WHERE a.appointment_id = p.id AND a.user_id = $4))
"""
_VERSION = "SELECT version FROM views.appointments WHERE id = $1 AND organization_id = $2"
_HISTORY = """
    SELECT version, change, changes, actor, at FROM views.history
    WHERE appointment_id = $1 AND organization_id = $2 ORDER BY version
"""
# No appointment is longer than the longest local day, 26 hours, which turns an overlap into a range of
# starts that an index can serve.
_CALENDAR = """
    SELECT a.user_id, a.start_time, a.end_time, a.status, p.id, p.body, seen.shared
    FROM views.attendees a JOIN views.appointments p ON p.id = a.appointment_id
    CROSS JOIN LATERAL (
        SELECT $5 OR a.user_id = $6 OR EXISTS (
            SELECT FROM views.attendees v WHERE v.appointment_id = a.appointment_id AND v.user_id = $6
        ) AS shared
    ) AS seen
    WHERE a.user_id = ANY($1::uuid[]) AND a.organization_id = $2
    AND a.start_time > $3::timestamptz - interval '26 hours' AND a.start_time < $4 AND a.end_time > $3
    AND a.status <> 'cancelled' AND a.response NOT IN ('declined', 'waiting')
    ORDER BY a.start_time, a.appointment_id
"""
# The changes that a person's answer came with.
_ANSWERS = """
    SELECT changes FROM views.history
    WHERE appointment_id = $1 AND organization_id = $2 AND changes LIKE '%declined%' ORDER BY version
"""
# The organizer and admins see the deliveries of all recipients, a participant their own.
_NOTIFICATIONS = """
    SELECT id::text AS id, type, recipient_id::text AS recipient_id, channel, priority, state, attempts, planned_at,
    next_attempt_at, sent_at, delivered_at, reason, fallback_of::text AS fallback_of
    FROM views.notifications WHERE appointment_id = $1 AND organization_id = $2
    AND ($3 OR recipient_id = $4 OR EXISTS (SELECT FROM views.appointments p WHERE p.id = $1 AND p.organizer_id = $4))
    ORDER BY planned_at, id
"""
# From the deliveries themselves, so that the percentiles are exact. Accepted deliveries count as sent, also
# if they failed later. Clocks of two machines may differ by more than a fast delivery takes: no time is
# below zero.
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
# A command whose id another organization used first has a key of its own.
_COMMAND = """
    SELECT actor, body FROM views.commands
    WHERE id IN ($1, $2) AND (organization_id = $3 OR organization_id IS NULL) ORDER BY id = $1 LIMIT 1
"""
_PREFERENCES = """
    SELECT p.version, p.body, o.body AS rules FROM (SELECT) AS one
    LEFT JOIN views.preferences p ON p.user_id = $1 AND p.organization_id = $2
    LEFT JOIN views.organization_preferences o ON o.organization_id = $2
"""
# Versions of entries beside appointments; a released hold has no row any more.
_SHOWN_VERSIONS = {
    "availability": "SELECT version FROM views.availability WHERE user_id = $1 AND organization_id = $2",
    "busy_times": "SELECT version FROM views.busy_versions WHERE user_id = $1 AND organization_id = $2",
    "calendar_subscriptions": "SELECT version FROM views.calendar_subscriptions "
    "WHERE user_id = $1 AND organization_id = $2",
    "feeds": "SELECT version FROM views.feeds WHERE user_id = $1 AND organization_id = $2",
    "holds": "SELECT version FROM views.holds WHERE id = $1 AND organization_id = $2",
    "released": "SELECT 2 AS version WHERE NOT EXISTS "
    "(SELECT FROM views.holds WHERE id = $1 AND organization_id = $2 AND version < 2)",
}
# The newest appointments are enough: they name the people whom the caller works with.
_MET = """
    SELECT DISTINCT other.user_id FROM (
        SELECT appointment_id FROM views.attendees WHERE user_id = $1 AND organization_id = $2
        ORDER BY start_time DESC LIMIT 1000
    ) AS own JOIN views.attendees other USING (appointment_id) LIMIT 1000
"""
_EVENT = "SELECT 1 FROM views.history WHERE appointment_id = ANY($1::uuid[]) AND event_id = $2"
_RULES = "SELECT version, body FROM views.organization_preferences WHERE organization_id = $1"

_SUSPENDED = """
    SELECT channel, since, reason FROM views.suspensions
    WHERE user_id = $1 AND organization_id = $2 AND restored_at IS NULL
"""


class MessageQuery(NamedTuple):
    """Filters of the message log; empty ones take all. `after`: the last item of the page before."""

    start: datetime
    end: datetime
    after: tuple[datetime, UUID] | None
    limit: int
    states: Sequence[str]
    channels: Sequence[str]
    types: Sequence[str]
    appointments: Sequence[UUID]
    recipient: UUID | None


class Store:
    """Reads the views. Every method raises Problem 503 while PostgreSQL does not answer."""

    def __init__(self, settings: IngressSettings) -> None:
        self._connections = Connections(reader_url(settings), settings.pool_size)

    async def open(self) -> None:
        """Connect for the first time. Raises asyncpg's errors while the database is away."""
        await self._connections.fetch("SELECT 1")

    def close(self) -> None:
        """Disconnect, without waiting for queries in flight."""
        self._connections.terminate()

    async def ping(self) -> None:
        """Run an empty query. Raises Problem if it is not answered."""
        await self._fetch("SELECT 1")

    async def appointment(self, caller: Caller, identifier: UUID) -> tuple[int, str] | None:
        """Return version and JSON of an appointment that the caller may see, else None."""
        rows = await self._fetch(_APPOINTMENT, identifier, caller.organization, caller.admin, caller.id)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def version(self, organization: UUID, identifier: UUID) -> int:
        """Return the version that the views show, 0 for none; it is not answered, so no rights are checked."""
        rows = await self._fetch(_VERSION, identifier, organization)
        return int(rows[0]["version"]) if rows else 0

    async def shown_version(self, view: str, identifier: UUID, organization: UUID) -> int:
        """Return the version that a view shows of a person's entry or of a hold, 0 for none."""
        rows = await self._fetch(_SHOWN_VERSIONS[view], identifier, organization)
        return int(rows[0]["version"]) if rows else 0

    async def event_shown(self, appointments: Sequence[UUID], event: UUID) -> int:
        """Return 1 if the history of one of these appointments has this event, else 0."""
        return len(await self._fetch(_EVENT, appointments, event))

    async def feed(self, token_hash: str) -> tuple[UUID, UUID] | None:
        """Return the person and the organization whose calendar that secret opens, if it opens any."""
        rows = await self._fetch(FEED, token_hash)
        return (rows[0]["user_id"], rows[0]["organization_id"]) if rows else None

    async def own(self, person: UUID, organization: UUID, start: datetime, end: datetime) -> Sequence[Any]:
        """Return rows of `id version body series_id`: a person's appointments in the range, with all of
        their series.
        """
        return await self._fetch(OWN, person, organization, start, end)

    async def series(self, organization: UUID, identifiers: Sequence[UUID]) -> Sequence[Any]:
        """Return rows of `id version body` of these series."""
        return await self._fetch(SERIES, identifiers, organization) if identifiers else ()

    async def history(self, organization: UUID, identifier: UUID) -> Sequence[Any]:
        """Return rows of `version change changes actor at`, the first version first; `changes` is JSON
        text.
        """
        return await self._fetch(_HISTORY, identifier, organization)

    async def calendar(self, caller: Caller, query: CalendarQuery) -> Sequence[Any]:
        """Return rows that overlap the range, of each person; `shared`: the caller may see the appointment."""
        people = query.people or (caller.id,)
        return await self._fetch(
            _CALENDAR, people, caller.organization, query.start, query.end, caller.admin, caller.id
        )

    async def answers(self, organization: UUID, appointment: UUID) -> Sequence[Any]:
        """Return rows of `changes` (JSON), the oldest first: those in which somebody declined, and some others."""
        return await self._fetch(_ANSWERS, appointment, organization)

    async def page(
        self, caller: Caller, query: ListQuery, after: tuple[datetime, UUID] | None
    ) -> Sequence[Any]:
        """Return rows of `start_time id body`, one more than the limit if there is another page."""
        sql, parameters = list_statement(caller, query, after)
        return await self._fetch(sql, *parameters)

    async def met(self, caller: Caller) -> Sequence[UUID]:
        """Return the people of the caller's newest appointments."""
        return [row["user_id"] for row in await self._fetch(_MET, caller.id, caller.organization)]

    async def notifications(self, caller: Caller, appointment: UUID) -> Sequence[Any]:
        """Return the deliveries that the caller may see, in the order of planning."""
        return await self._fetch(_NOTIFICATIONS, appointment, caller.organization, caller.admin, caller.id)

    async def message_log(self, caller: Caller, query: MessageQuery) -> Sequence[Any]:
        """Return the deliveries that the caller may see, the newest first, with the titles of appointments."""
        sql = OF_ORGANIZATION if caller.admin else OF_PERSON
        after = query.after or (None, None)
        chosen = (query.states, query.channels, query.types, query.appointments, query.recipient)
        return await self._fetch(
            sql, caller.organization, query.start, query.end, *after, query.limit, *chosen, caller.id
        )

    async def analytics(self, organization: UUID, start: datetime, end: datetime) -> Sequence[Any]:
        """Return a row for each UTC day, type and channel; `sent_s` and `delivered_s`: median and 95th
        percentile, or null.
        """
        return await self._fetch(ANALYTICS, organization, start, end)

    async def command(self, identifier: UUID, organization: UUID) -> tuple[str | None, str] | None:
        """Return actor and JSON of the first outcome of a command of the organization, or of one that named
        none.
        """
        rows = await self._fetch(_COMMAND, identifier, key_elsewhere(organization, identifier), organization)
        return (rows[0]["actor"], rows[0]["body"]) if rows else None

    async def preferences(self, person: UUID, organization: UUID) -> tuple[int, str | None, str | None]:
        """Return version and JSON of a person's preferences (0 and None: never set), and JSON of the
        organization's.
        """
        [row] = await self._fetch(_PREFERENCES, person, organization)
        return row["version"] or 0, row["body"], row["rules"]

    async def suspended(self, person: UUID, organization: UUID) -> Sequence[Any]:
        """Return rows of `channel since reason`: the channels that are suspended because the address
        bounced.
        """
        return await self._fetch(_SUSPENDED, person, organization)

    async def organization_preferences(self, organization: UUID) -> tuple[int, str] | None:
        """Return version and JSON of the organization's preferences; None if they were never set."""
        rows = await self._fetch(_RULES, organization)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def taken(
        self,
        caller: Caller,
        people: Sequence[UUID],
        start: datetime,
        end: datetime,
        now: datetime,
        own_holds: Sequence[UUID] = (),
    ) -> Sequence[Any]:
        """Return a row for each person, in order: availability, and the time taken in a range; see `free_time_sql`."""
        return await self._fetch(
            TAKEN, people, caller.organization, start, end, now, list(own_holds), caller.id
        )

    async def holds(self, caller: Caller, now: datetime) -> Sequence[Any]:
        """Return the caller's live holds, in the order of their ends."""
        return await self._fetch(HOLDS, caller.organization, now, caller.id)

    async def hold(self, caller: Caller, identifier: UUID, now: datetime) -> Any | None:
        """Return a live hold that the caller may see; None without one."""
        rows = await self._fetch(HOLD, caller.organization, now, caller.id, identifier, caller.admin)
        return rows[0] if rows else None

    async def availability(self, person: UUID, organization: UUID) -> tuple[int, str] | None:
        """Return version and JSON of a person's availability; None if it was never set."""
        rows = await self._fetch(AVAILABILITY, person, organization)
        return (rows[0]["version"], rows[0]["body"]) if rows else None

    async def busy_sources(self, person: UUID, organization: UUID, now: datetime) -> Sequence[Any]:
        """Return rows of `source times first_start last_end`: the person's busy times that are not over."""
        return await self._fetch(SOURCES, person, organization, now)

    async def busy_times(
        self, person: UUID, organization: UUID, start: datetime, end: datetime, source: str | None
    ) -> Sequence[Any]:
        """Return rows of `source start_time end_time`: busy times in a range, of one source or of all."""
        return await self._fetch(BUSY_TIMES, person, organization, start, end, source)

    async def subscriptions(self, person: UUID, organization: UUID) -> str:
        """Return the person's subscribed calendars as a JSON list."""
        rows = await self._fetch(SUBSCRIPTIONS, person, organization)
        return str(rows[0]["body"]) if rows else "[]"

    async def _fetch(self, sql: str, *parameters: object) -> Sequence[Any]:
        try:
            return await self._connections.fetch(sql, *parameters)
        except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            raise Problem("views_unavailable", "The views cannot be read now.") from error


def list_statement(
    caller: Caller, query: ListQuery, after: tuple[datetime, UUID] | None
) -> tuple[str, list[object]]:
    """Return a list as SQL with parameters: an admin reads the organization, a member the appointments they
    take part in.
    """
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
        where.append(f"{start} > {bound}::timestamptz - interval '26 hours' AND p.end_time > {bound}")
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
        f"SELECT p.start_time, p.id, p.body FROM {source} WHERE {' AND '.join(where)} "  # noqa: S608  (only fragments of this file)
        f"ORDER BY {start}, {key} LIMIT {value(query.limit + 1)}"
    )
    return sql, parameters


def _pattern(text: str) -> str:
    escaped = text.casefold().replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
