"""Fire timers: claim them shortly before they are due, publish each at its instant, mark it once
acknowledged.

Any number of processes may do this concurrently. One of them claims a timer, under a lease; a change of the
timer or its appointment ends the lease, and the check just before publishing sees that. Between that check
and the broker's append, a few milliseconds, a cancellation can still be applied: the notifier therefore
checks again before it sends. After a crash between publishing and marking, the same event id is published
once more when the lease has ended.
"""

import asyncio
import heapq
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from chassis.database.transactions import Database, is_not_now
from chassis.errors import PublishFailed
from chassis.kafka.publisher import Publisher
from chassis.retrying import Alarm
from chassis.telemetry import get_logger
from contracts.envelope import Message
from services.reminders import metrics
from services.reminders.domain.timers import Timer
from services.reminders.messages.outgoing import EventContext, message_of, missed
from services.reminders.store import dispatch as store

log = get_logger()

LOOK_AHEAD = timedelta(seconds=1)
LEASE = timedelta(seconds=10)
# Small portions, because the timers of one delay those that fall due meanwhile.
CLAIM_MAX = 100
FIRE_MAX = 100
HELD_MAX = 2_000
FIRING = 2  # while the broker acknowledges one portion, the next is on its way
POLL_SECONDS = 0.5  # half the look-ahead: timers planned by another process are seen in time
REST_SECONDS = 0.01
QUIET_SECONDS = 0.1  # between claims while no timer is due soon: nearly all new timers are for later
SETTLE_SECONDS = 0.05  # one statement marks a burst of acknowledgements; it is not urgent
RETRY_SECONDS = 0.2
FINISH_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class Held:
    """A claimed timer with its message, made ahead of time; `context` and `people` to make another."""

    timer: Timer
    message: Message
    context: EventContext
    people: dict[str, Any]


class Dispatcher:
    """One process's part in firing. `claim`, `fire` and `settle` are the steps; `run` times them."""

    def __init__(self, database: Database, publisher: Publisher, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._publisher = publisher
        self._clock = clock
        self._owner = uuid4()
        self._held: dict[UUID, Held] = {}
        self._order: list[tuple[datetime, UUID]] = []
        self._firing: set[UUID] = set()
        self._published: dict[UUID, str] = {}
        self._wanted = Alarm()
        self._claimed = Alarm()
        self._acknowledged = Alarm()

    def wake(self) -> None:
        """Claim soon: there are new timers."""
        self._wanted.ring()

    async def run(self) -> None:
        """Claim, fire and settle until cancelled; then finish the steps under way and release the remaining
        timers.
        """
        try:
            async with asyncio.TaskGroup() as loops:
                loops.create_task(self._keep_claiming())
                for _ in range(FIRING):
                    loops.create_task(self._keep_firing())
                loops.create_task(self._keep_settling())
        finally:
            with suppress(Exception):  # the leases end by themselves
                await self._release_all()

    async def claim(self) -> int:
        """Claim timers due within the look-ahead, as far as there is room; return how many."""
        limit = min(CLAIM_MAX, HELD_MAX - len(self._held))
        if limit <= 0:
            return 0
        now = self._clock()
        lease = store.Lease(self._owner, now + LEASE)
        async with self._database.transaction() as tx:
            timers = await store.claim(tx, lease, now, now + LOOK_AHEAD, limit)
            contexts = (
                await store.load_contexts(tx, {timer.appointment_id for timer in timers}) if timers else {}
            )
        people = {identity: orjson.loads(context.people) for identity, context in contexts.items()}
        for timer in timers:
            if timer.appointment_id in contexts:
                self._hold(timer, contexts[timer.appointment_id], people[timer.appointment_id])
        if timers:
            self._claimed.ring()
        return len(timers)

    async def fire(self) -> int:
        """Publish timers due now, oldest first, at most FIRE_MAX; return how many were processed."""
        now = self._clock()
        batch = self._take(now)
        if not batch:
            return 0
        identities = {held.timer.id for held in batch}
        self._firing |= identities
        try:
            async with self._database.transaction() as tx:
                confirmed = await store.confirm(tx, self._owner, list(identities))
            true = [held for held in batch if held.timer.id in confirmed]
            await self._publish(true, self._clock())
        except BaseException:
            for held in batch:
                self._keep(held)
            raise
        finally:
            self._firing -= identities
        return len(batch)

    async def settle(self) -> None:
        """Mark acknowledged timers."""
        states = dict(self._published)
        if not states:
            return
        async with self._database.transaction() as tx:
            await store.settle(tx, states, self._clock())
        for identity in states:
            del self._published[identity]

    # --- one timer
    # --------------------------------------------------------------------------------------------------

    def _hold(self, timer: Timer, context: EventContext, people: dict[str, Any]) -> None:
        """Hold a timer, replacing an earlier claim of it, unless it is being published already."""
        if timer.id not in self._firing and timer.id not in self._published:
            self._keep(Held(timer, message_of(timer, context, people), context, people))

    def _keep(self, held: Held) -> None:
        self._held[held.timer.id] = held
        heapq.heappush(self._order, (held.timer.due_at, held.timer.id))

    def _take(self, now: datetime) -> list[Held]:
        batch: list[Held] = []
        while self._order and self._order[0][0] <= now and len(batch) < FIRE_MAX:
            due_at, identity = heapq.heappop(self._order)
            held = self._held.get(identity)
            if held is not None and held.timer.due_at == due_at:
                batch.append(self._held.pop(identity))
        return batch

    async def _publish(self, batch: Sequence[Held], now: datetime) -> None:
        states: dict[UUID, str] = {}
        messages: list[Message] = []
        for held in batch:
            useful = held.timer.is_still_useful(now) or held.timer.handed
            states[held.timer.id] = "fired" if useful else "missed"
            message = held.message if useful else missed(held.timer, held.context, held.people)
            if message is not None and not held.timer.handed:
                messages.append(message)
        await self._publisher.publish(messages)
        acknowledged = self._clock()
        self._published.update(states)
        self._acknowledged.ring()
        for held in batch:
            state = states[held.timer.id]
            end = "handed" if held.timer.handed else "due" if state == "fired" else "missed"
            metrics.PUBLISHED.labels(f"{held.timer.kind}.{end}").inc()
            if end == "due":
                metrics.LATENESS.observe((acknowledged - held.timer.due_at).total_seconds())

    # --- in time
    # ----------------------------------------------------------------------------------------------------

    async def _keep_claiming(self) -> None:
        while True:
            self._wanted.reset()
            found = await self._patiently(self.claim())
            if found != CLAIM_MAX:
                await self._wanted.rest(POLL_SECONDS)
            await asyncio.sleep(REST_SECONDS if found else QUIET_SECONDS)

    async def _keep_firing(self) -> None:
        while True:
            now = self._clock()
            self._claimed.reset()
            wait = (self._order[0][0] - now).total_seconds() if self._order else POLL_SECONDS
            if wait > 0:
                await self._claimed.rest(min(wait, POLL_SECONDS))
                continue
            crowded = len(self._held) > HELD_MAX - CLAIM_MAX
            fired = await self._patiently(self.fire())
            if crowded:
                self._wanted.ring()
            if fired != FIRE_MAX:
                await asyncio.sleep(max(0.0, REST_SECONDS - (self._clock() - now).total_seconds()))

    async def _keep_settling(self) -> None:
        while True:
            await self._acknowledged.rung()
            self._acknowledged.reset()
            await asyncio.sleep(SETTLE_SECONDS)
            await self._patiently(self.settle())

    async def _patiently(self, step: Coroutine[Any, Any, int | None]) -> int | None:
        """Await a step, to its end even if cancelled; pause while database or broker are unavailable."""
        task = asyncio.ensure_future(step)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait({task}, timeout=FINISH_SECONDS)
            task.cancel()
            raise
        except Exception as error:
            if not is_not_now(error) and not isinstance(error, PublishFailed):
                raise
            log.warning("waiting to fire", error=str(error)[:200])
            self._acknowledged.ring()
            await asyncio.sleep(RETRY_SECONDS)
            return None

    async def _release_all(self) -> None:
        async with asyncio.timeout(FINISH_SECONDS):
            await self.settle()
            held = list(self._held)
            self._held.clear()
            self._order.clear()
            async with self._database.transaction() as tx:
                await store.release(tx, self._owner, held)
