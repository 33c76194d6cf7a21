"""Scheduled jobs of every service for its dead letters."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from chassis import clock
from chassis.database.transactions import Database
from chassis.dead_letters import store, unresolved
from chassis.upkeep import each

KEPT = timedelta(days=30)  # as long as the topic keeps them
COUNTED_EVERY = 15.0  # seconds, as often as Prometheus looks
_SLICE = 500  # letters: up to 2 MiB each


def count_open(database: Database, service: str, consumers: Sequence[str]) -> Callable[[], Awaitable[None]]:
    """A job that shows how many letters of each consumer are open."""

    known = set(consumers)

    async def count() -> None:
        async with database.transaction() as tx:
            found = await unresolved.count(tx)
        known.update(found)
        unresolved.show(service, known, found)

    return count


def forget_old(database: Database) -> Callable[[], Awaitable[None]]:
    """A job that deletes our own copies, which only a crash before publishing needs, in slices."""

    async def forget() -> None:
        before = {"before": clock.now() - KEPT}
        await each(
            lambda: database.in_slices(store.FORGET, before, rows=_SLICE),
            lambda: database.in_slices(unresolved.FORGET, before),
        )

    return forget
