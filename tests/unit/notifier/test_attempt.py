"""A change of the appointment while a call waits, or is tried again, is seen before the next call."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest

from chassis.health import Health
from services.notifier.domain.retry import Failure
from services.notifier.domain.staleness import Current
from services.notifier.sending.attempt import FRESH_SECONDS, Attempts
from services.notifier.sending.circuit import Circuit
from services.notifier.sending.completion import Ended
from services.notifier.settings import NotifierSettings
from services.notifier.store.checked import Checked
from services.notifier.store.queue import Later
from tests.unit.notifier.builders import MONDAY_9
from tests.unit.notifier.test_content import a_reminder_for_ben

CANCELLED = Current(version=2, moved_in=0, status="cancelled", end=MONDAY_9, involved=True)
ILL, BUSY = Failure("HTTP 500", 500), Failure("HTTP 429", 429, retry_after=1)


@dataclass
class Slow:
    """A Communication Service whose every call outlasts the last look, and what is then known of the appointment."""

    looked: Checked
    answers: list[Failure | None]
    calls: int = 0
    looks: list[UUID] = field(default_factory=list)

    async def send(self, *_: Any) -> Failure | None:
        self.calls += 1
        self.looked.at -= FRESH_SECONDS
        return self.answers.pop(0)

    async def look(self, ids: Sequence[UUID]) -> list[Checked]:
        self.looks += ids
        return [replace(self.looked, current=CANCELLED)]

    def caller(self) -> Attempts:
        settings = NotifierSettings(quick_wait_min=0, quick_wait_max=0)
        circuit = Circuit(settings.breaker_threshold, settings.breaker_recovery, Health("notifier"))
        return Attempts(self, settings, circuit, self.look)  # type: ignore[arg-type]


async def test_what_is_cancelled_between_two_tries_is_not_sent() -> None:
    service = Slow(a_reminder_for_ben(), [ILL, None])
    result = await service.caller().attempt(service.looked)
    assert isinstance(result, Ended)
    assert (result.delivery.state, result.delivery.reason) == ("expired", "the appointment was cancelled")
    assert service.calls == 1


async def test_what_is_cancelled_while_it_waits_for_its_turn_is_not_sent() -> None:
    service = Slow(a_reminder_for_ben(), [None])
    service.looked.at -= FRESH_SECONDS
    result = await service.caller().attempt(service.looked)
    assert isinstance(result, Ended)
    assert (result.delivery.state, service.calls) == ("expired", 0)


@pytest.mark.parametrize(
    ("answer", "state"), [pytest.param(None, "sent", id="sent"), pytest.param(BUSY, "retrying", id="later")]
)
async def test_what_was_just_looked_at_is_called_for_at_once(answer: Failure | None, state: str) -> None:
    service = Slow(a_reminder_for_ben(), [answer])
    service.looked = replace(service.looked, delivery=service.looked.delivery._replace(attempts=0))
    result = await service.caller().attempt(service.looked)
    assert isinstance(result, Ended | Later)
    assert (result.delivery.state, service.calls, service.looks) == (state, 1, [])
