"""Hand reminders over to a Communication Service that schedules by itself, and withdraw them.

The service's cancel call withdraws all reminders of an appointment. So after any change the appointment is
handed over as a whole: withdraw, then one call for each recipient and lead time, outside any transaction,
each with its own key; after a failure the same from the start, because it is unknown which calls took effect.
A reminder that the service has not accepted by the time it is due is fired as usual: none is lost during an
outage, and one is sent twice only if it falls due during a hand-over.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID, uuid4, uuid5

import orjson

from chassis import backoff
from chassis.database.transactions import Database
from chassis.telemetry import get_logger
from notifications import rules
from services.reminders import metrics
from services.reminders.delegation import store as delegation_store
from services.reminders.delegation.communication import Communication, Failure
from services.reminders.delegation.handover import schedule_body
from services.reminders.delegation.store import Handover
from services.reminders.domain.channels import PreferencesInForce
from services.reminders.domain.timers import Timer
from services.reminders.messages.outgoing import EventContext
from services.reminders.store import dispatch
from services.reminders.store.preferences import load_preferences

log = get_logger()

AT_ONCE = 8  # appointments
LEASE = timedelta(seconds=60)
AHEAD = timedelta(seconds=5)  # timers due sooner are fired by us: they would be due before the hand-over ends
LATEST = 0.8  # of the lease: no call begins later
RETRY_SECONDS, RETRY_LONGEST = 1.0, 60.0


class HandoverWorker:
    """Process the table of handovers. `hands_over` False: withdraw all reminders that were handed over
    before.
    """

    def __init__(
        self,
        database: Database,
        communication: Communication,
        clock: Callable[[], datetime],
        frontend_url: str,
        *,
        hands_over: bool,
    ) -> None:
        self._database = database
        self._communication = communication
        self._clock = clock
        self._frontend_url = frontend_url
        self._hands_over = hands_over
        self._owner = uuid4()

    async def work(self) -> None:
        """Run steps until no appointment is due."""
        if not self._hands_over:
            async with self._database.transaction() as tx:
                await delegation_store.reopen(tx, self._clock())
        while await self.step():
            pass

    async def step(self) -> int:
        """Hand a few appointments over concurrently; return how many."""
        now = self._clock()
        async with self._database.transaction() as tx:
            claimed = await delegation_store.claim(tx, self._owner, now, now + LEASE, AT_ONCE)
        if not claimed:
            return 0
        ids = {handover.appointment_id for handover in claimed}
        async with self._database.transaction() as tx:
            timers = await delegation_store.take_back(tx, ids)
            contexts = await dispatch.load_contexts(tx, ids)
            in_force = await load_preferences(
                tx,
                {timer.recipient_id for timer in timers},
                {context.organization_id for context in contexts.values()},
            )
        ours = timers if self._hands_over else []
        await asyncio.gather(
            *(
                self._hand_over(
                    handover,
                    contexts.get(handover.appointment_id),
                    [
                        t
                        for t in ours
                        if t.appointment_id == handover.appointment_id and t.due_at > now + AHEAD
                    ],
                    in_force,
                    now + LEASE * LATEST,
                )
                for handover in claimed
            )
        )
        return len(claimed)

    async def _hand_over(
        self,
        handover: Handover,
        context: EventContext | None,
        timers: Sequence[Timer],
        in_force: PreferencesInForce,
        until: datetime,
    ) -> None:
        taken: list[Timer] = []
        failure = await self._calls(handover, context, timers, in_force, until, taken) if context else None
        # After a failure the service may have the earlier reminders, and some of the new ones.
        scheduled = len(taken) if failure is None else max(handover.scheduled, len(timers), 1)
        retry = failure is not None and not failure.for_good
        wait = timedelta(seconds=backoff.delay(handover.attempts, RETRY_SECONDS, RETRY_LONGEST))
        async with self._database.transaction() as tx:
            await delegation_store.handed(tx, self._owner, handover, taken)
            await delegation_store.note(
                tx,
                self._owner,
                handover,
                scheduled,
                self._clock() + wait if retry else None,
                failure.reason if failure else None,
            )
        metrics.HANDOVERS.labels("handed over" if failure is None else "failed").inc()
        if failure is not None:
            log.warning("not handed over", appointment=str(handover.appointment_id), reason=failure.reason)

    async def _calls(
        self,
        handover: Handover,
        context: EventContext,
        timers: Sequence[Timer],
        in_force: PreferencesInForce,
        until: datetime,
        taken: list[Timer],
    ) -> Failure | None:
        """Withdraw earlier reminders, then schedule; accepted timers are added to `taken`. Return the first
        failure.
        """
        if handover.scheduled:
            failure = await self._communication.cancel(_key(context.appointment_id, handover), context)
            if failure is not None:
                return failure
        state, people = orjson.loads(context.body), orjson.loads(context.people)
        organization = in_force.of_organization(context.organization_id)
        for timer in timers:
            if self._clock() > until:
                return Failure("the calls took too long")
            own = in_force.of_person(timer.recipient_id)
            place, locale = rules.timezone(own, organization), rules.locale(own, organization)
            body = schedule_body(timer, state, people, place, locale, self._frontend_url)
            failure = await self._communication.schedule(_key(timer.id, handover), body, context)
            if failure is not None:
                return failure
            taken.append(timer)
        return None


def _key(identity: UUID, handover: Handover) -> UUID:
    return uuid5(identity, f"handover {handover.generation}.{handover.attempts}")
