"""A database that knows nothing, beside a log that tells of appointments: it was lost, and must not decide."""

from aiokafka import AIOKafkaConsumer

from chassis.database import Transaction
from chassis.errors import Halt
from chassis.settings import Settings
from contracts.topics import BOOKING_EVENTS
from services.booking.store import rebuilt


async def refuse_to_begin_anew(tx: Transaction, settings: Settings) -> None:
    """Raise Halt where deciding would contradict what the log has told: an empty database is for an empty log."""
    if await rebuilt.knows_anybody(tx) or not await _has_records(settings):
        return
    raise Halt(
        "this database is empty, and booking.events is not: it was lost. Nothing is decided before it is filled: stop "
        'booking, then appointments rebuild booking (runbook, "Restore")'
    )


async def _has_records(settings: Settings) -> bool:
    consumer = AIOKafkaConsumer(
        settings.topic_prefix + BOOKING_EVENTS.name,
        bootstrap_servers=settings.kafka_bootstrap_servers,
        client_id="appointments-booking",
        enable_auto_commit=False,
    )
    await consumer.start()
    try:
        ends = await consumer.end_offsets(list(consumer.assignment()))
    finally:
        await consumer.stop()
    return any(ends.values())
