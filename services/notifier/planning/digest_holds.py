"""Of what was planned, what waits for its recipient's digest."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from chassis.database.transactions import Transaction
from notifications.preferences import IN_APP, NO_RULES, NOTHING_SAID, Organization, Preferences
from services.notifier.domain import digests as rules
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.digests import Message, Window
from services.notifier.store import digests
from services.notifier.store.digests import Row

Told = tuple[UUID, str]  # an event and the type of what is told of it: one message, on however many channels


@dataclass(frozen=True, slots=True)
class Wishes:
    """What people want, and their organizations; who has no entry never said anything. `suspended`: channels by person."""

    people: Mapping[UUID, Preferences]
    organizations: Mapping[UUID, Organization]
    suspended: Mapping[UUID, frozenset[str]]

    def of(self, delivery: Delivery) -> tuple[Preferences, Organization]:
        """The recipient's, and their organization's."""
        own = self.people.get(delivery.recipient_id, NOTHING_SAID)
        return own, self.organizations.get(delivery.organization_id, NO_RULES)


async def hold_back(
    tx: Transaction, planned: Sequence[Delivery], wishes: Wishes, threshold: int, now: datetime
) -> dict[UUID, UUID]:
    """Mark what waits for a digest as held; returns the digest's id by the delivery's.

    That is what goes to people who switched a digest on, and of the others what is beyond `threshold` messages a day.
    """
    normal = [item for item in planned if item.priority != "high" and item.channel != IN_APP]
    if not normal:
        return {}
    late = await _beyond(tx, normal, wishes, threshold, now)
    candidates = [
        item
        for item in normal
        if (item.event_id, item.type) in late.get(item.recipient_id, ()) or rules.is_chosen(*wishes.of(item))
    ]
    if not candidates:
        return {}
    since = now.date() - timedelta(days=1)  # the day before in UTC is today in some places
    closed = await digests.closed(tx, {item.recipient_id for item in candidates}, since)
    found = [
        (item, window)
        for item in candidates
        if (
            window := rules.window_for(
                message_of(item),
                *wishes.of(item),
                now,
                closed.get(item.recipient_id, ()),
                wishes.suspended.get(item.recipient_id, ()),
            )
        )
    ]
    wanted = (_row(item, window, wishes) for item, window in found)
    is_open = await digests.open_for(tx, list({row.id: row for row in wanted}.values()))
    return {
        item.id: identifier
        for item, window in found
        if (identifier := rules.digest_id(item.recipient_id, window.day)) in is_open and _held(item, window)
    }


def message_of(delivery: Delivery) -> Message:
    """What the rules look at."""
    return Message(
        delivery.type,
        delivery.channel,
        delivery.priority,
        delivery.timezone,
        delivery.starts_at,
        delivery.expires_at,
    )


async def _beyond(
    tx: Transaction, normal: Sequence[Delivery], wishes: Wishes, threshold: int, now: datetime
) -> dict[UUID, set[Told]]:
    """Count these messages, and find those that are beyond the threshold of their day, the last ones first."""
    if not threshold:
        return {}
    days: dict[UUID, date] = {}
    messages: dict[UUID, dict[Told, None]] = {}
    for item in normal:
        days.setdefault(item.recipient_id, rules.day_of(now, *wishes.of(item), item.timezone))
        messages.setdefault(item.recipient_id, {})[item.event_id, item.type] = None
    more = Counter({(user, days[user]): len(told) for user, told in messages.items()})
    told = await digests.count(tx, more)
    return {
        user: set(list(messages[user])[len(messages[user]) - late :])
        for (user, day), total in told.items()
        if (late := rules.beyond(total, more[user, day], threshold))
    }


def _row(item: Delivery, window: Window, wishes: Wishes) -> Row:
    return Row(
        id=rules.digest_id(item.recipient_id, window.day),
        organization_id=item.organization_id,
        user_id=item.recipient_id,
        day=window.day,
        timezone=item.timezone,
        by_choice=rules.is_chosen(*wishes.of(item)),
        due_at=window.due,
    )


def _held(item: Delivery, window: Window) -> bool:
    item.state, item.held_until, item.reason = "held", window.due, window.reason
    return True
