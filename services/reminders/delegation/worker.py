"""Hands reminders over to a Communication Service that schedules by itself, and withdraws them.

The service's cancel call withdraws all that it has of an appointment. So whatever changes, the appointment is handed over
anew as a whole: withdraw, then one call for each recipient and lead time, outside any transaction, each with a key of its
own; after a failure the same from the start, because nobody knows what was taken. What the service has not taken by the time it is due is fired as usual; so
nothing is lost while it is away, and a reminder comes twice only if it falls due in the midst of all this.
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
from services.reminders.domain.channels import Wishes
from services.reminders.domain.timers import Timer
from services.reminders.messages.outgoing import Story
from services.reminders.store import dispatch
from services.reminders.store.preferences import load_wishes

log = get_logger()

AT_ONCE = 8  # appointments
LEASE = timedelta(seconds=60)
AHEAD = timedelta(seconds=5)  # what is due sooner is fired by us: it would be due before it is handed over
LATEST = 0.8  # of the lease: no call begins later
RETRY_SECONDS, RETRY_LONGEST = 1.0, 60.0


class Delegation:
    """Works off the table of handovers. `hands_over` False withdraws whatever was handed over before."""

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
        """Until nothing is to be done now."""
        if not self._hands_over:
            async with self._database.transaction() as tx:
                await delegation_store.reopen(tx, self._clock())
        while await self.step():
            pass

    async def step(self) -> int:
        """Hand a few appointments over, side by side; returns how many."""
        now = self._clock()
        async with self._database.transaction() as tx:
            claimed = await delegation_store.claim(tx, self._owner, now, now + LEASE, AT_ONCE)
        if not claimed:
            return 0
        ids = {handover.appointment_id for handover in claimed}
        async with self._database.transaction() as tx:
            timers = await delegation_store.take_back(tx, ids)
            stories = await dispatch.load_stories(tx, ids)
            wishes = await load_wishes(
                tx,
                {timer.recipient_id for timer in timers},
                {story.organization_id for story in stories.values()},
            )
        ours = timers if self._hands_over else []
        await asyncio.gather(
            *(
                self._hand_over(
                    handover,
                    stories.get(handover.appointment_id),
                    [
                        t
                        for t in ours
                        if t.appointment_id == handover.appointment_id and t.due_at > now + AHEAD
                    ],
                    wishes,
                    now + LEASE * LATEST,
                )
                for handover in claimed
            )
        )
        return len(claimed)

    async def _hand_over(
        self,
        handover: Handover,
        story: Story | None,
        timers: Sequence[Timer],
        wishes: Wishes,
        until: datetime,
    ) -> None:
        taken: list[Timer] = []
        failure = await self._calls(handover, story, timers, wishes, until, taken) if story else None
        # After a failure the service may have what it had, and what we do not know of.
        scheduled = len(taken) if failure is None else max(handover.scheduled, len(timers), 1)
        again = failure is not None and not failure.for_good
        wait = timedelta(seconds=backoff.delay(handover.attempts, RETRY_SECONDS, RETRY_LONGEST))
        async with self._database.transaction() as tx:
            await delegation_store.handed(tx, self._owner, handover, taken)
            await delegation_store.note(
                tx,
                self._owner,
                handover,
                scheduled,
                self._clock() + wait if again else None,
                failure.reason if failure else None,
            )
        metrics.HANDOVERS.labels("handed over" if failure is None else "failed").inc()
        if failure is not None:
            log.warning("not handed over", appointment=str(handover.appointment_id), reason=failure.reason)

    async def _calls(
        self,
        handover: Handover,
        story: Story,
        timers: Sequence[Timer],
        wishes: Wishes,
        until: datetime,
        taken: list[Timer],
    ) -> Failure | None:
        """Withdraw what the service may have, then schedule; what it took is added to `taken`. The first failure ends it."""
        if handover.scheduled:
            failure = await self._communication.cancel(_key(story.appointment_id, handover), story)
            if failure is not None:
                return failure
        state, people = orjson.loads(story.body), orjson.loads(story.people)
        organization = wishes.rules_of(story.organization_id)
        for timer in timers:
            if self._clock() > until:
                return Failure("the calls took too long")
            own = wishes.said_by(timer.recipient_id)
            place, locale = rules.timezone(own, organization), rules.locale(own, organization)
            body = schedule_body(timer, state, people, place, locale, self._frontend_url)
            failure = await self._communication.schedule(_key(timer.id, handover), body, story)
            if failure is not None:
                return failure
            taken.append(timer)
        return None


def _key(identity: UUID, handover: Handover) -> UUID:
    return uuid5(identity, f"handover {handover.generation}.{handover.attempts}")
