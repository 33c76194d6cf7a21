"""What the projector does by the clock: forget old outcomes, and count what has not arrived."""

from datetime import timedelta

from chassis import clock, deadletters
from chassis.database import Database
from services.projector import metrics, store
from services.projector.settings import ProjectorSettings


async def forget(database: Database, settings: ProjectorSettings) -> None:
    """Drop outcomes and dead letters that are past their use."""
    now = clock.now()
    async with database.transaction() as tx:
        await store.forget_answers(tx, now - timedelta(days=settings.commands_kept_days))
        await deadletters.forget(tx, now - timedelta(days=settings.dead_letters_kept_days))


async def measure(database: Database) -> None:
    """Set the gauge of missing versions."""
    async with database.transaction() as tx:
        metrics.MISSING_VERSIONS.set(await store.count_missing(tx))
