"""The projector's scheduled work: delete old rows, and count missing versions."""

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
    """Delete outcomes after their retention, and holds and removed ranges a day after they ended."""
    now = clock.now()
    await each(
        partial(
            store_appointments.forget_outcomes, database, now - timedelta(days=settings.commands_kept_days)
        ),
        partial(free_time.forget_holds, database, now - timedelta(days=1)),
        partial(free_time.forget_busy_times, database, now - timedelta(days=1)),
    )


async def measure(database: Database) -> None:
    """Set the gauge of missing versions."""
    with known(metrics.MISSING_VERSIONS):
        async with database.transaction() as tx:
            metrics.MISSING_VERSIONS.set(await store_appointments.count_missing(tx))
