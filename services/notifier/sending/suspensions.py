"""Suspend the channels whose address bounced, and restore them when their owner changes their preferences."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID, uuid5

import orjson

from chassis.database.transactions import Transaction
from contracts import topics
from contracts.envelope import Envelope, Message, rfc3339
from services.notifier import metrics
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.suspensions import SUSPENDABLE
from services.notifier.messages.outcomes import SOURCE
from services.notifier.store import suspensions
from services.notifier.store.suspensions import Suspension


async def suspend(tx: Transaction, ended: Sequence[Delivery], now: datetime) -> list[Message]:
    """Suspend the channels of deliveries that bounced; return an event for each that was in use until now."""
    bounced = [item for item in ended if item.state == "bounced" and item.channel in SUSPENDABLE]
    return [_event(item, now) for item in await suspensions.suspend(tx, bounced, now)]


async def restore(tx: Transaction, channels: Collection[tuple[UUID, str]], now: datetime) -> list[Message]:
    """Restore these channels of these people; return an event for each that was suspended."""
    return [_event(item, now) for item in await suspensions.restore(tx, channels, now)]


def _event(item: Suspension, at: datetime) -> Message:
    """Return `channel.suspended` or `channel.restored`."""
    change = "suspended" if item.restored_at is None else "restored"
    metrics.SUSPENSIONS.labels(change, item.channel).inc()
    headers = Envelope(
        id=uuid5(item.user_id, f"{item.channel}/{item.version}"),
        type=f"channel.{change}",
        source=SOURCE,
        subject=str(item.user_id),
        time=at,
        organization=item.organization_id,
        actor="service:notifier" if item.restored_at is None else str(item.user_id),
    )
    body = {
        "user_id": str(item.user_id),
        "channel": item.channel,
        "version": item.version,
        "since": rfc3339(item.since),
        "reason": item.reason,
        "notification_id": str(item.notification_id),
        "restored_at": rfc3339(item.restored_at) if item.restored_at else None,
    }
    return headers.message(topics.NOTIFIER_EVENTS.name, orjson.dumps(body))
