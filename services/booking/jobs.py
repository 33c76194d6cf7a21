"""What booking does by the clock."""

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
    """A job that deletes what was decided more than `kept_days` ago: a command id is remembered for so long."""

    async def forget() -> None:
        before = clock.now() - timedelta(days=kept_days)
        total = await decisions.forget_decisions(database, before)
        log.info("old decisions forgotten", decisions=total)

    return forget


def forget_past(database: Database) -> Callable[[], Awaitable[None]]:
    """A job that deletes what closes nobody's time any more: holds that expired a day ago, and what is over elsewhere.

    A hold is known for a day longer than it lives, so that who books late hears of a conflict and not of a hold.
    """

    async def forget() -> None:
        before = clock.now() - timedelta(days=1)
        await each(partial(forget_holds, database, before), partial(forget_busy_times, database, before))

    return forget


def extend_series(database: Database, publisher: Publisher) -> Callable[[], Awaitable[None]]:
    """A job that asks for the next occurrences of every series without an end.

    It asks by commands, so that they are decided in the organization's order like anybody's; a second asking on the same
    day, by whatever process, is the same command.
    """

    async def extend() -> None:
        now, last, asked = clock.now(), UUID(int=0), 0
        while page := await _behind(database, now, last):
            messages = [extension(series, now) for series in page if due(series, now)[1]]
            await publisher.publish(messages)
            asked, last = asked + len(messages), page[-1].id
        log.info("series asked to be extended", series=asked)

    return extend


async def _behind(database: Database, now: datetime, last: UUID) -> list[Series]:
    async with database.transaction() as tx:
        return await series.behind(tx, now + AHEAD, last, SERIES_AT_ONCE)
