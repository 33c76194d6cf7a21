"""Proofs that a command about an address is the ingress's own: whoever may write commands cannot make them."""

from dataclasses import replace

from contracts.feeds import is_proven
from services.booking.domain.model.commands import Command, SetFeed
from services.booking.domain.model.decision import Refusal
from services.booking.messages.commands import Received


def proven(received: Received, secret: str) -> Command | Refusal:
    """Return the command, marked if it has the proof that it needs."""
    command = received.command
    if not isinstance(command, SetFeed) or command.owner is None or command.signed_at is None:
        return command
    good = is_proven(
        secret,
        command.proof,
        received.id,
        command.organization,
        command.owner,
        command.token_hash,
        command.signed_at,
    )
    return replace(command, proven=good)
