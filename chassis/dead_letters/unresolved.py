"""Open dead letters: those neither redriven nor discarded, as their service knows it.

A letter is open from the transaction that set its record aside until its redriven record is applied, or until an
operator's note says that it is discarded. Both come on SERVICE.redrive; the note is never decoded.
"""

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import text

from chassis import telemetry
from chassis.database.transactions import Transaction
from chassis.dead_letters.store import DISCARD_PREFIX, DISCARDED, REDRIVE_PREFIX
from contracts.envelope import Record
from contracts.ids import uuid_of
from contracts.topics import redrive

_OPEN = text("""
    INSERT INTO open_dead_letters (id, consumer) SELECT unnest(CAST(:ids AS uuid[])), :consumer
    ON CONFLICT DO NOTHING
""")
_CLOSE = text("DELETE FROM open_dead_letters WHERE id = ANY(CAST(:ids AS uuid[]))")
_COUNT = text("SELECT consumer, count(*) FROM open_dead_letters GROUP BY consumer")
FORGET = text("""
    DELETE FROM open_dead_letters WHERE id IN (
        SELECT id FROM open_dead_letters WHERE opened_at < :before ORDER BY opened_at LIMIT :at_most
    )
""")
"""Drops at most `at_most` that were opened before `before`: nobody can send them back any more."""


def is_note(record: Record, service: str) -> bool:
    """Return whether a record is a note that a letter was discarded. A redriven record never is, whatever its headers are."""
    if record.topic != redrive(service).name:
        return False
    kind = next((value for name, value in record.headers if name == "ce_type"), None)
    return kind == DISCARDED.encode() and not _last(record, REDRIVE_PREFIX + "of")


async def note(tx: Transaction, consumer: str, ids: Sequence[UUID]) -> None:
    """Say that these letters are open; for letters that the service writes itself."""
    if ids:
        await tx.execute(_OPEN, {"ids": list(ids), "consumer": consumer})


async def close(tx: Transaction, service: str, applied: Iterable[Record]) -> None:
    """Say that the letters are dealt with that these records were redriven from, or that they discard."""
    topic = redrive(service).name
    ids = [found for record in applied if record.topic == topic and (found := _named_by(record, service))]
    if ids:
        await tx.execute(_CLOSE, {"ids": ids})


async def count(tx: Transaction) -> dict[str, int]:
    """The number of open letters by the consumer that set them aside; consumers without any are left out."""
    return {row.consumer: row[1] for row in await tx.execute(_COUNT)}


def show(service: str, consumers: Iterable[str], found: dict[str, int]) -> None:
    """Put the numbers into the metric, zero for each of the consumers that has none."""
    for consumer in {*consumers, *found}:
        telemetry.DEAD_LETTERS_OPEN.labels(service, consumer).set(found.get(consumer, 0))


def _named_by(record: Record, service: str) -> UUID | None:
    prefix = DISCARD_PREFIX if is_note(record, service) else REDRIVE_PREFIX
    try:
        return uuid_of((_last(record, prefix + "of") or b"").decode())
    except ValueError:  # a person may write anything to the topic
        return None


def _last(record: Record, name: str) -> bytes | None:
    """The last header of that name: ours come after those of a stranger."""
    found = [value for key, value in record.headers if key == name]
    return found[-1] if found else None
