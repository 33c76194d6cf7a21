"""Hundreds of recipients in a few calls: which deliveries go together, who is in a call, and what its end means for each."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID, uuid5

from chassis import clock
from chassis.database import Transaction
from services.notifier.calling import Caller
from services.notifier.client import to_many
from services.notifier.delivery import Delivery
from services.notifier.domain.transitions import WAITING
from services.notifier.sending.checks import obsolete
from services.notifier.sending.conclusion import Conclusion, NotCalled, Result, Untried, checked, result_of
from services.notifier.store import calls
from services.notifier.store.queue import Claimed, Looked

FEWEST = 10  # fewer are called for one by one, each by name
MOST = 100  # recipients of a call


@dataclass(slots=True)
class Together:
    """A call for many. `lead`: as a delivery it has the call's id and payload; `members`: those claimed, one at least."""

    lead: Looked
    members: list[Looked]

    @property
    def delivery(self) -> Delivery:
        """The call as a delivery."""
        return self.lead.delivery


@dataclass(slots=True)
class Gathered:
    """What becomes of what was claimed: calls for one, calls for many, and what is not called for."""

    alone: list[Looked] = field(default_factory=list)
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


def shares(bundle: UUID, members: Sequence[Looked]) -> list[tuple[UUID, list[Looked]]]:
    """The members in calls of at most MOST and of nearly the same size, each with its id."""
    ordered = sorted(members, key=lambda item: item.delivery.id)
    count = -(-len(ordered) // MOST)
    parts = [ordered[number::count] for number in range(count)]
    return [(uuid5(bundle, ",".join(str(item.delivery.id) for item in part)), part) for part in parts]


async def gather(
    tx: Transaction, lease: UUID, looked: Sequence[Looked], claimed: Sequence[Claimed], now: datetime
) -> Gathered:
    """Sort what was claimed into calls. Who is in a new call is decided here, by the look at each, and written down."""
    rows = {row.id: row for row in claimed if row.bundle}
    gathered = Gathered()
    fresh: defaultdict[UUID, list[Looked]] = defaultdict(list)
    frozen: defaultdict[UUID, list[Looked]] = defaultdict(list)
    for item in looked:
        row = rows.get(item.delivery.id)
        if row is None or row.bundle is None:
            gathered.alone.append(item)
        elif row.call is not None:
            frozen[row.call].append(item)
        elif isinstance(found := checked(item, now), Looked):
            fresh[row.bundle].append(item)
        else:
            gathered.dropped.append(result_of(item, found))
    for call, part in await _freeze(tx, lease, fresh, gathered):
        frozen[call] += part
    if frozen:
        whom = await calls.recipients(tx, frozen)
        gathered.together = [_together(call, members, whom[call]) for call, members in frozen.items()]
    return gathered


async def _freeze(
    tx: Transaction, lease: UUID, fresh: dict[UUID, list[Looked]], gathered: Gathered
) -> list[tuple[UUID, list[Looked]]]:
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


def _together(call: UUID, members: list[Looked], whom: Sequence[UUID]) -> Together:
    """All that the call was made for once, whoever of them is still waiting: the same key has the same bytes."""
    first = members[0]
    attempts = max(item.delivery.attempts for item in members)
    lead = replace(
        first, delivery=replace(first.delivery, id=call, attempts=attempts), body=to_many(first.body, whom)
    )
    return Together(lead, members)


async def attempt(caller: Caller, together: Together) -> list[Result]:
    """Make the call, and return the result for each member. The call is made as long as one member is not obsolete."""

    async def before(lead: Looked) -> Looked | Conclusion | NotCalled:
        together.members = await caller.fresh(together.members)
        now = clock.now()
        waiting = [item for item in together.members if item.delivery.state in WAITING]
        if not waiting:
            return NotCalled()
        ends = [end for item in waiting if (end := obsolete(item, now))]
        return Conclusion(ends[0], now) if len(ends) == len(waiting) else lead

    conclusion = await caller.deliver(together.lead, before)
    return [result_of(item, conclusion) for item in together.members]
