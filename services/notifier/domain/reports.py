"""What a delivery report of the Communication Service changes."""

from typing import Literal

Outcome = Literal["delivered", "failed", "bounced"]

# Reports speak of what was sent; one may overtake the answer of the call itself, so what is under way counts, too.
_OPEN = frozenset(("planned", "held", "retrying", "sent"))


def state_after(state: str, reported: Outcome) -> str | None:
    """The delivery's new state, or None when the report changes nothing (it was told before, or comes too late).

    What we gave up on may have arrived all the same: then it is delivered. A mail server may send back what it took
    before: a bounce is the last word.
    """
    if state in _OPEN:
        return reported
    changes = {"failed": ("delivered", "bounced"), "delivered": ("bounced",)}
    return reported if reported in changes.get(state, ()) else None
