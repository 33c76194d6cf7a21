"""What booking does by the clock."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

from chassis import clock, telemetry
from chassis.database import Database
from services.booking import store

SLICE = 5_000
NIGHTLY = "17 2 * * *"  # UTC; an odd minute, so that the fleet's jobs do not all start at once
log = telemetry.get_logger()


def forget_old(database: Database, kept_days: int) -> Callable[[], Awaitable[None]]:
    """A job that deletes what was decided more than `kept_days` ago: a command id is remembered for so long.

    In slices, each a transaction of its own, so that deciding never waits for it long.
    """

    async def forget() -> None:
        before = clock.now() - timedelta(days=kept_days)
        total = 0
        deleted = SLICE
        while deleted == SLICE:
            async with database.transaction() as tx:
                deleted = await store.forget_decisions(tx, before, SLICE)
            total += deleted
        log.info("old decisions forgotten", decisions=total)

    return forget
