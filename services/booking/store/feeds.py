"""SQL of feeds; runs only where a batch changes one."""

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.booking.domain.model.feed import Feed, Feeds

_FEEDS = text("""
    SELECT user_id, organization_id, version, token_hash FROM feeds WHERE user_id = ANY(CAST(:users AS uuid[]))
""")


async def load_feeds(tx: Transaction, users: Collection[UUID]) -> Feeds:
    """Return the feeds of these people."""
    if not users:
        return Feeds()
    return Feeds(Feed(*row) for row in await tx.execute(_FEEDS, {"users": list(users)}))


_KEEP = text("""
    INSERT INTO feeds (user_id, organization_id, version, token_hash)
    SELECT * FROM unnest(CAST(:users AS uuid[]), CAST(:organizations AS uuid[]), CAST(:versions AS int[]),
                         CAST(:hashes AS text[]))
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, token_hash = excluded.token_hash
""")


async def keep_feeds(tx: Transaction, changed: Sequence[Feed]) -> None:
    """Write feeds in id order, so that batches of two organizations cannot deadlock over a person who changed
    sides.
    """
    feeds = sorted(changed, key=lambda feed: feed.user_id)
    if feeds:
        await tx.execute(
            _KEEP,
            {
                "users": [feed.user_id for feed in feeds],
                "organizations": [feed.organization_id for feed in feeds],
                "versions": [feed.version for feed in feeds],
                "hashes": [feed.token_hash for feed in feeds],
            },
        )
