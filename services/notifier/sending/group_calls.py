"""Group calls: hundreds of recipients of the same content in a few calls."""

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
from services.notifier.domain.transitions import WAITING
from services.notifier.sending.attempt import Attempts
from services.notifier.sending.checks import obsolete
from services.notifier.sending.conclusion import Conclusion, NotCalled, Result, Untried, checked, result_of
from services.notifier.store import calls
from services.notifier.store.checked import Checked
from services.notifier.store.claims import Claimed

FEWEST = 10  # deliveries of a bundle; fewer get a call each, by name
MOST = 100  # recipients of a group call


@dataclass(slots=True)
class Together:
    """A group call.

    `lead`: a delivery with the id and payload of the call; `members`: the claimed ones, at least one.
    """

    lead: Checked
    members: list[Checked]

    @property
    def delivery(self) -> Delivery:
        """The call as a delivery."""
        return self.lead.delivery


@dataclass(slots=True)
class Gathered:
    """Claimed deliveries, sorted: single calls, group calls, and results of deliveries that get no call."""

    alone: list[Checked] = field(default_factory=list)
    together: list[Together] = field(default_factory=list)
    dropped: list[Result] = field(default_factory=list)


def bundles(planned: Iterable[tuple[Delivery, bytes]]) -> dict[UUID, UUID]:
    """Return the bundles, by delivery: those that may share a group call.

    Deliveries of a bundle have the same event, type, channel, time zone, and the same content except the
    name. Held deliveries are in no bundle, and a bundle has at least FEWEST deliveries.
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
        if len(group) >= FEWEST:  # only then is it worth reading their content
            for delivery, body in group:
                found[_bundle(delivery, body)].append(delivery.id)
    return {identifier: bundle for bundle, ids in found.items() if len(ids) >= FEWEST for identifier in ids}


def _bundle(delivery: Delivery, body: bytes) -> UUID:
    content = hashlib.sha256(to_many(body, ())).hexdigest()
    return uuid5(
        delivery.event_id,
        f"{delivery.type}/{delivery.channel}/{delivery.timezone}/{delivery.expires_at.isoformat()}/{content}",
    )


def shares(bundle: UUID, members: Sequence[Checked]) -> list[tuple[UUID, list[Checked]]]:
    """Split the members into calls of at most MOST and of nearly the same size.

    Return each call's id and members.
    """
    ordered = sorted(members, key=lambda item: item.delivery.id)
    count = -(-len(ordered) // MOST)
    parts = [ordered[number::count] for number in range(count)]
    return [(uuid5(bundle, ",".join(str(item.delivery.id) for item in part)), part) for part in parts]


async def gather(
    tx: Transaction, lease: UUID, looked: Sequence[Checked], claimed: Sequence[Claimed], now: datetime
) -> Gathered:
    """Sort claimed deliveries into calls.

    The members of a new call are checked here, and written down for good.
    """
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
        elif isinstance(found := checked(item, now), Checked):
            fresh[row.bundle].append(item)
        else:
            gathered.dropped.append(result_of(item, found))
    for call, part in await _freeze(tx, lease, fresh, gathered):
        frozen[call] += part
    if frozen:
        recipients = await calls.recipients(tx, frozen)
        gathered.together = [_together(call, members, recipients[call]) for call, members in frozen.items()]
    return gathered


async def _freeze(
    tx: Transaction, lease: UUID, fresh: dict[UUID, list[Checked]], gathered: Gathered
) -> list[tuple[UUID, list[Checked]]]:
    """Return new calls with their members. Members whose lease was lost are left to its present owner."""
    wanted = [part for bundle, members in fresh.items() for part in shares(bundle, members)]
    if not wanted:
        return []
    ours = await calls.freeze(
        tx,
        lease,
        [(item.delivery.id, item.delivery.recipient_id, call) for call, part in wanted for item in part],
    )
    parts = []
    for call, part in wanted:
        gathered.dropped += [Untried(item) for item in part if item.delivery.id not in ours]
        if kept := [item for item in part if item.delivery.id in ours]:
            parts.append((call, kept))
    return parts


def _together(call: UUID, members: list[Checked], recipients: Sequence[UUID]) -> Together:
    """Return the call with all recipients, also those that wait no longer: its bytes never change."""
    first = members[0]
    attempts = max(item.delivery.attempts for item in members)
    lead = replace(
        first,
        delivery=first.delivery._replace(id=call, attempts=attempts),
        body=to_many(first.body, recipients),
    )
    return Together(lead, members)


async def attempt(caller: Attempts, together: Together) -> list[Result]:
    """Make a group call, unless all members are obsolete; return the result for each member."""

    async def before(lead: Checked) -> Checked | Conclusion | NotCalled:
        together.members = await caller.fresh(together.members)
        now = clock.now()
        waiting = [item for item in together.members if item.delivery.state in WAITING]
        if not waiting:
            return NotCalled()
        ends = [end for item in waiting if (end := obsolete(item, now))]
        return Conclusion(ends[0], now) if len(ends) == len(waiting) else lead

    conclusion = await caller.deliver(together.lead, before)
    return [result_of(item, conclusion) for item in together.members]
