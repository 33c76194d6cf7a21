"""What was decided, as far as outcomes, commands and events still tell it together."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.database.transactions import Row, Transaction
from chassis.verdicts import ExtraEvent, Verdict
from services.booking.rebuild.staging import Cut
from services.booking.store import batches, decisions, rebuilt

PAGE = 500


@dataclass(slots=True)
class Decided:
    """How many decisions were kept, and how many could not be: the command or an event of theirs is not in the log."""

    kept: int = 0
    known: int = 0
    again: int = 0
    incomplete: int = 0


async def decide_as_before(tx: Transaction, cuts: Mapping[tuple[str, int], Cut]) -> Decided:
    """Remember each decision whose outcome the log has, but for those that are to be decided again."""
    result, last = Decided(), -1
    while page := await rebuilt.outcomes(tx, last, PAGE):
        last = page[-1].seq
        await _keep(tx, page, cuts, result)
    return result


async def _keep(
    tx: Transaction, page: list[Row], cuts: Mapping[tuple[str, int], Cut], result: Decided
) -> None:
    before = [row for row in page if not is_again(cuts, row.topic, row.partition, row.offset, row.decided_at)]
    result.again += len(page) - len(before)
    known = await decisions.load_verdicts(tx, [row.key for row in before])
    new = [row for row in before if row.key not in known]
    result.known += len(before) - len(new)
    events = await rebuilt.events(tx, {one for row in new for one in row.event_ids})
    verdicts = [
        _verdict(row, events)
        for row in new
        if row.fingerprint is not None and events.keys() >= set(row.event_ids)
    ]
    result.kept += len(verdicts)
    result.incomplete += len(new) - len(verdicts)
    await batches.save(tx, (), verdicts)


def is_again(
    cuts: Mapping[tuple[str, int], Cut], topic: str, partition: int, offset: int, decided_at: Any
) -> bool:
    """Whether the command at this position is to be decided again.

    The time is compared, too: a position in a topic that was made anew since may be higher than any there is now.
    """
    cut = cuts.get((topic, partition))
    return cut is not None and cut.at is not None and offset >= cut.offset and bool(decided_at >= cut.at)


def _verdict(row: Row, events: Mapping[UUID, Row]) -> Verdict:
    told = [events[identifier] for identifier in row.event_ids]
    # One event of an appointment is kept with its decision, several, and what is beside appointments, in their own table.
    alone = told[0] if len(told) == 1 and told[0].type.startswith("appointment.") else None
    further = () if alone else tuple(ExtraEvent(one.type, one.subject, one.event) for one in told)
    return Verdict(
        command_id=row.key,
        fingerprint=row.fingerprint,
        cause=row.cause,
        decided_at=row.decided_at,
        correlation_id=row.correlation_id,
        traceparent=row.traceparent,
        subject=row.subject,
        accepted=row.accepted,
        outcome=row.outcome,
        event_type=alone.type if alone else None,
        event=alone.event if alone else None,
        organization=row.organization,
        further=further,
    )
