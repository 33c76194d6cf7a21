"""Hundreds of recipients in a few calls: which deliveries go together, who is in a call, and what its end means for each."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from chassis import clock
from chassis.database.transactions import Transaction
from services.notifier.clients.communication import to_many
from services.notifier.domain.delivery import Delivery
from services.notifier.sending.attempt import Attempts, Result, Untried, expired, not_sent, obsolete
from services.notifier.sending.completion import Ended
from services.notifier.store import calls
from services.notifier.store.queue import Checked, Claimed, Held, Later

FEWEST = 10  # fewer are called for one by one, each by name
MOST = 100  # recipients of a call


@dataclass(slots=True)
class Together:
    """A call for many. `lead`: as a delivery it has the call's id and payload; `members`: those claimed, one at least."""

    lead: Checked
    members: list[Checked]

    @property
    def delivery(self) -> Delivery:
        """The call as a delivery."""
        return self.lead.delivery


@dataclass(slots=True)
class Gathered:
    """What becomes of what was claimed: calls for one, calls for many, and what is not called for."""

    alone: list[Checked] = field(default_factory=list)
    together: list[Together] = field(default_factory=list)
    dropped: list[Result] = field(default_factory=list)


def bundles(planned: Iterable[tuple[Delivery, bytes]]) -> dict[UUID, UUID]:
    """By delivery, the bundle of those that may share a call: same event, type, channel, zone and words but for the name.

    What waits is in none, and what too few share neither.
    """
    alike: defaultdict[tuple[object, ...], list[tuple[Delivery, bytes]]] = defaultdict(list)
    for delivery, body in planned:
        if delivery.state == "planned":
            kind = (
                delivery.event_id,
                delivery.type,
                delivery.channel,
                delivery.timezone,
                delivery.expires_at,
            )
            alike[kind].append((delivery, body))
    found: defaultdict[UUID, list[UUID]] = defaultdict(list)
    for group in alike.values():
        if len(group) >= FEWEST:  # only then is it worth reading their words
            for delivery, body in group:
                found[_bundle(delivery, body)].append(delivery.id)
    return {identifier: bundle for bundle, ids in found.items() if len(ids) >= FEWEST for identifier in ids}


def _bundle(delivery: Delivery, body: bytes) -> UUID:
    words = hashlib.sha256(to_many(body, ())).hexdigest()
    return uuid5(
        delivery.event_id,
        f"{delivery.type}/{delivery.channel}/{delivery.timezone}/{delivery.expires_at.isoformat()}/{words}",
    )


def shares(bundle: UUID, members: Sequence[Checked]) -> list[tuple[UUID, list[Checked]]]:
    """The members in calls of at most MOST and of nearly the same size, each with its id."""
    ordered = sorted(members, key=lambda item: item.delivery.id)
    count = -(-len(ordered) // MOST)
    parts = [ordered[number::count] for number in range(count)]
    return [(uuid5(bundle, ",".join(str(item.delivery.id) for item in part)), part) for part in parts]


async def gather(
    tx: Transaction, lease: UUID, looked: Sequence[Checked], claimed: Sequence[Claimed], now: datetime
) -> Gathered:
    """Sort what was claimed into calls. Who is in a new call is decided here, by the look at each, and written down."""
    rows = {row.id: row for row in claimed if row.bundle}
    gathered = Gathered()
    fresh: defaultdict[UUID, list[Checked]] = defaultdict(list)
    frozen: defaultdict[UUID, list[Checked]] = defaultdict(list)
    for item in looked:
        row = rows.get(item.delivery.id)
        if row is None or row.bundle is None:
            gathered.alone.append(item)
        elif row.call is not None:
            frozen[row.call].append(item)
        elif result := not_sent(item, now):
            gathered.dropped.append(result)
        else:
            fresh[row.bundle].append(item)
    for call, part in await _freeze(tx, lease, fresh, gathered):
        frozen[call] += part
    if frozen:
        whom = await calls.recipients(tx, frozen)
        gathered.together = [_together(call, members, whom[call]) for call, members in frozen.items()]
    return gathered


async def _freeze(
    tx: Transaction, lease: UUID, fresh: dict[UUID, list[Checked]], gathered: Gathered
) -> list[tuple[UUID, list[Checked]]]:
    """New calls with their members; whoever is not ours any more is left to the one who has the lease."""
    asked = [part for bundle, members in fresh.items() for part in shares(bundle, members)]
    if not asked:
        return []
    ours = await calls.freeze(
        tx,
        lease,
        [(item.delivery.id, item.delivery.recipient_id, call) for call, part in asked for item in part],
    )
    parts = []
    for call, part in asked:
        gathered.dropped += [Untried(item) for item in part if item.delivery.id not in ours]
        if kept := [item for item in part if item.delivery.id in ours]:
            parts.append((call, kept))
    return parts


def _together(call: UUID, members: list[Checked], whom: Sequence[UUID]) -> Together:
    """All that the call was made for once, whoever of them is still waiting: the same key has the same bytes."""
    first = members[0]
    attempts = max(item.delivery.attempts for item in members)
    lead = replace(
        first, delivery=replace(first.delivery, id=call, attempts=attempts), body=to_many(first.body, whom)
    )
    return Together(lead, members)


async def attempt(caller: Attempts, together: Together) -> list[Result]:
    """Make the call, and let each member come as far as it. It goes out while a single one is of use."""

    async def before(lead: Checked) -> Checked | Ended:
        together.members = await caller.fresh(together.members)
        reasons = [obsolete(item, clock.now()) for item in together.members]
        return expired(lead, str(reasons[0])) if all(reasons) else lead

    result = await caller.deliver(together.lead, before)
    return [_like(result, together.delivery, item) for item in together.members]


def _like(result: Result, call: Delivery, member: Checked) -> Result:
    if isinstance(result, Untried):
        return Untried(member)
    delivery = member.delivery
    delivery.state, delivery.attempts, delivery.reason = call.state, call.attempts, call.reason
    delivery.sent_at = call.sent_at
    if isinstance(result, Later):
        return Later(delivery, result.due, result.outage)
    if isinstance(result, Held):
        return Held(delivery, result.told)
    return Ended(delivery, result.error)
