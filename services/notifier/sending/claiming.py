"""Claims due deliveries, each organization in turn, and loads them for their calls."""

from collections.abc import Callable, Sequence
from uuid import UUID

from chassis import clock
from chassis.database.transactions import Database, Transaction
from services.notifier import metrics
from services.notifier.sending import group_calls
from services.notifier.sending.conclusion import Result
from services.notifier.sending.fair_queue import Call
from services.notifier.sending.group_calls import Gathered
from services.notifier.sending.insisting import insist
from services.notifier.sending.leases import Leases
from services.notifier.store import calls, checked, claims
from services.notifier.store.checked import Checked
from services.notifier.store.claims import Claimed

FIRST = UUID(int=0)
ORGANIZATIONS_AT_ONCE = 64


class Claimer:
    """Claims for one process. `end` receives the results of claimed deliveries that get no call."""

    def __init__(
        self, database: Database, leases: Leases, at_most: int, end: Callable[[Result], None]
    ) -> None:
        self._database = database
        self._leases = leases
        self._at_most = at_most
        self._end = end
        self._after = FIRST

    async def claim(self) -> list[Call]:
        """Claim the next batch, and return its calls."""
        with metrics.CLAIM_SECONDS.time():
            return await insist(self._claim_batch)

    async def claim_one(self) -> list[Checked]:
        """Claim a single delivery for a probe; an empty list if none waits."""
        return await insist(self._claim_one)

    async def _claim_batch(self) -> list[Call]:
        """Claim and commit; then load, in one query, the claimed deliveries with their appointments."""
        async with self._database.transaction() as tx:
            await claims.lightly(tx)
            claimed = await self._claim_due(tx)
        gathered = await self._gather(claimed)
        for result in gathered.dropped:
            self._end(result)
        return [*gathered.alone, *gathered.together]

    async def _claim_due(self, tx: Transaction) -> list[Claimed]:
        """Continue after the last claim's organization, so that each has its turn; at most once around."""
        now = clock.now()
        lease, until = self._leases.lease, self._leases.until(now)
        from_the_start = self._after == FIRST
        while True:
            due, after = await claims.organizations(tx, self._after, now, ORGANIZATIONS_AT_ONCE)
            self._after = after or FIRST
            if due:
                claimed = await claims.claim(tx, lease, due, now, until, self._at_most)
                if claimed:
                    return claimed + await calls.claim_rest(tx, lease, claimed, now, until)
            if after is None:
                if from_the_start:
                    return []
                from_the_start = True

    async def _claim_one(self) -> list[Checked]:
        now = clock.now()
        async with self._database.transaction() as tx:
            claimed = await claims.claim_one(tx, self._leases.lease, now, self._leases.until(now))
        return (await self._gather(claimed)).alone

    async def _gather(self, claimed: Sequence[Claimed]) -> Gathered:
        """Load the claimed deliveries, and write the members of new group calls down."""
        ours = [row for row in claimed if row.id not in self._leases]
        if not ours:
            return Gathered()
        async with self._database.transaction() as tx:
            looked = await checked.look(tx, [row.id for row in ours])
            gathered = Gathered(alone=looked)
            if any(row.bundle for row in ours):
                gathered = await group_calls.gather(tx, self._leases.lease, looked, ours, clock.now())
        self._leases.add(item.delivery.id for item in looked)
        return gathered
