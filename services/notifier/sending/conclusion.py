"""The conclusion of an attempt, and the result that it has for each delivery concerned."""

from dataclasses import dataclass
from datetime import datetime

from chassis import telemetry
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.transitions import WAITING, PutBack, SetAside, Step, transition
from services.notifier.sending.checks import objection
from services.notifier.sending.completion import Ended
from services.notifier.store.checked import Checked
from services.notifier.store.queue import Held, Later

log = telemetry.get_logger()


@dataclass(frozen=True, slots=True)
class Untried:
    """A delivery for which no call was made, because the breaker is open or a report has ended it."""

    looked: Checked


Result = Ended | Later | Held | Untried


@dataclass(frozen=True, slots=True)
class Conclusion:
    """The step that deliveries take at `at`.

    `error`: name of the error in their dead letters; None: no dead letter.

    `due`: time of the next attempt after `PutBack`. `outage`: the attempt failed only because the service was
    down.
    """

    step: Step
    at: datetime
    error: str | None = None
    due: datetime | None = None
    outage: bool = False


@dataclass(frozen=True, slots=True)
class NotCalled:
    """No call was made and no check objects: the breaker is open, or a report has ended the delivery."""


def checked(looked: Checked, now: datetime) -> Checked | Conclusion | NotCalled:
    """Return the delivery if it may be called for now, or else the conclusion."""
    if looked.delivery.state not in WAITING:  # a report was faster
        return NotCalled()
    step = objection(looked, now)
    if step is None:
        return looked
    if not isinstance(step, SetAside):
        return Conclusion(step, now)
    log.error("delivery not sent", delivery=str(looked.delivery.id), reason=step.reason)
    return Conclusion(step, now, "MissingVariables")


def result_of(looked: Checked, conclusion: Conclusion | NotCalled) -> Result:
    """Return the result for one delivery, which its own report may have ended during a group call."""
    before = looked.delivery
    if isinstance(conclusion, NotCalled) or before.state not in WAITING:
        return Untried(looked)
    step = conclusion.step
    delivery = transition(before, step, conclusion.at)
    if isinstance(step, Hold):
        return Held(delivery, announced=before.state == "held" and before.held_until == step.until)
    if isinstance(step, PutBack) and conclusion.due:
        return Later(delivery, conclusion.due, conclusion.outage)
    return Ended(delivery, conclusion.error)
