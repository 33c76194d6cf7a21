"""Attempts to deliver: the checks before each call, the call, and the quick tries after a failure."""

import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from random import random
from uuid import UUID

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_exponential

from chassis import clock, telemetry
from services.notifier import metrics
from services.notifier.clients.communication import CommunicationClient, Origin
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.retry import Delays, Failure, next_attempt_at, quickly
from services.notifier.domain.text import one_line
from services.notifier.domain.transitions import Accept, GiveUp, PutBack
from services.notifier.sending.circuit import Circuit
from services.notifier.sending.conclusion import Conclusion, NotCalled, Result, checked, result_of
from services.notifier.sending.content import body_of
from services.notifier.settings import NotifierSettings
from services.notifier.store.checked import Checked

log = telemetry.get_logger()

FRESH_SECONDS = 1.0  # after a longer wait a delivery is loaded and checked anew before its call

Before = Callable[[Checked], Awaitable[Checked | Conclusion | NotCalled]]
"""The checks before a call. It returns the delivery as it is now, or a conclusion instead of the call."""


class Attempts:
    """Makes the attempts. `look` loads deliveries that this process has claimed as they are now."""

    def __init__(
        self,
        client: CommunicationClient,
        settings: NotifierSettings,
        circuit: Circuit,
        look: Callable[[Sequence[UUID]], Awaitable[list[Checked]]],
    ) -> None:
        self._client = client
        self._circuit = circuit
        self._look = look
        self._delays = Delays(
            timedelta(seconds=settings.retry_first),
            timedelta(seconds=settings.retry_next),
            settings.retry_max_attempts,
        )
        self._quick_tries: AsyncRetrying = AsyncRetrying(
            stop=stop_after_attempt(settings.quick_tries),
            wait=wait_exponential(multiplier=1, min=settings.quick_wait_min, max=settings.quick_wait_max),
            retry=retry_if_result(self._is_worth_another_try),
            retry_error_callback=_last_result,
        )

    async def attempt(self, looked: Checked) -> Result:
        """Deliver, unless a check objects.

        Repeat a failed call within seconds, while the breaker is closed.
        """
        return result_of(looked, await self.deliver(looked, self._checked))

    async def deliver(self, looked: Checked, before: Before) -> Conclusion | NotCalled:
        """Return the conclusion of one attempt, with other checks before each call."""
        found = await before(looked)
        if not isinstance(found, Checked):
            return found
        if not self._circuit.closed:
            return NotCalled()
        failure = await self._call(found)
        if not self._is_worth_another_try(failure):
            return self._conclusion(found.delivery, failure)
        return await self._try_again(found, failure, before)

    async def probe(self, looked: Checked) -> Result:
        """Make one call while the breaker is half-open.

        A failure of the service is not counted as an attempt.
        """
        found = checked(looked, clock.now())
        if not isinstance(found, Checked):
            return result_of(looked, found)
        failure = await self._call(looked)
        if failure is not None and failure.outage:
            now, step = clock.now(), PutBack(looked.delivery.attempts, failure.reason)
            return result_of(looked, Conclusion(step, now, due=now + self._delays.first, outage=True))
        return result_of(looked, self._conclusion(looked.delivery, failure))

    async def _try_again(
        self, looked: Checked, first: Failure | None, before: Before
    ) -> Conclusion | NotCalled:
        """Make the quick tries, of which the first was made already.

        The checks come before each: within seconds the appointment may be cancelled, and its recipients
        notified.
        """
        made = [first]

        async def call() -> Failure | Conclusion | NotCalled | None:
            nonlocal looked
            if made:
                return made.pop()
            found = await before(looked)
            if not isinstance(found, Checked):
                return found
            looked = found
            return await self._call(looked)

        outcome: Failure | Conclusion | NotCalled | None = await self._quick_tries.copy()(call)
        if isinstance(outcome, Conclusion | NotCalled):
            return outcome
        return self._conclusion(looked.delivery, outcome)

    async def _checked(self, looked: Checked) -> Checked | Conclusion | NotCalled:
        [looked] = await self.fresh([looked])
        return checked(looked, clock.now())

    async def fresh(self, looked: list[Checked]) -> list[Checked]:
        """Return the deliveries, loaded anew if they waited: behind slow calls, or for another try."""
        if time.monotonic() - looked[0].at < FRESH_SECONDS:
            return looked
        return await self._look([item.delivery.id for item in looked])

    def _is_worth_another_try(self, result: object) -> bool:
        return isinstance(result, Failure) and quickly(result) and self._circuit.closed

    async def _call(self, looked: Checked) -> Failure | None:
        delivery = looked.delivery
        origin = Origin(
            delivery.organization_id, delivery.actor, delivery.correlation_id, delivery.traceparent
        )
        metrics.IN_FLIGHT.inc()
        started = time.perf_counter()
        try:
            failure = await self._client.send(delivery.id, body_of(looked, clock.now()), origin)
        except (
            Exception
        ) as error:  # our fault: one odd delivery must not open the breaker nor stop the others
            log.exception("a call could not be made", delivery=str(delivery.id))
            return Failure(
                one_line(f"{type(error).__name__}: {error}", 200),
                retry_after=self._delays.first.total_seconds(),
            )
        finally:
            metrics.IN_FLIGHT.dec()
        metrics.CALL_SECONDS.observe(time.perf_counter() - started)
        if failure is not None:
            metrics.FAILURES.labels(str(failure.status or 0)).inc()
        self._circuit.note(failure)
        return failure

    def _conclusion(self, delivery: Delivery, failure: Failure | None) -> Conclusion:
        """Return the conclusion from the last call of an attempt."""
        now, attempts = clock.now(), delivery.attempts + 1
        if failure is None:
            return Conclusion(Accept(attempts), now)
        due = next_attempt_at(failure, attempts, now, random(), self._delays)  # noqa: S311
        if due is None:
            log.error("delivery given up", delivery=str(delivery.id), reason=failure.reason)
            error = f"HTTP {failure.status}" if failure.status else "NoAnswer"
            return Conclusion(GiveUp(attempts, failure.reason, failure.for_good), now, error)
        metrics.RETRIES.labels(delivery.channel).inc()
        log.warning(
            "delivery will be tried again", delivery=str(delivery.id), reason=failure.reason, due=str(due)
        )
        return Conclusion(PutBack(attempts, failure.reason), now, due=due, outage=failure.outage)


def _last_result(state: RetryCallState) -> object:
    """Return the result of the last quick try, instead of raising that the tries are used up."""
    return state.outcome.result() if state.outcome else None
