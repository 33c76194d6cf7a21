"""The secret address at which a person's calendar can be subscribed to.

The address itself is never in a message: only a keyed hash of it travels, so that nobody who reads the log can read a
calendar, and nobody who writes to it can make an address (ADR 32).
"""

import hmac
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.fields import CommandBody, EventBody, Instant

TokenHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""Keyed hash of the secret in the address, in hexadecimal digits."""


class SetFeed(CommandBody):
    """Give a calendar this secret address instead of any other; null: none. `user_id`: of a colleague, whose address an
    admin may revoke; by default the actor's own.

    `proof` shows that the ingress sent it: `proof_of` with the secret that only the ingress and booking have.
    """

    token_hash: TokenHash | None
    user_id: UUID | None = None
    signed_at: Instant | None = None
    proof: str | None = Field(None, max_length=64)


def proof_of(
    secret: str, command: UUID, organization: UUID, user: UUID, token_hash: str | None, at: datetime
) -> str:
    """Return the proof of a command about this person's address, signed at this instant."""
    signed = f"feed.set {command} {organization} {user} {token_hash or '-'} {at.astimezone(UTC).isoformat()}"
    return hmac.new(secret.encode(), signed.encode(), "sha256").hexdigest()


def is_proven(
    secret: str,
    proof: str | None,
    command: UUID,
    organization: UUID,
    user: UUID,
    token_hash: str | None,
    at: datetime,
) -> bool:
    """Return whether this is the proof of that command; never without a secret."""
    expected = proof_of(secret, command, organization, user, token_hash, at)
    return bool(secret and proof) and hmac.compare_digest(expected.encode(), (proof or "").encode())


class FeedChanged(EventBody):
    """Body of `feed.changed`: the only address that is good from now on; `version` counts a person's changes from 1."""

    user_id: UUID
    organization_id: UUID
    version: int = Field(ge=1)
    token_hash: str | None
    actor: str


EVENT_TYPES: dict[str, str] = {
    "feed.changed": "The secret address of a person's calendar was made, renewed or revoked.",
}
