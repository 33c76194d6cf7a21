"""Recipients whose messages do not arrive, as configured at the sandbox."""

from deploy.local.communication.payloads import Bounces
from deploy.local.identity.people import person_id

DELIVERED = "delivered"


def outcome_for(bounces: Bounces | None, recipient: str, channel: str) -> str:
    """Return `delivered`, `bounced` or `failed`; a recipient is known by id or by a sample person's e-mail
    address.
    """
    if bounces is None or (bounces.channels is not None and channel not in bounces.channels):
        return DELIVERED
    for named in bounces.recipients:
        if recipient.lower() in (named.lower(), person_id(named) if "@" in named else ""):
            return bounces.outcome
    return DELIVERED


def worst(outcomes: list[str]) -> str:
    """Return the one outcome of a message with several recipients or channels."""
    return next((bad for bad in ("bounced", "failed") if bad in outcomes), DELIVERED)
