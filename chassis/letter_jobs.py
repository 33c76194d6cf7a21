"""What every service does about its dead letters by the clock."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta

from chassis import clock, deadletters, open_letters
from chassis.database import Database, Transaction

KEPT = timedelta(days=30)  # as long as the topic keeps them
COUNTED_EVERY = 15.0  # seconds, as often as Prometheus looks
_SLICE = 500  # letters: up to 2 MiB each


def count_open(database: Database, service: str, consumers: Sequence[str]) -> Callable[[], Awaitable[None]]:
    """A job that shows how many letters of each consumer are open."""

    known = set(consumers)

    async def count() -> None:
        async with database.transaction() as tx:
            found = await open_letters.count(tx)
        known.update(found)
        open_letters.show(service, known, found)

    return count


def forget_old(database: Database) -> Callable[[], Awaitable[None]]:
    """A job that deletes our own copies, which only a crash before publishing needs, in slices."""

    async def forget() -> None:
        before = clock.now() - KEPT
        await _in_slices(database, deadletters.forget, before)
        await _in_slices(database, open_letters.forget, before)

    return forget


async def _in_slices(
    database: Database, forget: Callable[[Transaction, datetime, int], Awaitable[int]], before: datetime
) -> None:
    deleted = _SLICE
    while deleted == _SLICE:
        async with database.transaction() as tx:
            deleted = await forget(tx, before, _SLICE)
