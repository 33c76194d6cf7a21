"""What the projector does by the clock: forget what is past its use, and count what has not arrived."""

from datetime import timedelta
from functools import partial

from chassis import clock
from chassis.database.transactions import Database
from chassis.measured import known
from chassis.upkeep import each
from services.projector import metrics
from services.projector.settings import ProjectorSettings
from services.projector.store import appointments as store_appointments
from services.projector.store import free_time


async def forget(database: Database, settings: ProjectorSettings) -> None:
    """Drop outcomes that are past their use, and holds and ranges that were over a day ago."""
    now = clock.now()
    await each(
        partial(
            store_appointments.forget_answers, database, now - timedelta(days=settings.commands_kept_days)
        ),
        partial(free_time.forget_holds, database, now - timedelta(days=1)),
        partial(free_time.forget_busy_times, database, now - timedelta(days=1)),
    )


async def measure(database: Database) -> None:
    """Set the gauge of missing versions."""
    with known(metrics.MISSING_VERSIONS):
        async with database.transaction() as tx:
            metrics.MISSING_VERSIONS.set(await store_appointments.count_missing(tx))
