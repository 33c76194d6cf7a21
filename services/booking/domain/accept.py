"""The end of every accepted change: a creation, or a step from one version to the next."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.case import Case
from services.booking.domain.model.changes import changes, next_version
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Accepted, Change, Event


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before its changes are known: `more` changes are added to those found, `seated` left the
    waiting list.
    """

    type: str
    more: Sequence[Change] = ()
    seated: Sequence[UUID] = ()


def created_event(case: Case[Command], involved: Iterable[UUID], hold: UUID | None = None) -> Event:
    """Return the event of a new appointment of these people; `hold` is the id of the hold that it uses up."""
    more = {"hold_id": hold} if hold else None
    return Event("appointment.created", (), case.book.named(involved), more)


def accept(case: Case[Command], before: Appointment, after: Appointment, draft: Draft) -> Accepted:
    """Accept the step from `before` to `after` as one version with one event, or without an event if they are
    equal.
    """
    found = changes(before, after)
    if not found:
        return Accepted(before, None)
    concerned = (before.organizer_id, *after.answers, *before.answers, *after.waiting, *before.waiting)
    more = {"seated": draft.seated} if draft.seated else None
    event = Event(draft.type, (*found, *draft.more), case.book.named(concerned), more)
    return Accepted(next_version(after, case.command.actor, case.at), event)
