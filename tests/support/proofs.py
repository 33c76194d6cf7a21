"""Commands about addresses of calendars, as the ingress proves them."""

import os
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.feeds import proof_of

FEED_SECRET = os.environ.setdefault("FEED_SECRET", "what only the ingress and booking know in these tests")


def proven(
    kind: str, body: Any, command: UUID, organization: UUID, actor: UUID | str, at: datetime | None = None
) -> Any:
    """The body, with a proof if a command of this kind needs one and it has none."""
    if kind != "feed.set" or not isinstance(body, dict) or "proof" in body or "token_hash" not in body:
        return body
    at = at or datetime.now(UTC)
    owner = UUID(str(body.get("user_id") or actor))
    proof = proof_of(FEED_SECRET, command, organization, owner, body["token_hash"], at)
    return body | {"signed_at": at.isoformat(), "proof": proof}
