"""A database that knows nothing, beside a log that tells of appointments: it was lost, and must not decide."""

from chassis.configuration.settings import Settings
from chassis.database.transactions import Transaction
from chassis.errors import Halt
from chassis.kafka.log import Log
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
    log = Log(settings, "appointments-booking", [BOOKING_EVENTS.name])
    try:
        await log.start()
        return any((await log.ends()).values())
    finally:
        await log.stop()
