"""Sends deliveries: claims in batches, many calls in flight, results written down in batches."""

import asyncio
import contextlib
from collections.abc import Sequence
from uuid import UUID

from chassis.database.transactions import Database
from chassis.health import Health
from chassis.retrying import Alarm
from services.notifier.clients.communication import CommunicationClient
from services.notifier.sending import group_calls
from services.notifier.sending.attempt import Attempts
from services.notifier.sending.circuit import Circuit
from services.notifier.sending.claiming import Claimer
from services.notifier.sending.completing import Completer
from services.notifier.sending.conclusion import Untried
from services.notifier.sending.fair_queue import Turns
from services.notifier.sending.group_calls import Together
from services.notifier.sending.leases import Leases
from services.notifier.sending.looking import Looker
from services.notifier.sending.outbox_relay import Relay
from services.notifier.sending.probing import Prober
from services.notifier.sending.template_registration import Registration
from services.notifier.settings import NotifierSettings

GATHER_SECONDS = 0.05  # deliveries planned, or ended, within this time are claimed, or written down, together
FINISH_WITHIN = 4.0  # of the ten seconds that a stopping service has


class Dispatcher:
    """Sends the deliveries of one process, which `lease` names in the queue."""

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
        self._registration = registration
        self._relay = relay
        self._settings = settings
        self._circuit = Circuit(settings.breaker_threshold, settings.breaker_recovery, health)
        self._leases = Leases(database, lease, settings.lease)
        self._completer = Completer(database, self._leases, GATHER_SECONDS, relay.wake)
        self._claimer = Claimer(database, self._leases, settings.claim_max, self._completer.end)
        self._caller = Attempts(client, settings, self._circuit, Looker(database).look)
        self._prober = Prober(
            database,
            self._circuit,
            self._claimer,
            self._caller,
            registration,
            self._completer.end,
            longest=settings.dispatch_idle,
            spread=settings.recovery_spread,
        )
        # Claimed and not begun: as many as the calls get through during the next claim, even a slow one.
        self._enough = 3 * settings.deliveries_in_flight
        self._alarm = Alarm()
        self._claimed = Turns()
        self._room = asyncio.Event()

    def wake(self) -> None:
        """Look for due deliveries soon."""
        self._alarm.ring()

    async def run(self) -> None:
        """Send until cancelled.

        Then let calls in flight end, and release the deliveries that were not begun.
        """
        await self._registration.done.wait()
        self._claimed = Turns()
        self._leases.clear()
        self._completer.clear()
        self._room.set()
        workers = [
            asyncio.create_task(self._work(), name=f"delivery-{number}")
            for number in range(self._settings.deliveries_in_flight)
        ]
        loops = [
            asyncio.create_task(loop()) for loop in (self._claim, self._leases.renew, self._completer.run)
        ]
        try:
            done, _ = await asyncio.wait([*workers, *loops], return_when=asyncio.FIRST_COMPLETED)
            await next(iter(done))  # none of them ends unless it fails
        finally:
            await self._finish(workers, loops)

    async def _claim(self) -> None:
        """Claim the next batch while the workers still have one, so that they never wait for the database."""
        while True:
            await self._room.wait()
            if not self._circuit.closed:
                await self._prober.probe()
                continue
            if self._circuit.has_recovered:
                await self._prober.recover()
            self._alarm.reset()
            found = await self._claimer.claim()
            if not found:
                await self._alarm.rest(self._settings.dispatch_idle, GATHER_SECONDS)
                continue
            for item in found:
                self._claimed.put_nowait(item)
            if self._claimed.qsize() >= self._enough:
                self._room.clear()

    async def _work(self) -> None:
        while True:
            item = await self._claimed.get()
            if self._claimed.qsize() < self._enough:
                self._room.set()
            if isinstance(item, Together):
                for result in await group_calls.attempt(self._caller, item):
                    self._completer.end(result)
            else:
                self._completer.end(await self._caller.attempt(item))

    async def _finish(self, workers: list[asyncio.Task[None]], loops: list[asyncio.Task[None]]) -> None:
        """Stop claiming, release what was not begun, let calls in flight end, and write all results down."""
        await _cancel(loops)
        self._leases.discard(self._prober.under_way)
        while not self._claimed.empty():
            item = self._claimed.get_nowait()
            for member in item.members if isinstance(item, Together) else [item]:
                self._completer.end(Untried(member))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN):
                await self._completer.all_ended()
        await _cancel(workers)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(FINISH_WITHIN):
                await self._completer.write()
                await self._relay.drain()


async def _cancel(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
