"""SQL by which a lost database is filled from events."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Row, Transaction
from services.booking.domain.announcing import BY_AN_ORGANIZATION
from services.booking.domain.free_time.occupancy import Busy
from services.booking.domain.model.appointment import Appointment
from services.booking.store.appointments import ROWS, columns

_ADD_ORGANIZATIONS = text("""
    INSERT INTO organizations (id) SELECT unnest(CAST(:ids AS uuid[])) ON CONFLICT DO NOTHING
""")
_CONFIRMATIONS = text("""
    SELECT id, version, organizer_confirmed FROM appointments WHERE id = ANY(CAST(:ids AS uuid[]))
""")
_PUT = text(f"""
    INSERT INTO appointments AS a (id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed,
                                   version, state)
    SELECT id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version,
           CAST(state AS json)
    {ROWS}
    ON CONFLICT (id) DO UPDATE
    SET status = excluded.status, start_time = excluded.start_time, end_time = excluded.end_time,
        organizer_confirmed = excluded.organizer_confirmed, version = excluded.version, state = excluded.state
    WHERE a.version < excluded.version
""")  # noqa: S608  constants only


async def add_organizations(tx: Transaction, ids: Sequence[UUID]) -> None:
    """Rows for organizations that have none yet."""
    await tx.execute(_ADD_ORGANIZATIONS, {"ids": list(ids)})


async def confirmations(tx: Transaction, ids: Collection[UUID]) -> dict[UUID, tuple[int, bool]]:
    """Version of each of these appointments, and whether its organizer confirmed the whole."""
    rows = await tx.execute(_CONFIRMATIONS, {"ids": list(ids)}) if ids else []
    return {row.id: (row.version, row.organizer_confirmed) for row in rows}


async def put_appointments(
    tx: Transaction, appointments: Sequence[Appointment], states: Mapping[UUID, bytes]
) -> None:
    """Add these appointments, or replace their older versions; nobody's time is occupied by it yet."""
    if appointments:
        await tx.execute(_PUT, columns(appointments, states))


async def versions(tx: Transaction, table: str, users: Collection[UUID]) -> dict[UUID, int]:
    """The version that each of these people has in `availability`, `feeds` or
    `calendar_subscriptions`."""
    rows = await tx.execute(_VERSIONS[table], {"users": list(users)}) if users else []
    return {row.user_id: row.version for row in rows}


_VERSIONS = {
    name: text(f"SELECT user_id, version FROM {name} WHERE user_id = ANY(CAST(:users AS uuid[]))")  # noqa: S608
    for name in ("availability", "feeds", "calendar_subscriptions")
}
_NOTE_PEOPLE = text("""
    INSERT INTO rebuilt_people AS p (id, organization_id, name, timezone, locale, at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:organizations AS uuid[]), CAST(:names AS text[]),
                         CAST(:zones AS text[]), CAST(:locales AS text[]), CAST(:at AS timestamptz[]))
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, name = excluded.name, timezone = excluded.timezone,
        locale = excluded.locale, at = excluded.at
    WHERE p.at <= excluded.at
""")


async def note_people(tx: Transaction, people: Sequence[tuple[Any, ...]]) -> None:
    """Remember the newest that events say of people: id, organization, name, zone, locale, and when it was said."""
    if people:
        names = ("ids", "organizations", "names", "zones", "locales", "at")
        await tx.execute(_NOTE_PEOPLE, dict(zip(names, map(list, zip(*people, strict=True)), strict=True)))


# Nobody's roles are in events; whether they are active is not, either. Both are asked of Identity before they count.
_SETTLE = (
    """
    INSERT INTO people AS p (id, organization_id, name, timezone, locale, roles, active)
    SELECT id, organization_id, name, timezone, locale, 'member', true FROM rebuilt_people
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, name = excluded.name, timezone = excluded.timezone,
        locale = excluded.locale
    """,
    # Each start by the pattern is one appointment, for ever.
    """
    INSERT INTO occurrences (series_id, original_start, appointment_id)
    SELECT CAST(a.state ->> 'series_id' AS uuid), CAST(a.state ->> 'original_start_time' AS timestamptz), a.id
    FROM appointments a WHERE a.id IN (SELECT id FROM rebuilt_touched) AND a.state ->> 'series_id' IS NOT NULL
    ON CONFLICT DO NOTHING
    """,
    "CREATE INDEX ON rebuilt_touched (id)",
    "ANALYZE rebuilt_touched",
    "DELETE FROM occupancy WHERE appointment_id IN (SELECT id FROM rebuilt_touched)",
)
# Versions that the database has already had are done with; of each range the newest version counts.
_SETTLE_BUSY = (
    """
    CREATE TEMPORARY TABLE rebuilt_ranges ON COMMIT DROP AS
    SELECT DISTINCT ON (b.user_id, b.uid) b.user_id, b.uid, b.starts, b.ends, b.source
    FROM rebuilt_busy b LEFT JOIN busy_versions v USING (user_id)
    WHERE b.version > coalesce(v.version, 0) ORDER BY b.user_id, b.uid, b.version DESC
    """,
    "DELETE FROM busy_times b USING rebuilt_ranges r WHERE b.user_id = r.user_id AND b.uid = r.uid",
    """
    INSERT INTO busy_versions AS v (user_id, version)
    SELECT user_id, max(version) FROM rebuilt_busy_versions GROUP BY user_id
    ON CONFLICT (user_id) DO UPDATE SET version = greatest(v.version, excluded.version)
    """,
    """
    UPDATE organizations SET has_busy_times = true
    WHERE NOT has_busy_times AND id IN (SELECT organization FROM rebuilt_busy_versions)
    """,
)
_SET_BUSY = text("""
    INSERT INTO busy_times (user_id, uid, during, source)
    SELECT user_id, uid, tstzrange(starts, ends), source FROM rebuilt_ranges WHERE starts IS NOT NULL AND ends >= :over
""")
_SET_HOLDS = (
    text("""
        INSERT INTO holds (id, organization_id, owner_id, user_ids, start_time, end_time, expires_at)
        SELECT DISTINCT ON (id) * FROM rebuilt_holds WHERE expires_at >= :over ON CONFLICT DO NOTHING
    """),
    text("DELETE FROM holds WHERE id IN (SELECT id FROM rebuilt_ended) OR expires_at < :over"),
)
_HELD = """
    INSERT INTO held (hold_id, user_id, start_time) SELECT id, unnest(user_ids), start_time FROM holds ON CONFLICT DO NOTHING
"""
_HELD_UNTIL = """
    UPDATE organizations o SET held_until = greatest(o.held_until, h.until)
    FROM (SELECT organization_id, max(expires_at) AS until FROM rebuilt_holds GROUP BY 1) AS h
    WHERE o.id = h.organization_id
"""
_ANNOUNCED = text("""
    UPDATE organizations o SET announced = newest.announced, announcers = newest.announcers
    FROM (
        SELECT organization, array_agg(at ORDER BY at) AS announced, array_agg(announcer ORDER BY at) AS announcers
        FROM (
            SELECT organization, at, announcer, row_number() OVER (PARTITION BY organization ORDER BY at DESC) AS place
            FROM (
                SELECT t.organization, t.at, t.announcer FROM (SELECT DISTINCT * FROM rebuilt_announced) AS t
                JOIN organizations k ON k.id = t.organization
                WHERE t.at > coalesce((SELECT max(one) FROM unnest(k.announced) AS one), '-infinity')
                UNION ALL SELECT k.id, known.* FROM organizations k, unnest(k.announced, k.announcers) AS known
            ) AS each_time
        ) AS ordered
        WHERE place <= :kept GROUP BY organization
    ) AS newest
    WHERE o.id = newest.organization
""")


async def settle(tx: Transaction, over: datetime) -> None:
    """Everything but occupied time and decisions; what ended before `over` is not kept, as the nightly jobs would."""
    for statement in (*_SETTLE, *_SETTLE_BUSY, _HELD_UNTIL):
        await tx.driver.execute(statement)
    for written in (_SET_BUSY, *_SET_HOLDS):
        await tx.execute(written, {"over": over})
    await tx.driver.execute(_HELD)
    await tx.execute(_ANNOUNCED, {"kept": BY_AN_ORGANIZATION})


_OPEN = text("""
    SELECT a.id, a.state, a.organizer_confirmed FROM appointments a
    WHERE a.id > :after AND a.status IN ('pending', 'confirmed')
    AND EXISTS (SELECT FROM rebuilt_touched t WHERE t.id = a.id)
    ORDER BY a.id LIMIT :at_most
""")
_OCCUPY = text("""
    INSERT INTO occupancy (user_id, during, appointment_id)
    SELECT user_id, tstzrange(since, until), appointment_id
    FROM unnest(CAST(:users AS uuid[]), CAST(:since AS timestamptz[]), CAST(:until AS timestamptz[]),
                CAST(:appointments AS uuid[])) AS taken(user_id, since, until, appointment_id)
""")


async def open_appointments(tx: Transaction, after: UUID, at_most: int) -> list[Row]:
    """A page of the open appointments that events told of, by id."""
    return await tx.execute(_OPEN, {"after": after, "at_most": at_most})


async def occupy(tx: Transaction, taken: Sequence[Busy]) -> None:
    """Take people's time; the exclusion constraint judges each row."""
    if taken:
        names = ("users", "since", "until", "appointments")
        await tx.execute(_OCCUPY, dict(zip(names, map(list, zip(*taken, strict=True)), strict=True)))


_EVERYBODY = text("SELECT id FROM people WHERE id > :after ORDER BY id LIMIT :at_most")


async def everybody(tx: Transaction, after: UUID, at_most: int) -> list[UUID]:
    """A page of everybody's ids, in order."""
    return await tx.scalars(_EVERYBODY, {"after": after, "at_most": at_most})


_EMPTY = text("""
    SELECT name FROM (VALUES
        ('appointments', EXISTS (SELECT FROM appointments)), ('decisions', EXISTS (SELECT FROM decisions)),
        ('series', EXISTS (SELECT FROM series)), ('availability', EXISTS (SELECT FROM availability)),
        ('busy_versions', EXISTS (SELECT FROM busy_versions)), ('feeds', EXISTS (SELECT FROM feeds)),
        ('calendar_subscriptions', EXISTS (SELECT FROM calendar_subscriptions)),
        ('holds', EXISTS (SELECT FROM holds))) AS tables(name, filled)
    WHERE filled
""")
_AT_WORK = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'appointments-booking'
""")
_ANYBODY = text("SELECT EXISTS (SELECT FROM organizations)")
_KNOWN_UNTIL = text("SELECT max(decided_at) FROM decisions")


async def filled(tx: Transaction) -> list[str]:
    """The tables that are not empty."""
    return await tx.scalars(_EMPTY)


async def at_work(tx: Transaction) -> int:
    """How many connections booking's processes have to this database."""
    return int(await tx.scalar(_AT_WORK))


async def knows_anybody(tx: Transaction) -> bool:
    """Whether anything was ever decided here."""
    return bool(await tx.scalar(_ANYBODY))


async def known_until(tx: Transaction) -> datetime | None:
    """The time of the newest decision that the database has."""
    found: datetime | None = await tx.scalar(_KNOWN_UNTIL)
    return found


async def shut_out(tx: Transaction) -> None:
    """Let no booking process take its partitions over until this transaction ends."""
    await tx.driver.execute("LOCK TABLE progress IN EXCLUSIVE MODE")


_BEGIN_ANEW = text("DELETE FROM progress WHERE consumer = :consumer")
_GO_ON = text("""
    INSERT INTO progress AS p (consumer, topic, partition, next_offset, published_offset, cluster_id)
    SELECT :consumer, topic, partition, position, position, :cluster
    FROM unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:positions AS bigint[]))
        AS cut(topic, partition, position)
    ON CONFLICT (consumer, topic, partition) DO UPDATE
    SET next_offset = greatest(p.next_offset, excluded.next_offset),
        published_offset = greatest(p.published_offset, excluded.published_offset),
        cluster_id = excluded.cluster_id, updated_at = now(), published_at = now()
""")


async def begin_anew(tx: Transaction, consumer: str) -> None:
    """Forget the positions of a consumer that has applied nothing."""
    await tx.execute(_BEGIN_ANEW, {"consumer": consumer})


async def go_on(
    tx: Transaction, consumer: str, cluster: str, positions: Mapping[tuple[str, int], int]
) -> None:
    """Let the consumer go on at these positions (by topic and partition), unless it is further already."""
    values: dict[str, Any] = {
        "topics": [topic for topic, _ in positions],
        "partitions": [partition for _, partition in positions],
        "positions": list(positions.values()),
    }
    await tx.execute(_GO_ON, {"consumer": consumer, "cluster": cluster, **values})
