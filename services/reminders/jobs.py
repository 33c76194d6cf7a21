"""Scheduled work: delete old rows, and measure."""

from datetime import datetime, timedelta
from functools import partial

from chassis.database.transactions import Database
from chassis.measured import known
from chassis.upkeep import each
from services.reminders import metrics
from services.reminders.calendars import store as calendar_store
from services.reminders.store import upkeep

# A fired timer's row prevents a second one while the broker's clock might differ from ours; a day is plenty.
KEEP_SETTLED = timedelta(days=1)
KEEP_ENDED = timedelta(days=30)
LATE = timedelta(seconds=1)
FAILING_LONG = timedelta(days=1)
CALENDAR_LATE = timedelta(minutes=10)


async def forget(database: Database, now: datetime) -> None:
    """Delete timers settled more than a day ago, and appointments that ended more than 30 days ago."""
    await each(
        partial(upkeep.forget_timers, database, now - KEEP_SETTLED),
        partial(upkeep.forget_appointments, database, now - KEEP_ENDED),
    )


async def measure(database: Database, now: datetime) -> None:
    """Set the gauges."""
    with known(metrics.PENDING, metrics.OVERDUE, metrics.CALENDARS):
        async with database.transaction() as tx:
            load = await upkeep.measure(tx, now - LATE)
            calendars = await calendar_store.measure(tx, now - FAILING_LONG, now - CALENDAR_LATE)
        metrics.PENDING.set(load.pending)
        metrics.OVERDUE.set(load.overdue)
        for state, number in calendars._asdict().items():
            metrics.CALENDARS.labels(state).set(number)
