"""SQL of subscribed calendars; runs only where a batch needs one."""

from collections.abc import Collection, Sequence
from uuid import UUID

import orjson
from sqlalchemy import text

from chassis.database.transactions import Transaction
from services.booking.domain.model.subscriptions import AllSubscriptions, Subscriptions

_OF_PEOPLE = text("""
    SELECT user_id, organization_id, version, CAST(body AS text) FROM calendar_subscriptions
    WHERE user_id = ANY(CAST(:users AS uuid[]))
""")
_COUNTS = text("""
    SELECT organization_id, sum(number) FROM calendar_subscriptions
    WHERE organization_id = ANY(CAST(:organizations AS uuid[])) AND number > 0 GROUP BY organization_id
""")


async def load_subscriptions(
    tx: Transaction, users: Collection[UUID], organizations: Collection[UUID]
) -> AllSubscriptions:
    """Return the subscribed calendars of these people, and how many there are in these organizations."""
    if not users:
        return AllSubscriptions()
    counts = await tx.execute(_COUNTS, {"organizations": list(organizations)})
    found = [
        Subscriptions(user, organization, version, tuple(orjson.loads(body)))
        for user, organization, version, body in await tx.execute(_OF_PEOPLE, {"users": list(users)})
    ]
    return AllSubscriptions(found, {row[0]: int(row[1]) for row in counts})


_KEEP = text("""
    INSERT INTO calendar_subscriptions (user_id, organization_id, version, number, body)
    SELECT user_id, organization_id, version, number, CAST(body AS json)
    FROM unnest(CAST(:users AS uuid[]), CAST(:organizations AS uuid[]), CAST(:versions AS int[]),
                CAST(:numbers AS int[]), CAST(:bodies AS text[]))
        AS changed(user_id, organization_id, version, number, body)
    ON CONFLICT (user_id) DO UPDATE
    SET organization_id = excluded.organization_id, version = excluded.version, number = excluded.number,
        body = excluded.body
""")


async def keep_subscriptions(tx: Transaction, changed: Sequence[Subscriptions]) -> None:
    """Write subscribed calendars in id order, so that batches of two organizations cannot deadlock over a person."""
    found = sorted(changed, key=lambda one: one.user_id)
    if found:
        await tx.execute(
            _KEEP,
            {
                "users": [one.user_id for one in found],
                "organizations": [one.organization_id for one in found],
                "versions": [one.version for one in found],
                "numbers": [len(one.items) for one in found],
                "bodies": [orjson.dumps(one.items).decode() for one in found],
            },
        )
