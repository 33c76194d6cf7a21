"""Probes: single calls while the circuit breaker is open, to find out whether the service is back."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from chassis import clock, telemetry
from chassis.database.transactions import Database
from services.notifier.sending.attempt import Attempts
from services.notifier.sending.circuit import Circuit
from services.notifier.sending.claiming import Claimer
from services.notifier.sending.conclusion import Result
from services.notifier.sending.insisting import insist
from services.notifier.sending.template_registration import Registration
from services.notifier.store import queue

log = telemetry.get_logger()


class Prober:
    """Probes with a delivery, or with a template if no delivery waits. `end` receives the results.

    `longest`: seconds of one wait for the next probe. `spread`: seconds over which deliveries become due
    after an outage. `under_way`: ids of the deliveries in the last probe.
    """

    def __init__(
        self,
        database: Database,
        circuit: Circuit,
        claimer: Claimer,
        caller: Attempts,
        registration: Registration,
        end: Callable[[Result], None],
        *,
        longest: float,
        spread: float,
    ) -> None:
        self._database = database
        self._circuit = circuit
        self._claimer = claimer
        self._caller = caller
        self._registration = registration
        self._end = end
        self._longest = longest
        self._spread = timedelta(seconds=spread)
        self.under_way: set[UUID] = set()

    async def probe(self) -> None:
        """Make one probe if it is time for it, or else wait a moment."""
        if wait := self._circuit.wait():
            await asyncio.sleep(min(wait, self._longest))
            return
        claimed = await self._claimer.claim_one()
        self.under_way = {item.delivery.id for item in claimed}
        with self._circuit.probing():
            if not claimed:
                self._circuit.note(await self._registration.register_all())
            for item in claimed:
                self._end(await self._caller.probe(item))

    async def recover(self) -> None:
        """Make the deliveries due that waited only for the service, spread over some seconds."""

        async def recover() -> int:
            async with self._database.transaction() as tx:
                return await queue.recover(tx, clock.now(), self._spread)

        log.info("the Communication Service is back", waiting=await insist(recover))
        self._circuit.has_recovered = False
