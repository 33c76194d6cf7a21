"""Nobody is in two open appointments at once."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.booking.domain.access import may_see
from services.booking.domain.model.book import Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, Overlap, Refusal

SHOWN_AT_MOST = 50


def refusal_for_conflict(
    command: Command,
    book: Book,
    users: Iterable[UUID],
    start: datetime,
    end: datetime,
    *,
    own: UUID | None,
    at: datetime,
    hold: UUID | None = None,
) -> Refusal | None:
    """A refusal with the ranges in the way, if any of `users` is busy within `[start, end)` but by `own`.

    Time that is held at `at` is busy, too, unless by `hold`.
    Colleagues may learn when somebody is busy, not by what: the appointment is named only to who may see it.
    """
    found: list[tuple[UUID, Entry]] = []
    diary = book.diary if book.diary.has_holds else None
    for user in users:
        entries = book.overlapping(user, start, end)
        found += [(user, entry) for entry in entries if entry.appointment_id != own]
        if diary is not None:
            held = diary.held(user, start, end, at)
            found += [(user, Entry(one.start, one.end, one.id)) for one in held if one.id != hold]
        if len(found) >= SHOWN_AT_MOST:
            break
    if not found:
        return None
    overlaps = tuple(_overlap(command, book, user, entry) for user, entry in found[:SHOWN_AT_MOST])
    return Refusal(Code.CONFLICT, "Somebody is busy at that time.", overlaps=overlaps)


def _overlap(command: Command, book: Book, user: UUID, entry: Entry) -> Overlap:
    other = book.find(entry.appointment_id)
    member = book.member(command.actor, command.organization)
    visible = (
        other is not None
        and other.organization_id == command.organization
        and may_see(command.actor, member, other)
    )
    return Overlap(user, entry.start, entry.end, entry.appointment_id if visible else None)
