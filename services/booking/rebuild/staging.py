"""Temporary tables that a rebuild fills from the log before it decides what counts; they end with its transaction."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from contracts.envelope import NOBODY
from services.booking.rebuild.cuts import Cut, Place

TABLES = {
    # The newest copy of each outcome counts; `appended_at` is when the broker took the record.
    "rebuilt_outcomes": """
        seq bigint, command_id uuid, organization uuid, topic text, partition int, "offset" bigint, decided_at timestamptz,
        appended_at timestamptz, correlation_id text, subject uuid, accepted boolean, event_ids uuid[], outcome bytea,
        key uuid""",
    # Records that were answered without a decision of their own: an id that was used for something else, dead letters.
    "rebuilt_answered": 'topic text, partition int, "offset" bigint',
    "rebuilt_commands": """
        topic text, partition int, "offset" bigint, sent_at timestamptz, command_id uuid, organization uuid,
        fingerprint bytea, traceparent text""",
    "rebuilt_cuts": 'topic text, partition int, "offset" bigint, at timestamptz',
    "rebuilt_events": "seq bigint, id uuid, type text, subject uuid, event bytea",
    "rebuilt_touched": "id uuid",
    "rebuilt_busy": """
        user_id uuid, organization uuid, uid text, version int, starts timestamptz, ends timestamptz, source text""",
    "rebuilt_busy_versions": "user_id uuid, organization uuid, version int",
    "rebuilt_holds": """
        id uuid, organization_id uuid, owner_id uuid, user_ids uuid[], start_time timestamptz, end_time timestamptz,
        expires_at timestamptz""",
    "rebuilt_ended": "id uuid",
    "rebuilt_announced": "event_id uuid, organization uuid, at timestamptz, announcer uuid",
    "rebuilt_people": """
        id uuid PRIMARY KEY, organization_id uuid, name text, timezone text, locale text, at timestamptz""",
}


async def create(tx: Transaction) -> None:
    """Make the tables."""
    for name, columns in TABLES.items():
        await tx.driver.execute(f"CREATE TEMPORARY TABLE {name} ({columns}) ON COMMIT DROP")


async def copy(tx: Transaction, table: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """Append rows, in the order of the table's columns."""
    found = list(rows)
    if found:
        await tx.driver.copy_records_to_table(table, records=found)


# Only the newest copy of an outcome is kept, with the time of its first.
_NEWEST_OUTCOMES = (
    """
    DELETE FROM rebuilt_outcomes older USING (
        SELECT command_id, organization, max(seq) AS seq FROM rebuilt_outcomes GROUP BY 1, 2 HAVING count(*) > 1
    ) newest
    WHERE older.command_id = newest.command_id AND older.organization = newest.organization AND older.seq < newest.seq
    """,
    "CREATE UNIQUE INDEX ON rebuilt_outcomes (command_id, organization)",
    'CREATE INDEX ON rebuilt_outcomes (topic, partition, "offset")',
    "CREATE INDEX ON rebuilt_outcomes (seq)",
    'CREATE INDEX ON rebuilt_commands (topic, partition, "offset")',
    'CREATE INDEX ON rebuilt_answered (topic, partition, "offset")',
    "ANALYZE rebuilt_outcomes",
    "ANALYZE rebuilt_commands",
    "ANALYZE rebuilt_answered",
)


async def index(tx: Transaction) -> None:
    """Keep the newest copy of each outcome, and make the tables quick to ask."""
    for statement in _NEWEST_OUTCOMES:
        await tx.driver.execute(statement)


# A command without an outcome is to be decided again if its batch may have been on its way when the database was lost:
# no later batch is published before an earlier one is acknowledged, so nothing is missing below what was published two
# minutes before the partition's last outcome. What has no outcome further back never got one, or it has expired.
_UNDECIDED = """
    WITH last AS (
        SELECT topic, partition, max(appended_at) AS at, max("offset") AS "offset" FROM rebuilt_outcomes GROUP BY 1, 2
    ), settled AS (
        SELECT topic, partition, max(o."offset") AS "offset"
        FROM rebuilt_outcomes o JOIN last USING (topic, partition)
        WHERE o.appended_at < last.at - interval '2 minutes' GROUP BY 1, 2
    )
    SELECT c.topic, c.partition, c."offset", c.sent_at, coalesce(c."offset" < settled."offset", false) AS is_old
    FROM rebuilt_commands c
    LEFT JOIN settled USING (topic, partition)
    LEFT JOIN last USING (topic, partition)
    WHERE c.sent_at > :since
    AND NOT EXISTS (
        SELECT FROM rebuilt_outcomes own
        WHERE (own.topic, own.partition, own."offset") = (c.topic, c.partition, c."offset"))
    AND NOT EXISTS (
        SELECT FROM rebuilt_answered one
        WHERE (one.topic, one.partition, one."offset") = (c.topic, c.partition, c."offset"))
    AND NOT (coalesce(c."offset" < last."offset", false) AND EXISTS (
        SELECT FROM rebuilt_outcomes first
        LEFT JOIN rebuilt_commands asked
            ON (asked.topic, asked.partition, asked."offset") = (first.topic, first.partition, first."offset")
        WHERE first.command_id = c.command_id AND first.organization = c.organization
        AND coalesce(asked.fingerprint = c.fingerprint, true)))
"""
_FIRST_UNDECIDED = text(f"""
    SELECT DISTINCT ON (topic, partition) topic, partition, "offset", sent_at
    FROM ({_UNDECIDED}) AS undecided WHERE NOT is_old ORDER BY topic, partition, "offset"
""")  # noqa: S608  constants only
_NEVER_ANSWERED = text(f"""
    SELECT topic || '/' || partition || '/' || "offset" AS position, count(*) OVER () AS all_of_them
    FROM ({_UNDECIDED}) AS undecided WHERE is_old ORDER BY topic, partition, "offset" LIMIT 5
""")  # noqa: S608  constants only


_OLDEST = text("SELECT min(decided_at) FROM rebuilt_outcomes")


async def oldest_decision(tx: Transaction) -> Any | None:
    """The time of the oldest decision that an outcome tells, None if there is none."""
    return await tx.scalar(_OLDEST)


async def first_undecided(tx: Transaction, since: Any) -> dict[Place, Cut]:
    """By topic and partition: the first command sent after `since` whose outcome may still be owed."""
    rows = await tx.execute(_FIRST_UNDECIDED, {"since": since})
    return {(row.topic, row.partition): Cut(row.offset, row.sent_at) for row in rows}


async def never_answered(tx: Transaction, since: Any) -> tuple[int, list[str]]:
    """How many commands sent after `since` never got an outcome, and the positions of some."""
    rows = await tx.execute(_NEVER_ANSWERED, {"since": since})
    return (rows[0].all_of_them if rows else 0), [row.position for row in rows]


# The time is compared, too: in a topic that was made anew since, another command may have that position.
_TAKEN_BACK = text("""
    SELECT event.id
    FROM unnest(CAST(:ids AS uuid[]), CAST(:topics AS text[]), CAST(:partitions AS int[]), CAST(:offsets AS bigint[]),
                CAST(:at AS timestamptz[])) AS event(id, topic, partition, "offset", decided_at)
    JOIN rebuilt_outcomes o USING (topic, partition, "offset", decided_at)
    WHERE NOT event.id = ANY(o.event_ids)
""")


async def taken_back(tx: Transaction, events: Sequence[tuple[UUID, str, int, int, datetime]]) -> set[UUID]:
    """Those of these events (id, position of the command, its time) that its newest outcome does not name."""
    if not events:
        return set()
    names = ("ids", "topics", "partitions", "offsets", "at")
    columns = dict(zip(names, map(list, zip(*events, strict=True)), strict=True))
    return set(await tx.scalars(_TAKEN_BACK, columns))


def organization_key(organization: Any | None) -> Any:
    """The organization as the tables name it: a command without one has an id of zeros."""
    return organization or NOBODY
