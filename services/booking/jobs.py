"""Scheduled jobs: deleting old rows, extending series."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database
from chassis.kafka.publisher import Publisher
from chassis.upkeep import each
from services.booking.domain.model.recurring_series import AHEAD, Series
from services.booking.domain.series.extending import due
from services.booking.messages.commands import extension
from services.booking.store import decisions, series
from services.booking.store.busy_times import forget_busy_times
from services.booking.store.holds import forget_holds

NIGHTLY = "17 2 * * *"  # UTC; an odd minute, so that the fleet's jobs do not all start at once
EXTENDING = "7 3 * * *"
SERIES_AT_ONCE = 200
log = telemetry.get_logger()


def forget_old(database: Database, kept_days: int) -> Callable[[], Awaitable[None]]:
    """Return a job that deletes decisions made more than `kept_days` ago: a command id is remembered for so
    long.
    """

    async def forget() -> None:
        before = clock.now() - timedelta(days=kept_days)
        total = await decisions.forget_decisions(database, before)
        log.info("old decisions forgotten", decisions=total)

    return forget


def forget_past(database: Database) -> Callable[[], Awaitable[None]]:
    """Return a job that deletes holds that expired a day ago, and busy times that are over.

    A hold is kept for a day longer than it lives, so that a booking from it that comes late is refused for a
    conflict and not for an unknown hold.
    """

    async def forget() -> None:
        before = clock.now() - timedelta(days=1)
        await each(partial(forget_holds, database, before), partial(forget_busy_times, database, before))

    return forget


def extend_series(database: Database, publisher: Publisher) -> Callable[[], Awaitable[None]]:
    """Return a job that has the next occurrences of every series without an end booked.

    It sends commands, which are decided in their organization's order like any others. A second run on the
    same day, by whatever process, sends the same commands again.
    """

    async def extend() -> None:
        now, last, sent = clock.now(), UUID(int=0), 0
        while page := await _behind(database, now, last):
            messages = [extension(series, now) for series in page if due(series, now)[1]]
            await publisher.publish(messages)
            sent, last = sent + len(messages), page[-1].id
        log.info("commands to extend series sent", series=sent)

    return extend


async def _behind(database: Database, now: datetime, last: UUID) -> list[Series]:
    async with database.transaction() as tx:
        return await series.behind(tx, now + AHEAD, last, SERIES_AT_ONCE)
