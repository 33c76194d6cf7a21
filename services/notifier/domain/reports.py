"""The effect of a delivery report on the state of its delivery."""

from typing import Literal

from services.notifier.domain.delivery import State

Outcome = Literal["delivered", "failed", "bounced"]

# Reports are about messages that were sent. One may arrive before the answer to the call itself, so
# deliveries under way count, too.
_OPEN: frozenset[State] = frozenset(("planned", "held", "retrying", "sent"))


def state_after(state: State, reported: Outcome) -> State | None:
    """Return the delivery's new state, or None if the report changes nothing: a duplicate, or too late.

    A message that was given up may have arrived all the same, and is then delivered. A mail server may return
    a message that it accepted before, so a bounce is final.
    """
    if state in _OPEN:
        return reported
    changes = {"failed": ("delivered", "bounced"), "delivered": ("bounced",)}
    return reported if reported in changes.get(state, ()) else None
