"""Claims what is due, keeps many calls in flight outside any transaction, and writes down how they ended, in batches."""

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database, Transaction, is_not_now
from chassis.health import Health
from chassis.retrying import Alarm, until_done
from services.notifier import metrics
from services.notifier.clients.communication import CommunicationClient
from services.notifier.domain.breaker import Breaker
from services.notifier.messages import outgoing
from services.notifier.sending import group_calls
from services.notifier.sending.attempt import Attempts, Result, Untried
from services.notifier.sending.breaker_log import BreakerLog
from services.notifier.sending.completion import Ended, tell
from services.notifier.sending.fair_queue import Call, Turns
from services.notifier.sending.group_calls import Gathered, Together
from services.notifier.sending.outbox_relay import Relay
from services.notifier.sending.template_registration import Registration
from services.notifier.settings import NotifierSettings
from services.notifier.store import calls, outbox, queue
from services.notifier.store.queue import Checked, Claimed, Held, Later

T = TypeVar("T")
log = telemetry.get_logger()

DEPENDENCY = "communication"
FIRST = UUID(int=0)
ORGANIZATIONS_AT_ONCE = 64
GATHER_SECONDS = 0.05  # what is planned, or ends, within so long is claimed, or written down, together
FINISH_WITHIN = 4.0  # of the ten seconds that a stopping service has
_RACES = ("40P01", "40001")


class Dispatcher:
    """The deliveries of one process. `lease` names it: what it claimed is its own while it shows signs of life."""

    def __init__(
        self,
        database: Database,
        client: CommunicationClient,
        registration: Registration,
        relay: Relay,
        health: Health,
        settings: NotifierSettings,
        lease: UUID,
    ) -> None:
        self._database = database
        self._registration = registration
        self._relay = relay
        self._health = health
        self._settings = settings
        self._lease = lease
        self._caller = Attempts(client, settings, self._breaker_changed, self._look_again)
        self._breaker_log = BreakerLog(lambda: self._caller.breaker)
        health.parts["breaker"] = self._breaker_log.report
        # Claimed and not begun: as much as the calls get through while the next claim is made, even a slow one.
        self._enough = 3 * settings.deliveries_in_flight
        self._after = FIRST
        self._alarm = Alarm()
        self._claimed = Turns()
        self._room = asyncio.Event()
        self._held: set[UUID] = set()
        self._results: list[Result] = []
        self._ended = asyncio.Event()
        self._recovered = False
        self._probed: set[UUID] = set()

    def wake(self) -> None:
        """There may be something due."""
        self._alarm.ring()

    async def run(self) -> None:
        """Until cancelled; then what is in flight may end, and what was not begun is given back."""
        await self._registration.done.wait()
        self._claimed, self._results, self._held = Turns(), [], set()
        self._room.set()
        workers = [
            asyncio.create_task(self._work(), name=f"delivery-{number}")
            for number in range(self._settings.deliveries_in_flight)
        ]
        loops = [asyncio.create_task(loop()) for loop in (self._claim, self._renew, self._complete)]
        try:
            done, _ = await asyncio.wait([*workers, *loops], return_when=asyncio.FIRST_COMPLETED)
            await next(iter(done))  # none of them ends but by failing
        finally:
            await self._finish(workers, loops)

    # --- claiming -----------------------------------------------------------------------------------------------

    async def _claim(self) -> None:
        """Fetch the next batch while the workers still have one, so that they never wait for the database."""
        while True:
            await self._room.wait()
            if not self._caller.breaker.closed:
                await self._probe()
                continue
            if self._recovered:
                await self._recover()
            self._alarm.reset()
            with metrics.CLAIM_SECONDS.time():
                found = await self._insist(self._claim_batch)
            if not found:
                await self._alarm.rest(self._settings.dispatch_idle, GATHER_SECONDS)
                continue
            for item in found:
                self._claimed.put_nowait(item)
            if self._claimed.qsize() >= self._enough:
                self._room.clear()

    async def _claim_batch(self) -> list[Call]:
        """Claim and commit; then look, in one query, at what has become of the appointments."""
        async with self._database.transaction() as tx:
            await queue.lightly(tx)
            claimed = await self._claim_due(tx)
        gathered = await self._look(claimed)
        for result in gathered.dropped:
            self._end(result)
        return [*gathered.alone, *gathered.together]

    async def _claim_due(self, tx: Transaction) -> list[Claimed]:
        """Go on where the last claim ended, so that each organization has its turn; at most once around."""
        now = clock.now()
        until = now + timedelta(seconds=self._settings.lease)
        from_the_start = self._after == FIRST
        while True:
            due, after = await queue.organizations(tx, self._after, now, ORGANIZATIONS_AT_ONCE)
            self._after = after or FIRST
            if due:
                claimed = await queue.claim(tx, self._lease, due, now, until, self._settings.claim_max)
                if claimed:
                    return claimed + await calls.claim_rest(tx, self._lease, claimed, now, until)
            if after is None:
                if from_the_start:
                    return []
                from_the_start = True

    async def _look(self, claimed: Sequence[Claimed]) -> Gathered:
        """Who is in a call for many is written down, for good, with the look that decides it."""
        ours = [row for row in claimed if row.id not in self._held]
        if not ours:
            return Gathered()
        async with self._database.transaction() as tx:
            looked = await queue.look(tx, [row.id for row in ours])
            gathered = Gathered(alone=looked)
            if any(row.bundle for row in ours):
                gathered = await group_calls.gather(tx, self._lease, looked, ours, clock.now())
        self._held.update(item.delivery.id for item in looked)
        return gathered

    async def _look_again(self, ids: Sequence[UUID]) -> list[Checked]:
        """How deliveries that we hold stand now."""

        async def look() -> list[Checked]:
            async with self._database.transaction() as tx:
                return await queue.look(tx, ids)

        return await self._insist(look)

    # --- while the breaker is open ------------------------------------------------------------------------------

    async def _probe(self) -> None:
        """Wait until one call may try the water, and make it: with a delivery, or with a template if none waits."""
        breaker = self._caller.breaker
        if wait := breaker.wait(time.monotonic()):
            await asyncio.sleep(min(wait, self._settings.dispatch_idle))
            return
        looked = await self._insist(self._claim_one)
        self._probed = {item.delivery.id for item in looked}
        self._caller.breaker = breaker.probing()
        metrics.BREAKER.set(metrics.BREAKER_STATES["half_open"])
        try:
            if not looked:
                self._caller.note(await self._registration.register_all())
            for item in looked:
                self._end(await self._caller.probe(item))
        finally:
            # Cancelled, or what was claimed had expired: nobody called, nothing is decided.
            if self._caller.breaker.state == "half_open":
                self._caller.breaker = breaker

    async def _claim_one(self) -> list[Checked]:
        now = clock.now()
        until = now + timedelta(seconds=self._settings.lease)
        async with self._database.transaction() as tx:
            claimed = await queue.claim_one(tx, self._lease, now, until)
        return (await self._look(claimed)).alone

    async def _recover(self) -> None:
        """Well again: what waited only for that is due, spread a little so that it does not come all at once."""
        spread = timedelta(seconds=self._settings.recovery_spread)

        async def recover() -> int:
            async with self._database.transaction() as tx:
                return await queue.recover(tx, clock.now(), spread)

        log.info("the Communication Service is back", waiting=await self._insist(recover))
        self._recovered = False

    def _breaker_changed(self, breaker: Breaker, reason: str) -> None:
        metrics.BREAKER.set(metrics.BREAKER_STATES[breaker.state])
        self._breaker_log.changed(breaker, reason)
        if breaker.closed:
            self._health.clear(DEPENDENCY)
            self._recovered = True
        else:
            self._health.waiting(DEPENDENCY, f"circuit breaker {breaker.state}: {reason}")
            log.warning("circuit breaker opened", reason=reason, failures=breaker.failures)

    # --- calling ------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            item = await self._claimed.get()
            if self._claimed.qsize() < self._enough:
                self._room.set()
            if isinstance(item, Together):
                for result in await group_calls.attempt(self._caller, item):
                    self._end(result)
            else:
                self._end(await self._caller.attempt(item))

    def _end(self, result: Result) -> None:
        self._results.append(result)
        self._ended.set()

    async def _renew(self) -> None:
        """A slow call is not a dead one: keep what we hold."""
        while True:
            await asyncio.sleep(self._settings.lease / 3)
            if self._held:
                await self._insist(self._renew_held)

    async def _renew_held(self) -> None:
        until = clock.now() + timedelta(seconds=self._settings.lease)
        async with self._database.transaction() as tx:
            await queue.renew(tx, self._lease, list(self._held), until)

    # --- completing ---------------------------------------------------------------------------------------------

    async def _complete(self) -> None:
        """Write down what has ended; meanwhile the next batch gathers."""
        while True:
            await self._ended.wait()
            await asyncio.sleep(GATHER_SECONDS)
            await self._write_results()

    async def _write_results(self) -> None:
        self._ended.clear()
        results, self._results = self._results, []
        if not results:
            return
        try:
            await self._insist(lambda: self._write(results))
        except (
            BaseException
        ):  # not written, or not known to be: to be written again, which changes nothing then
            self._results = results + self._results
            raise
        self._relay.wake()

    async def _write(self, results: Sequence[Result]) -> None:
        ended = [item for item in results if isinstance(item, Ended)]
        later = [item for item in results if isinstance(item, Later)]
        held = [item for item in results if isinstance(item, Held)]
        untried = [item.looked.delivery.id for item in results if isinstance(item, Untried)]
        async with self._database.transaction() as tx:
            ours = await queue.settle(tx, self._lease, [item.delivery for item in ended])
            put_back = await queue.retry(tx, self._lease, later)
            put_back |= await queue.hold(tx, self._lease, held)
            if untried:
                await queue.release(tx, self._lease, untried)
            now = clock.now()
            messages = await tell(tx, [item for item in ended if item.delivery.id in ours], now)
            messages += [
                outgoing.event_of(item.delivery, now)
                for item in held
                if item.delivery.id in put_back and not item.told
            ]
            await outbox.note(tx, self._lease, now, messages)
        metrics.LOST_LEASES.inc(len(ended) + len(later) + len(held) - len(ours) - len(put_back))
        self._held.difference_update(untried, _ids(ended), _ids(later), _ids(held))

    async def _insist(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do it again while the database is away or a race was lost; anything else is an error of ours."""
        return await until_done(work, passing=_passes, waiting=_note_waiting)

    async def _finish(self, workers: list[asyncio.Task[None]], loops: list[asyncio.Task[None]]) -> None:
        """Stop claiming, give back what was not begun, let calls in flight end for a while, write all of it down."""
        await _cancel(loops)
        self._held.difference_update(self._probed)
        while not self._claimed.empty():
            item = self._claimed.get_nowait()
            whole = item.members if isinstance(item, Together) else [item]
            self._results += [Untried(one) for one in whole]
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN):
                while len(self._results) < len(self._held):
                    self._ended.clear()
                    await self._ended.wait()
        await _cancel(workers)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN):
                await self._write_results()
                await self._relay.drain()


def _passes(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return is_not_now(error) or state in _RACES


def _note_waiting(error: Exception, attempt: int) -> None:
    log.warning("the database has to be asked again", reason=str(error)[:300], attempt=attempt)


def _ids(items: Sequence[Ended] | Sequence[Later] | Sequence[Held]) -> list[UUID]:
    return [item.delivery.id for item in items]


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
