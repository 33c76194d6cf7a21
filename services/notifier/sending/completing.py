"""Writes the results of deliveries down, many in one transaction."""

import asyncio
from collections.abc import Callable, Sequence
from uuid import UUID

from chassis import clock
from chassis.database.transactions import Database, Transaction
from services.notifier import metrics
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.transitions import WAITING
from services.notifier.messages import outgoing
from services.notifier.sending.completion import Ended, complete
from services.notifier.sending.conclusion import Result, Untried
from services.notifier.sending.insisting import insist
from services.notifier.sending.leases import Leases
from services.notifier.store import claims, outbox, queue
from services.notifier.store.queue import Held, Later


class Completer:
    """Collects results and writes them down. `written` is called after each commit."""

    def __init__(
        self, database: Database, leases: Leases, gather: float, written: Callable[[], None]
    ) -> None:
        self._database = database
        self._leases = leases
        self._gather = gather
        self._written = written
        self._results: list[Result] = []
        self._ended = asyncio.Event()

    def end(self, result: Result) -> None:
        """Add a result to the next batch."""
        self._results.append(result)
        self._ended.set()

    def clear(self) -> None:
        """Forget results that an earlier run of the dispatcher could not write down."""
        self._results = []

    async def run(self) -> None:
        """Write until cancelled; while one batch is written, the next one gathers."""
        while True:
            await self._ended.wait()
            await asyncio.sleep(self._gather)
            await self.write()

    async def all_ended(self) -> None:
        """Wait until there is a result for every claimed delivery."""
        while len(self._results) < len(self._leases):
            self._ended.clear()
            await self._ended.wait()

    async def write(self) -> None:
        """Write all results down that there are now."""
        self._ended.clear()
        results, self._results = self._results, []
        if not results:
            return
        try:
            await insist(lambda: self._write(results))
        except BaseException:  # perhaps not written: writing them again would change nothing
            self._results = results + self._results
            raise
        self._written()

    async def _write(self, results: Sequence[Result]) -> None:
        ended = [item for item in results if isinstance(item, Ended)]
        later = [item for item in results if isinstance(item, Later)]
        held = [item for item in results if isinstance(item, Held)]
        untried = [item.looked.delivery for item in results if isinstance(item, Untried)]
        lease = self._leases.lease
        async with self._database.transaction() as tx:
            ours = await queue.settle(tx, lease, [item.delivery for item in ended])
            put_back = await queue.retry(tx, lease, later)
            put_back |= await queue.hold(tx, lease, held)
            await self._give_back(tx, untried)
            now = clock.now()
            messages = await complete(tx, [item for item in ended if item.delivery.id in ours], now)
            messages += [
                outgoing.event_of(item.delivery, now)
                for item in held
                if item.delivery.id in put_back and not item.announced
            ]
            await outbox.note(tx, lease, now, messages)
        metrics.LOST_LEASES.inc(len(ended) + len(later) + len(held) - len(ours) - len(put_back))
        self._leases.discard([item.id for item in untried], _ids(ended), _ids(later), _ids(held))

    async def _give_back(self, tx: Transaction, untried: Sequence[Delivery]) -> None:
        """Release deliveries that were not called for; those that a report has ended leave the queue."""
        waiting = [item.id for item in untried if item.state in WAITING]
        if waiting:
            await claims.release(tx, self._leases.lease, waiting)
        if len(waiting) < len(untried):
            others = [item.id for item in untried if item.state not in WAITING]
            await claims.drop(tx, self._leases.lease, others)


def _ids(items: Sequence[Ended] | Sequence[Later] | Sequence[Held]) -> list[UUID]:
    return [item.delivery.id for item in items]
