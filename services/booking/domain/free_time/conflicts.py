"""Conflicts: nobody is in two open appointments at once."""

from uuid import UUID

from services.booking.domain.access import may_see
from services.booking.domain.free_time.enquiry import Enquiry, taken
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, Overlap, Refusal

SHOWN_AT_MOST = 50


def refusal_for_conflict(case: Case[Command], enquiry: Enquiry) -> Refusal | None:
    """Return a refusal with the ranges in the way, if anybody is busy at the time of the enquiry; held time
    is busy.

    Colleagues may learn when somebody is busy, not with what: only an actor who may see the appointment gets
    its id.
    """
    found: list[tuple[UUID, Entry]] = []
    for user in enquiry.users:
        entries, holds = taken(case, enquiry, user, enquiry.when)
        found += [(user, entry) for entry in entries]
        found += [(user, Entry(hold.start, hold.end, hold.id)) for hold in holds]
        if len(found) >= SHOWN_AT_MOST:
            break
    if not found:
        return None
    overlaps = tuple(_overlap(case, user, entry) for user, entry in found[:SHOWN_AT_MOST])
    return Refusal(Code.CONFLICT, "At least one person is busy at this time.", overlaps=overlaps)


def _overlap(case: Case[Command], user: UUID, entry: Entry) -> Overlap:
    other = case.book.find(entry.appointment_id)
    visible = (
        other is not None and other.organization_id == case.command.organization and may_see(case, other)
    )
    return Overlap(user, entry.start, entry.end, entry.appointment_id if visible else None)
