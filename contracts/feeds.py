"""The secret address at which a person's calendar can be subscribed to.

The address itself is never in a message: only its sha256 travels, so that nobody who reads the log can read a calendar.
"""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.fields import CommandBody, EventBody

TokenHash = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""sha256 of the secret in the address, in hexadecimal digits."""


class SetFeed(CommandBody):
    """Give the actor's calendar this secret address instead of any other; null: none."""

    token_hash: TokenHash | None


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
