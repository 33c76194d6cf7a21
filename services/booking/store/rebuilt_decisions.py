"""SQL by which outcomes, commands and events become decisions again: no body of theirs passes through the process."""

from sqlalchemy import text

from chassis.database.transactions import Transaction

# Each outcome with its command's record: to be made again, known already, incomplete because its command or an event is
# not in the log any more, or to be kept.
_SORTED = (
    """
    DELETE FROM rebuilt_events older USING (
        SELECT id, max(seq) AS seq FROM rebuilt_events GROUP BY id HAVING count(*) > 1
    ) newest
    WHERE older.id = newest.id AND older.seq < newest.seq
    """,
    "CREATE UNIQUE INDEX ON rebuilt_events (id)",
    "ANALYZE rebuilt_events",
    """
    CREATE TEMPORARY TABLE rebuilt_decisions ON COMMIT DROP AS
    SELECT o.seq, c.fingerprint, c.traceparent, CASE
        WHEN cut.at IS NOT NULL AND o."offset" >= cut."offset" AND o.decided_at >= cut.at THEN 'again'
        WHEN EXISTS (SELECT FROM decisions d WHERE d.command_id = o.key) THEN 'known'
        WHEN c.fingerprint IS NULL OR EXISTS (
            SELECT FROM unnest(o.event_ids) AS needed(id)
            WHERE NOT EXISTS (SELECT FROM rebuilt_events e WHERE e.id = needed.id)) THEN 'incomplete'
        ELSE 'kept' END AS fate
    FROM rebuilt_outcomes o
    LEFT JOIN rebuilt_cuts cut USING (topic, partition)
    LEFT JOIN rebuilt_commands c
        ON (c.topic, c.partition, c."offset") = (o.topic, o.partition, o."offset") AND c.command_id = o.command_id
    """,
    "CREATE UNIQUE INDEX ON rebuilt_decisions (seq)",
    "ANALYZE rebuilt_decisions",
)
_FATES = text("SELECT fate, count(*) FROM rebuilt_decisions GROUP BY fate")
# One event of an appointment is kept with its decision; several, and what is beside appointments, in their own table.
_KEEP = """
    INSERT INTO decisions (command_id, fingerprint, cause, decided_at, correlation_id, traceparent, appointment_id,
                           accepted, outcome, event_type, event, organization_id)
    SELECT o.key, d.fingerprint, o.topic || '/' || o.partition || '/' || o."offset", o.decided_at, o.correlation_id,
           d.traceparent, o.subject, o.accepted, o.outcome, e.type, e.event, o.organization
    FROM rebuilt_decisions d JOIN rebuilt_outcomes o USING (seq)
    LEFT JOIN rebuilt_events e
        ON cardinality(o.event_ids) = 1 AND e.id = o.event_ids[1] AND starts_with(e.type, 'appointment.')
    WHERE d.fate = 'kept'
"""
_KEEP_FURTHER = """
    INSERT INTO further_events (command_id, position, type, subject, event)
    SELECT o.key, told.position, e.type, e.subject, e.event
    FROM rebuilt_decisions d JOIN rebuilt_outcomes o USING (seq)
    CROSS JOIN unnest(o.event_ids) WITH ORDINALITY AS told(id, position)
    JOIN rebuilt_events e ON e.id = told.id
    WHERE d.fate = 'kept' AND NOT (cardinality(o.event_ids) = 1 AND starts_with(e.type, 'appointment.'))
"""


async def sort(tx: Transaction) -> dict[str, int]:
    """How many outcomes are of decisions that are `kept`, `known`, `incomplete`, or to be made `again`."""
    for statement in _SORTED:
        await tx.driver.execute(statement)
    return {row.fate: row.count for row in await tx.execute(_FATES)}


async def keep(tx: Transaction) -> None:
    """Write the decisions that are to be kept, with the events that they told."""
    await tx.driver.execute(_KEEP)
    await tx.driver.execute(_KEEP_FURTHER)
