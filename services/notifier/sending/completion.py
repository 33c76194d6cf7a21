"""What follows when a delivery comes to an end: events, a dead letter, another channel."""

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
from services.notifier.domain.delivery import Delivery, fallback
from services.notifier.domain.kinds import DIGEST
from services.notifier.messages import outgoing
from services.notifier.store import deliveries, digests, preferences, suspensions

LETTERS_OF = "notifier.deliveries"  # what the metrics of dead letters call deliveries that were given up
GAVE_UP = frozenset(("failed", "bounced", "dead_lettered"))


@dataclass(slots=True)
class Ended:
    """A delivery in its new state. `error`: what to call the cause of its dead letter; None: it gets none."""

    delivery: Delivery
    error: str | None = None


async def tell(tx: Transaction, ended: Sequence[Ended], now: datetime) -> list[Message]:
    """The messages to publish; plans the channels to turn to instead, and ends what was in digests with them."""
    ended = [*ended, *await _contents(tx, [item.delivery for item in ended])]
    turned = await _turn(tx, [item.delivery for item in ended if item.delivery.state in GAVE_UP], now)
    given_up = [outgoing.letter_id(item.delivery) for item in ended if item.error is not None]
    await unresolved.note(tx, LETTERS_OF, given_up)
    messages: list[Message] = []
    for item in ended:
        delivery = item.delivery
        metrics.DELIVERIES.labels(delivery.state, delivery.channel).inc()
        messages.append(outgoing.event_of(delivery, now))
        if item.error is not None:
            messages.append(outgoing.dead_letter(delivery, item.error, now))
    return messages + [outgoing.planned(delivery) for delivery in turned]


async def _contents(tx: Transaction, ended: Sequence[Delivery]) -> list[Ended]:
    """What went out in these digests has come as far as they have."""
    gone = {item.id: item for item in ended if item.type == DIGEST.type}
    if not gone:
        return []
    found = await digests.contents(tx, list(gone))
    for identifier, day, delivery in found:
        digest, why = gone[identifier], f"in the digest of {day.isoformat()}"
        delivery.state, delivery.attempts, delivery.redrives = digest.state, digest.attempts, digest.redrives
        delivery.sent_at, delivery.delivered_at = digest.sent_at, digest.delivered_at
        delivery.reason = f"{why}: {digest.reason}" if digest.reason else why
    if found:
        await deliveries.settle(tx, [delivery for _, _, delivery in found])
    return [Ended(delivery) for _, _, delivery in found]


async def _turn(tx: Transaction, gave_up: Sequence[Delivery], now: datetime) -> list[Delivery]:
    """Plan each urgent one on its next channel; what is on that channel already is not planned twice."""
    urgent = [item for item in gave_up if item.priority == "high" and now < item.expires_at]
    if not urgent:
        return []
    wanted = await preferences.load(tx, {item.recipient_id for item in urgent})
    organizations = await preferences.organizations(tx, {item.organization_id for item in urgent})
    suspended = await suspensions.of(tx, {item.recipient_id for item in urgent})
    bodies = await deliveries.payloads(tx, [item.id for item in urgent])
    planned = []
    for item in urgent:
        own = wanted.get(item.recipient_id, NOTHING_SAID)
        organization = organizations.get(item.organization_id, NO_RULES)
        gone = suspended.get(item.recipient_id, frozenset())
        channel = fallback_for(
            item.type, item.priority, item.channel, item.template_id, own, organization, gone
        )
        if channel is not None and item.id in bodies:
            planned.append((fallback(item, channel, now), on_channel(bodies[item.id], channel)))
    turned = await deliveries.plan(tx, planned, now)
    for delivery in turned:
        metrics.FALLBACKS.labels(delivery.channel).inc()
    return turned
