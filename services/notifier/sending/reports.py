"""Delivery reports: they change the states of deliveries, and may cause suspensions and fallbacks."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.database.transactions import Transaction
from contracts.envelope import Message
from services.notifier import metrics
from services.notifier.domain.delivery import Delivery
from services.notifier.domain.transitions import FindSent, next_state, transition
from services.notifier.domain.transitions import Report as Reported
from services.notifier.messages import outgoing
from services.notifier.messages.incoming import Report
from services.notifier.sending import suspensions
from services.notifier.sending.completion import Ended, complete
from services.notifier.store import calls, deliveries, outbox


async def note_reports(tx: Transaction, writer: UUID, reports: Sequence[Report], now: datetime) -> None:
    """Write the reports down, in their order, and note the messages that follow for publication."""
    if not reports:
        return
    ids = await _deliveries_of(tx, reports)
    known = [identifier for identifier in ids if identifier]
    # First the queue, then the deliveries, as the dispatcher does: another order could end in a deadlock.
    await deliveries.unqueue(tx, known)
    rows = await deliveries.locked(tx, known)
    ended: dict[UUID, Delivery] = {}
    sent: list[Message] = []
    for report, identifier in zip(reports, ids, strict=True):
        delivery = rows.get(identifier) if identifier else None
        step = Reported(report.outcome, report.reason)
        if delivery is None or next_state(delivery.state, step) is None:
            metrics.REPORTS_IGNORED.labels("unknown" if delivery is None else "too late").inc()
            continue
        if (
            delivery.sent_at is None
        ):  # it came before the answer to the call, which will change nothing any more
            delivery = transition(delivery, FindSent(), report.at)
            sent.append(outgoing.event_of(delivery, report.at))
        rows[delivery.id] = ended[delivery.id] = transition(delivery, step, report.at)
    if ended:
        await _complete(tx, writer, list(ended.values()), sent, now)


async def _complete(
    tx: Transaction, writer: UUID, ended: Sequence[Delivery], sent: Sequence[Message], now: datetime
) -> None:
    await deliveries.settle(tx, ended)
    # Suspended first, so that no fallback uses a channel that has just bounced.
    suspended = await suspensions.suspend(tx, ended, now)
    messages = await complete(tx, [Ended(item) for item in ended], now)
    await outbox.note(tx, writer, now, [*sent, *messages, *suspended])


async def _deliveries_of(tx: Transaction, reports: Sequence[Report]) -> list[UUID | None]:
    """Return the delivery of each report.

    The key of a report is the id of a delivery or of a group call. A report without a key is about the last
    delivery that was sent to that person on that channel.
    """
    keyed = [
        (number, (report.delivery_id, report.recipient_id))
        for number, report in enumerate(reports)
        if report.delivery_id and report.recipient_id
    ]
    members = await calls.deliveries_of(tx, [key for _, key in keyed])
    found = {number: members[position] for position, (number, _) in enumerate(keyed) if position in members}
    keyless = [
        (number, (report.appointment_id, report.recipient_id, report.channel))
        for number, report in enumerate(reports)
        if report.delivery_id is None and report.appointment_id and report.recipient_id
    ]
    last = await deliveries.last_sent(tx, [key for _, key in keyless])
    found |= {number: last[position] for position, (number, _) in enumerate(keyless) if position in last}
    return [found.get(number) or report.delivery_id for number, report in enumerate(reports)]
