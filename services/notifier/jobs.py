"""Periodic jobs: count waiting deliveries, and delete old rows at night."""

from datetime import timedelta
from functools import partial

from chassis import clock
from chassis.database.transactions import Database
from chassis.measured import known
from chassis.upkeep import each
from services.notifier import metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import appointments, deliveries, digests, preferences

COUNTED = timedelta(days=3)  # a day that began longer ago is over in every time zone


async def count_waiting(database: Database) -> None:
    """Update the gauges of waiting and held deliveries."""
    with known(metrics.WAITING, metrics.HELD):
        async with database.transaction() as tx:
            waiting, held = await deliveries.waiting(tx)
            in_digests = await digests.count_waiting(tx)
        metrics.WAITING.set(waiting - held)
        metrics.HELD.set(held + in_digests)


async def forget(database: Database, settings: NotifierSettings) -> None:
    """Delete decisions after 30 days, and deliveries (with their payloads) and appointments after 90."""
    now = clock.now()
    old = now - timedelta(days=settings.keep_deliveries_days)
    await each(
        partial(preferences.forget, database, now - timedelta(days=settings.keep_decisions_days)),
        partial(appointments.forget, database, old),
        partial(deliveries.forget, database, old),
        partial(digests.forget, database, old.date()),
        partial(digests.forget_counts, database, (now - COUNTED).date()),
    )
