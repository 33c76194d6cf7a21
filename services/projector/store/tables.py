"""SQL of a rebuild: a second set of tables is made like the live one, compared with it, and swapped in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from aiokafka import TopicPartition
from sqlalchemy import text

from chassis.consuming.progress import Row, Rows
from chassis.database.transactions import Transaction

LIVE, NEXT, OLD = "views", "views_next", "views_old"
_ONE_REBUILD = 7_316_520_002  # any constant: the advisory lock that allows one rebuild of a database

# Only migrations define a table, so everything is copied from the live one. LIKE leaves out the storage
# options; secondary indexes are built after the rows, which takes a fraction of the time.
_OPTIONS = "SELECT array_to_string(reloptions, ', ') FROM pg_class WHERE oid = CAST(:name AS regclass)"
_PRIMARY_KEY = """
    SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
    WHERE conrelid = CAST(:name AS regclass) AND contype = 'p'
"""
_INDEXES = """
    SELECT pg_get_indexdef(i.indexrelid) FROM pg_index i
    WHERE i.indrelid = CAST(:name AS regclass) AND NOT i.indisprimary
"""
_GRANTS = """
    SELECT format('GRANT %s ON TABLE %s TO %I', g.privilege_type, CAST(:next AS text), r.rolname)
    FROM pg_class c CROSS JOIN LATERAL aclexplode(c.relacl) g JOIN pg_roles r ON r.oid = g.grantee
    WHERE c.oid = CAST(:name AS regclass) AND g.grantee <> c.relowner
"""

# Rows that the new view lacks, or has in an older version. `of`: only these keys.
_LACKING: Mapping[str, tuple[str, str]] = {
    "appointments": (
        "id",
        "LEFT JOIN views_next.appointments n ON n.id = l.id WHERE (n.id IS NULL OR n.version < l.version)",
    ),
    "history": (
        "appointment_id",
        "LEFT JOIN views_next.history n ON n.appointment_id = l.appointment_id AND n.version = l.version WHERE n.version IS NULL",
    ),
    "notifications": ("id", "LEFT JOIN views_next.notifications n ON n.id = l.id WHERE n.id IS NULL"),
    "preferences": (
        "user_id",
        "LEFT JOIN views_next.preferences n ON n.user_id = l.user_id WHERE (n.user_id IS NULL OR n.version < l.version)",
    ),
    "organization_preferences": (
        "organization_id",
        "LEFT JOIN views_next.organization_preferences n USING (organization_id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "suspensions": (
        "user_id",
        "LEFT JOIN views_next.suspensions n USING (user_id, channel) WHERE (n.user_id IS NULL OR n.version < l.version)",
    ),
    "availability": (
        "user_id",
        "LEFT JOIN views_next.availability n USING (user_id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "busy_times": (
        "user_id",
        "LEFT JOIN views_next.busy_times n USING (user_id, uid) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "busy_versions": (
        "user_id",
        "LEFT JOIN views_next.busy_versions n USING (user_id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "holds": (
        "id",
        "LEFT JOIN views_next.holds n USING (id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "series": (
        "id",
        "LEFT JOIN views_next.series n USING (id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "calendar_subscriptions": (
        "user_id",
        "LEFT JOIN views_next.calendar_subscriptions n USING (user_id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
    "feeds": (
        "user_id",
        "LEFT JOIN views_next.feeds n USING (user_id) WHERE (n.version IS NULL OR n.version < l.version)",
    ),
}
LACKING_MAX = 1_000

# Outcomes leave the log after 7 days and the view after 30: outcomes that only the live view has are kept. Of
# two outcomes of a command the earlier one is its first.
_CARRY_OVER = """
    INSERT INTO views_next.commands AS n SELECT * FROM views.commands
    ON CONFLICT (id) DO UPDATE
    SET organization_id = excluded.organization_id, actor = excluded.actor, body = excluded.body, at = excluded.at
    WHERE excluded.at < n.at
"""

_POSITIONS = """
    SELECT topic, partition, next_offset, published_offset, cluster_id, published_at FROM progress
    WHERE consumer = ANY(CAST(:consumers AS text[])) ORDER BY consumer, topic, partition
"""

# For records that only the rebuild has applied, the live consumer publishes as if it had applied them. A
# partition that halted because its records are gone, or that is of another cluster or log, goes on from here.
_MOVE_LIVE = """
    UPDATE progress p
    SET next_offset = CASE WHEN same THEN greatest(p.next_offset, reached) ELSE reached END,
        published_offset = CASE WHEN same AND p.published_offset >= start THEN p.published_offset ELSE reached END,
        cluster_id = :cluster, updated_at = now(), published_at = now()
    FROM (
        SELECT o.consumer, o.topic, o.partition, r.reached, r.start,
            o.cluster_id = :cluster AND o.next_offset <= r.log_end AS same
        FROM progress o
        JOIN unnest(CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:reached AS bigint[]),
                    CAST(:starts AS bigint[]), CAST(:ends AS bigint[])) AS r(topic, partition, reached, start, log_end)
            USING (topic, partition)
        WHERE o.consumer = ANY(CAST(:consumers AS text[]))
    ) AS moved
    WHERE p.consumer = moved.consumer AND p.topic = moved.topic AND p.partition = moved.partition
"""


@dataclass(frozen=True, slots=True)
class Reached:
    """The rebuild's position in one partition, and the ends of the log that it read: offsets."""

    position: int
    start: int
    end: int


async def only_rebuild(tx: Transaction) -> bool:
    """Return whether this is the only rebuild of the database, locked as long as the session of `tx` lasts."""
    return bool(await tx.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": _ONE_REBUILD}))


async def next_tables(tx: Transaction) -> set[str]:
    """Return the tables of the second set, as an earlier rebuild left them."""
    found = await tx.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = :next"), {"next": NEXT})
    return {row.tablename for row in found}


async def create_next(tx: Transaction, names: Sequence[str]) -> None:
    """Create an empty second set of these tables, with their keys and without secondary indexes."""
    await drop_set(tx, NEXT)
    await tx.execute(text(f"CREATE SCHEMA {NEXT}"))
    for name in names:
        live = {"name": f"{LIVE}.{name}"}
        options = await tx.scalar(text(_OPTIONS), live)
        await tx.execute(
            text(
                f"CREATE TABLE {NEXT}.{name} (LIKE {LIVE}.{name} INCLUDING ALL EXCLUDING INDEXES)"
                + (f" WITH ({options})" if options else "")
            )
        )
        [key] = await tx.execute(text(_PRIMARY_KEY), live)
        await tx.execute(text(f"ALTER TABLE {NEXT}.{name} ADD CONSTRAINT {key.conname} {key.definition}"))
        # The roles cannot use the schema yet: they see the tables once these are the live ones.
        for statement in await tx.scalars(text(_GRANTS), live | {"next": f"{NEXT}.{name}"}):
            await tx.execute(text(statement))


async def create_indexes(tx: Transaction, names: Sequence[str]) -> None:
    """Create the secondary indexes of the live set on the second one, and its statistics."""
    for name in names:
        for definition in await tx.scalars(text(_INDEXES), {"name": f"{LIVE}.{name}"}):
            statement = str(definition).replace("INDEX ", "INDEX IF NOT EXISTS ", 1)
            await tx.execute(text(statement.replace(f" ON {LIVE}.", f" ON {NEXT}.", 1)))
        await tx.execute(text(f"ANALYZE {NEXT}.{name}"))


async def lacking(
    tx: Transaction, names: Sequence[str], of: Mapping[str, Sequence[UUID]] | None = None
) -> dict[str, list[UUID]]:
    """Return, per table, at most 1,000 keys of rows that the second set lacks or has in an older version.

    `of`: only these keys are compared; otherwise whole tables, which need other plans than keyed statements.
    """
    found: dict[str, list[UUID]] = {}
    if of is None:
        await tx.execute(text("SET LOCAL enable_hashjoin = on"))
        await tx.execute(text("SET LOCAL enable_seqscan = on"))
    for name in names:
        if name not in _LACKING or (of is not None and not of.get(name)):
            continue
        key, condition = _LACKING[name]
        only = f" AND l.{key} = ANY(CAST(:of AS uuid[]))" if of is not None else ""
        query = f"SELECT DISTINCT l.{key} FROM views.{name} l {condition}{only} LIMIT {LACKING_MAX}"  # noqa: S608
        keys = await tx.scalars(text(query), {"of": list(of[name])} if of is not None else {})
        if keys:
            found[name] = keys
    return found


async def live_positions(tx: Transaction, consumers: Sequence[str], *, lock: bool) -> Rows:
    """Return the live consumers' positions; locked, none can commit a batch until this transaction ends."""
    found = await tx.execute(
        text(_POSITIONS + ("FOR UPDATE" if lock else "")), {"consumers": list(consumers)}
    )
    return {
        TopicPartition(row.topic, row.partition): Row(
            row.next_offset, row.published_offset, row.cluster_id, row.published_at
        )
        for row in found
    }


async def swap(tx: Transaction, names: Sequence[str]) -> int:
    """Replace the live set by the second one; return how many outcomes were carried over from the live set.

    Readers go first: raises when a table is not free within the transaction's lock timeout.
    """
    carried = await tx.count(text(_CARRY_OVER)) if "commands" in names else 0
    await drop_set(tx, OLD)
    await tx.execute(text(f"CREATE SCHEMA {OLD}"))
    for name in names:
        await tx.execute(text(f"ALTER TABLE {LIVE}.{name} SET SCHEMA {OLD}"))
        await tx.execute(text(f"ALTER TABLE {NEXT}.{name} SET SCHEMA {LIVE}"))
    await drop_set(tx, NEXT)
    return carried


async def move_live(
    tx: Transaction, consumers: Sequence[str], reached: Mapping[TopicPartition, Reached], cluster: str
) -> None:
    """Move the live consumers to the positions of the new tables."""
    await tx.execute(
        text(_MOVE_LIVE),
        {
            "consumers": list(consumers),
            "cluster": cluster,
            "topics": [place.topic for place in reached],
            "partitions": [place.partition for place in reached],
            "reached": [item.position for item in reached.values()],
            "starts": [item.start for item in reached.values()],
            "ends": [item.end for item in reached.values()],
        },
    )


async def count_rows(tx: Transaction, schema: str, names: Sequence[str]) -> dict[str, int]:
    """Return the number of rows of each table."""
    return {
        name: int(await tx.scalar(text(f"SELECT count(*) FROM {schema}.{name}")) or 0)  # noqa: S608
        for name in names
    }


async def drop_set(tx: Transaction, schema: str) -> None:
    """Drop a set of tables that is no longer read."""
    await tx.execute(text(f"DROP SCHEMA IF EXISTS {schema} CASCADE"))


async def forget_progress(tx: Transaction, consumer: str) -> None:
    """Delete the positions of a rebuild."""
    await tx.execute(text("DELETE FROM progress WHERE consumer = :consumer"), {"consumer": consumer})


async def set_lock_timeout(tx: Transaction, milliseconds: int) -> None:
    """Limit how long this transaction waits for any one lock."""
    await tx.execute(text(f"SET LOCAL lock_timeout = {int(milliseconds)}"))
