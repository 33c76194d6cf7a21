"""Hold planned deliveries for their recipients' digests."""

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
from services.notifier.domain.quiet_hold import Hold
from services.notifier.domain.transitions import transition
from services.notifier.store import digests
from services.notifier.store.digests import Row

Notified = tuple[UUID, str]  # an event and a type of notification: one message, on however many channels


@dataclass(frozen=True, slots=True)
class PreferencesOf:
    """The preferences of people and of organizations that ever set any. `suspended`: channels by person."""

    people: Mapping[UUID, Preferences]
    organizations: Mapping[UUID, Organization]
    suspended: Mapping[UUID, frozenset[str]]

    def of(self, delivery: Delivery) -> tuple[Preferences, Organization]:
        """Return the preferences of the recipient and of their organization."""
        own = self.people.get(delivery.recipient_id, NOTHING_SAID)
        return own, self.organizations.get(delivery.organization_id, NO_RULES)


@dataclass(frozen=True, slots=True)
class Held:
    """A delivery that is held for a digest."""

    delivery: Delivery
    digest_id: UUID


async def hold_back(
    tx: Transaction, planned: Sequence[Delivery], wanted: PreferencesOf, threshold: int, now: datetime
) -> dict[UUID, Held]:
    """Return the deliveries that wait for a digest, by their id.

    They are the deliveries to people with digests switched on, and the deliveries to other people beyond
    `threshold` messages a day.
    """
    normal = [item for item in planned if item.priority != "high" and item.channel != IN_APP]
    if not normal:
        return {}
    late = await _beyond(tx, normal, wanted, threshold, now)
    candidates = [
        item
        for item in normal
        if (item.event_id, item.type) in late.get(item.recipient_id, ()) or rules.is_chosen(*wanted.of(item))
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
                *wanted.of(item),
                now,
                closed.get(item.recipient_id, ()),
                wanted.suspended.get(item.recipient_id, ()),
            )
        )
    ]
    rows = (_row(item, window, wanted) for item, window in found)
    is_open = await digests.open_for(tx, list({row.id: row for row in rows}.values()))
    return {
        item.id: Held(transition(item, Hold(window.due, window.reason), now), identifier)
        for item, window in found
        if (identifier := rules.digest_id(item.recipient_id, window.day)) in is_open
    }


def message_of(delivery: Delivery) -> Message:
    """Return the part of a delivery that the rules of digests depend on."""
    return Message(
        delivery.type,
        delivery.channel,
        delivery.priority,
        delivery.timezone,
        delivery.starts_at,
        delivery.expires_at,
    )


async def _beyond(
    tx: Transaction, normal: Sequence[Delivery], wanted: PreferencesOf, threshold: int, now: datetime
) -> dict[UUID, set[Notified]]:
    """Count these messages; return, by person, those beyond the threshold of their day: the last ones."""
    if not threshold:
        return {}
    days: dict[UUID, date] = {}
    messages: dict[UUID, dict[Notified, None]] = {}
    for item in normal:
        days.setdefault(item.recipient_id, rules.day_of(now, *wanted.of(item), item.timezone))
        messages.setdefault(item.recipient_id, {})[item.event_id, item.type] = None
    more = Counter({(user, days[user]): len(found) for user, found in messages.items()})
    totals = await digests.count(tx, more)
    return {
        user: set(list(messages[user])[len(messages[user]) - late :])
        for (user, day), total in totals.items()
        if (late := rules.beyond(total, more[user, day], threshold))
    }


def _row(item: Delivery, window: Window, wanted: PreferencesOf) -> Row:
    return Row(
        id=rules.digest_id(item.recipient_id, window.day),
        organization_id=item.organization_id,
        user_id=item.recipient_id,
        day=window.day,
        timezone=item.timezone,
        by_choice=rules.is_chosen(*wanted.of(item)),
        due_at=window.due,
    )
