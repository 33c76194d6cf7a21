"""What the notifier does by the clock: count what waits, and forget at night what nobody needs any more."""

from datetime import timedelta
from functools import partial

from chassis import clock
from chassis.database.transactions import Database
from chassis.measured import known
from chassis.upkeep import each
from services.notifier import metrics
from services.notifier.settings import NotifierSettings
from services.notifier.store import appointments, deliveries, digests, preferences

COUNTED = timedelta(days=3)  # how long ago a day began that is not over yet somewhere, and more


async def count_waiting(database: Database) -> None:
    """For the metrics: how many deliveries are still to be sent; what is held until a time of day is not late."""
    with known(metrics.WAITING, metrics.HELD):
        async with database.transaction() as tx:
            waiting, held = await deliveries.waiting(tx)
            in_digests = await digests.count_waiting(tx)
        metrics.WAITING.set(waiting - held)
        metrics.HELD.set(held + in_digests)


async def forget(database: Database, settings: NotifierSettings) -> None:
    """Decisions after 30 days, deliveries (with what they said) and appointments after 90."""
    now = clock.now()
    old = now - timedelta(days=settings.keep_deliveries_days)
    await each(
        partial(preferences.forget, database, now - timedelta(days=settings.keep_decisions_days)),
        partial(appointments.forget, database, old),
        partial(deliveries.forget, database, old),
        partial(digests.forget, database, old.date()),
        partial(digests.forget_counts, database, (now - COUNTED).date()),
    )
