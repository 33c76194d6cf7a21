"""The completion of deliveries: events, dead letters, fallbacks, and the contents of digests."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from chassis.database.transactions import Transaction
from chassis.dead_letters import unresolved
from contracts.envelope import Message
from notifications.preferences import NO_RULES, NOTHING_SAID
from services.notifier import metrics
from services.notifier.clients.communication import on_channel
from services.notifier.domain.channels import fallback_for
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.kinds import DIGEST
from services.notifier.domain.transitions import ShareDigest, fallback, next_state, transition
from services.notifier.messages import outgoing
from services.notifier.store import deliveries, digests, preferences, suspensions

LETTERS_OF = "notifier.deliveries"  # the metrics' name for dead letters of deliveries that were given up
FALLS_BACK = frozenset(("failed", "bounced", "dead_lettered"))


@dataclass(slots=True)
class Ended:
    """A delivery that came to an end. `error`: name of the error in its dead letter; None: no dead letter."""

    delivery: Delivery
    error: str | None = None


async def complete(tx: Transaction, ended: Sequence[Ended], now: datetime) -> list[Message]:
    """Return the messages to publish, after planning fallbacks and ending the contents of digests."""
    ended = [*ended, *await _contents(tx, [item.delivery for item in ended], now)]
    fallbacks = await _fall_back(
        tx, [item.delivery for item in ended if item.delivery.state in FALLS_BACK], now
    )
    given_up = [outgoing.letter_id(item.delivery) for item in ended if item.error is not None]
    await unresolved.note(tx, LETTERS_OF, given_up)
    messages: list[Message] = []
    for item in ended:
        delivery = item.delivery
        metrics.DELIVERIES.labels(delivery.state, delivery.channel).inc()
        messages.append(outgoing.event_of(delivery, now))
        if item.error is not None:
            messages.append(outgoing.dead_letter(delivery, item.error, now))
    return messages + [outgoing.planned(delivery) for delivery in fallbacks]


async def _contents(tx: Transaction, ended: Sequence[Delivery], now: datetime) -> list[Ended]:
    """Return the deliveries that these digests contain, which share the end of their digest."""
    digest_of = {item.id: item for item in ended if item.type == DIGEST.type}
    if not digest_of:
        return []
    shared = [
        transition(delivery, step, now)
        for identifier, day, delivery in await digests.contents(tx, list(digest_of))
        if next_state(delivery.state, step := ShareDigest(digest_of[identifier], day))
    ]
    if shared:
        await deliveries.settle(tx, shared)
    return [Ended(delivery) for delivery in shared]


async def _fall_back(tx: Transaction, given_up: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Plan each urgent delivery on its next channel; skip recipients already planned on that channel."""
    urgent = [item for item in given_up if item.priority == "high" and now < item.expires_at]
    if not urgent:
        return []
    people = await preferences.load(tx, {item.recipient_id for item in urgent})
    organizations = await preferences.organizations(tx, {item.organization_id for item in urgent})
    suspended = await suspensions.of(tx, {item.recipient_id for item in urgent})
    bodies = await deliveries.payloads(tx, [item.id for item in urgent])
    planned = []
    for item in urgent:
        channel = fallback_for(
            item.type,
            item.priority,
            item.channel,
            item.template_id,
            people.get(item.recipient_id, NOTHING_SAID),
            organizations.get(item.organization_id, NO_RULES),
            suspended.get(item.recipient_id, frozenset()),
        )
        if channel is not None and item.id in bodies:
            planned.append((fallback(item, channel, now), on_channel(bodies[item.id], channel)))
    fallbacks = await deliveries.plan(tx, planned, now)
    for delivery in fallbacks:
        metrics.FALLBACKS.labels(delivery.channel).inc()
    return fallbacks
