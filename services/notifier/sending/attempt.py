"""One attempt to deliver: the look before the call, the call, the quick tries, and the circuit breaker around them."""

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import random
from uuid import UUID

from tenacity import AsyncRetrying, RetryCallState, retry_if_result, stop_after_attempt, wait_exponential

from chassis import clock, telemetry
from notifications.rules import decide
from services.notifier import metrics
from services.notifier.clients.communication import CommunicationClient, Origin
from services.notifier.domain.breaker import Breaker
from services.notifier.domain.quiet_hold import Waiting, hold
from services.notifier.domain.retry import Delays, Failure, next_attempt_at, quickly
from services.notifier.domain.staleness import obsolete_because
from services.notifier.domain.text import one_line
from services.notifier.sending.completion import Ended
from services.notifier.sending.content import body_of, holes
from services.notifier.settings import NotifierSettings
from services.notifier.store.queue import Checked, Held, Later

log = telemetry.get_logger()

FRESH_SECONDS = 1.0  # what was looked at longer ago is looked at anew before the call


@dataclass(frozen=True, slots=True)
class Untried:
    """A delivery that was not called for: the breaker had opened meanwhile."""

    looked: Checked


Result = Ended | Later | Held | Untried
Before = Callable[[Checked], Awaitable[Checked | Ended | Held]]
"""The look before a call: what to call for, as it is now, or what becomes of it instead."""


class Attempts:
    """Calls for deliveries. `changed` is told of each new state of the breaker; `look` tells how deliveries stand now."""

    def __init__(
        self,
        client: CommunicationClient,
        settings: NotifierSettings,
        changed: Callable[[Breaker, str], None],
        look: Callable[[Sequence[UUID]], Awaitable[list[Checked]]],
    ) -> None:
        self._client = client
        self._changed = changed
        self._look = look
        self.breaker = Breaker(settings.breaker_threshold, settings.breaker_recovery)
        self._delays = Delays(
            timedelta(seconds=settings.retry_first),
            timedelta(seconds=settings.retry_next),
            settings.retry_max_attempts,
        )
        self._quick_tries: AsyncRetrying = AsyncRetrying(
            stop=stop_after_attempt(settings.quick_tries),
            wait=wait_exponential(multiplier=1, min=settings.quick_wait_min, max=settings.quick_wait_max),
            retry=retry_if_result(self._worth_another_try),
            retry_error_callback=_last_result,
        )

    async def attempt(self, looked: Checked) -> Result:
        """Deliver unless it has lost its use or waits; a call that fails is tried again within seconds, while the breaker lets us."""
        return await self.deliver(looked, self._still_wanted)

    async def deliver(self, looked: Checked, before: Before) -> Result:
        """The same with another look before each call."""
        found = await before(looked)
        if not isinstance(found, Checked):
            return found
        if not self.breaker.closed:
            return Untried(found)
        failure = await self._call(found)
        if not self._worth_another_try(failure):
            return self._result(found, failure)
        return await self._try_again(found, failure, before)

    async def probe(self, looked: Checked) -> Result:
        """Try the water with a single call. Failing here is the service's fault and does not count for the delivery."""
        if result := not_sent(looked, clock.now()):
            return result
        failure = await self._call(looked)
        if failure is not None and failure.outage:
            looked.delivery.reason = failure.reason
            return Later(looked.delivery, clock.now() + self._delays.first, outage=True)
        return self._result(looked, failure)

    def note(self, failure: Failure | None) -> None:
        """Let the breaker know how a call ended. Any answer but an error of the service itself is a sign of life."""
        before = self.breaker
        if failure is not None and failure.outage:
            self.breaker = before.failed(time.monotonic())
        else:
            self.breaker = before.succeeded()
        if self.breaker.state != before.state:
            self._changed(self.breaker, failure.reason if failure else "")

    async def _try_again(self, looked: Checked, first: Failure | None, before: Before) -> Result:
        """The quick tries; the first was made already, and only its failure is worth their machinery.

        Each looks before it calls: within seconds the appointment may be cancelled, and its recipients told so.
        """
        made = [first]

        async def call() -> Failure | Ended | Held | None:
            nonlocal looked
            if made:
                return made.pop()
            found = await before(looked)
            if not isinstance(found, Checked):
                return found
            looked = found
            return await self._call(looked)

        outcome: Failure | Ended | Held | None = await self._quick_tries.copy()(call)
        return outcome if isinstance(outcome, Ended | Held) else self._result(looked, outcome)

    async def _still_wanted(self, looked: Checked) -> Checked | Ended | Held:
        [looked] = await self.fresh([looked])
        return not_sent(looked, clock.now()) or looked

    async def fresh(self, looked: list[Checked]) -> list[Checked]:
        """The same, looked at anew if that was a while ago: they waited behind calls that took long, or for another try."""
        if time.monotonic() - looked[0].at < FRESH_SECONDS:
            return looked
        return await self._look([item.delivery.id for item in looked])

    def _worth_another_try(self, result: Failure | Ended | Held | None) -> bool:
        return isinstance(result, Failure) and quickly(result) and self.breaker.closed

    async def _call(self, looked: Checked) -> Failure | None:
        delivery = looked.delivery
        origin = Origin(
            delivery.organization_id, delivery.actor, delivery.correlation_id, delivery.traceparent
        )
        metrics.IN_FLIGHT.inc()
        started = time.perf_counter()
        try:
            failure = await self._client.send(delivery.id, body_of(looked, clock.now()), origin)
        except Exception as error:  # ours, not the service's: one odd delivery must neither open the breaker nor stop the rest
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
        self.note(failure)
        return failure

    def _result(self, looked: Checked, failure: Failure | None) -> Result:
        delivery, now = looked.delivery, clock.now()
        delivery.attempts += 1
        delivery.reason = failure.reason if failure else None
        if failure is None:
            delivery.state, delivery.sent_at = "sent", now
            return Ended(delivery)
        due = next_attempt_at(failure, delivery.attempts, now, random(), self._delays)  # noqa: S311
        if due is None:
            delivery.state = "dead_lettered" if failure.for_good else "failed"
            log.error("delivery given up", delivery=str(delivery.id), reason=failure.reason)
            return Ended(delivery, f"HTTP {failure.status}" if failure.status else "NoAnswer")
        metrics.RETRIES.labels(delivery.channel).inc()
        log.warning(
            "delivery will be tried again", delivery=str(delivery.id), reason=failure.reason, due=str(due)
        )
        return Later(delivery, due, failure.outage)


def not_sent(looked: Checked, now: datetime) -> Ended | Held | None:
    """What becomes of a delivery that must not be sent, or not yet; None: call.

    It has lost its use, or waits, or its text would have a hole.
    """
    if reason := obsolete(looked, now):
        return expired(looked, reason)
    delivery = looked.delivery
    if reason := called_off(looked):
        return expired(looked, reason)
    if held := held_back(looked, now):
        return held
    names = holes(looked)
    if not names:
        return None
    delivery.state = "dead_lettered"
    delivery.reason = f"{delivery.template_id} lacks {', '.join(names)}"
    log.error("delivery not sent", delivery=str(delivery.id), reason=delivery.reason)
    return Ended(delivery, "MissingVariables")


def called_off(looked: Checked) -> str | None:
    """Why a delivery that waited is not wanted any more: its channel was switched off or suspended; else None."""
    delivery = looked.delivery
    if delivery.state != "held":
        return None
    if reason := bounced(looked):
        return reason
    decision = decide(delivery.type, delivery.channel, looked.own, looked.organization)
    return None if decision.on else decision.reason


def bounced(looked: Checked) -> str | None:
    """Why a delivery that waited cannot arrive any more, or None."""
    return "the address of the channel bounced" if looked.suspended else None


def held_back(looked: Checked, now: datetime) -> Held | None:
    """The delivery with the time until which it waits, or None."""
    delivery = looked.delivery
    waiting = Waiting(
        delivery.channel, delivery.priority, delivery.timezone, delivery.starts_at, delivery.expires_at
    )
    held = hold(waiting, looked.own, looked.organization, now)
    if held is None:
        return None
    told = delivery.state == "held" and delivery.held_until == held.until
    delivery.state, delivery.held_until, delivery.reason = "held", held.until, held.reason
    return Held(delivery, told)


def obsolete(looked: Checked, now: datetime) -> str | None:
    """Why this delivery is not sent any more, or None."""
    delivery = looked.delivery
    return obsolete_because(delivery.type, delivery.version, delivery.expires_at, looked.current, now)


def expired(looked: Checked, reason: str) -> Ended:
    """The end of a delivery that has lost its use."""
    looked.delivery.state, looked.delivery.reason = "expired", reason
    return Ended(looked.delivery)


def _last_result(state: RetryCallState) -> Failure | Ended | Held | None:
    """What the last of the quick tries said, instead of an exception."""
    result: Failure | Ended | Held | None = state.outcome.result() if state.outcome else None
    return result
