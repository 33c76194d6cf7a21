"""Redrives: deliveries that were given up start again, perhaps with corrected variables."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Transaction
from notifications.templates.catalogue import VARIABLES
from services.notifier.clients.communication import with_variables
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.transitions import Redrive, next_state, transition
from services.notifier.messages import outgoing
from services.notifier.messages.incoming import Redriven
from services.notifier.store import deliveries, outbox


async def redrive(tx: Transaction, writer: UUID, items: Sequence[Redriven], now: datetime) -> None:
    """Queue deliveries again that were given up.

    The checks before the call end those that are obsolete by then.
    """
    if not items:
        return
    rows = await deliveries.locked(tx, [item.delivery_id for item in items])
    redriven = [transition(row, Redrive(), now) for row in rows.values() if next_state(row.state, Redrive())]
    await _correct(tx, redriven, {item.delivery_id: item.variables for item in items if item.variables})
    if redriven:
        await deliveries.settle(tx, redriven)
        await deliveries.requeue(tx, redriven, now)
        await outbox.note(tx, writer, now, [outgoing.event_of(item, now) for item in redriven])


async def _correct(
    tx: Transaction, redriven: Sequence[Delivery], variables: Mapping[UUID, Mapping[str, str]]
) -> None:
    """Put an operator's corrections into the payloads; skip names that are no variables of the template."""
    templates = {item.id: item.template_id for item in redriven if item.id in variables}
    if not templates:
        return
    bodies = await deliveries.payloads(tx, list(templates))
    corrections = {
        identifier: {
            name: value
            for name, value in variables[identifier].items()
            if name in VARIABLES.get(templates[identifier], ())
        }
        for identifier in bodies
    }
    await deliveries.reword(
        tx, {identifier: with_variables(body, corrections[identifier]) for identifier, body in bodies.items()}
    )
