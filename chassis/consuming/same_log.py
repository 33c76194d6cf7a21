"""Recognise the log that was read: its record at the last applied offset must still be that record.

Log append times grow within one log, and every record of a topic that was made anew is younger than all that were
read before. So the broker's answer to "which record is the first at or after that time?" tells them apart; only where
it differs is the record itself looked at, because clocks of brokers may step back at a change of leader.
"""

import asyncio
from collections.abc import Mapping

from aiokafka import AIOKafkaConsumer, TopicPartition

from chassis.configuration.settings import Settings
from chassis.consuming.progress import Rows
from chassis.kafka import log

READ_WITHIN = 5.0  # seconds


async def another_log(
    kafka: AIOKafkaConsumer, settings: Settings, rows: Rows, starts: Mapping[TopicPartition, int]
) -> dict[TopicPartition, str]:
    """Return a reason for each partition whose log is not the one that was read. `starts`: the logs' first offsets.

    Partitions whose last applied record is unknown, or gone by retention, are not in it. Raises KafkaError.
    """
    known = {
        partition: (row.last_offset, row.last_timestamp)
        for partition, row in rows.items()
        if row.last_offset is not None
        and row.last_timestamp is not None
        and row.last_offset >= starts[partition]
    }
    if not known:
        return {}
    found = await kafka.offsets_for_times({partition: at for partition, (_, at) in known.items()})
    changed = {
        partition: f"the record at offset {offset} is not the one that was applied: this log was made anew, or cut and written again"
        for partition, (offset, at) in known.items()
        if ((first := found.get(partition)) is None or first.timestamp != at or first.offset > offset)
        and await _stamp_at(settings, partition, offset) != at
    }
    if not changed:
        return {}
    # Asked again: retention may have taken that very record meanwhile.
    begins = await kafka.beginning_offsets(list(changed))
    return {tp: reason for tp, reason in changed.items() if begins[tp] <= known[tp][0]}


async def _stamp_at(settings: Settings, partition: TopicPartition, offset: int) -> int | None:
    """The timestamp of the record at an offset, in ms; None where another record is the next. Raises TimeoutError."""
    consumer = log.consumer(settings, "appointments-same-log")
    await consumer.start()
    try:
        consumer.assign([partition])
        consumer.seek(partition, offset)
        async with asyncio.timeout(READ_WITHIN):
            record = await consumer.getone()
        return int(record.timestamp) if record.offset == offset else None
    finally:
        await log.stopped(consumer)
