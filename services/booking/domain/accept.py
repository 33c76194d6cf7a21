"""The end of every change to an existing appointment: an event if something changed, none otherwise."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from services.booking.domain.appointment import Appointment
from services.booking.domain.changes import changes, next_version
from services.booking.domain.commands import Command
from services.booking.domain.decision import Accepted, Change, Event
from services.booking.domain.model.case import Case


@dataclass(frozen=True, slots=True)
class Draft:
    """An event before its changes are known: `more` changes are added to those found, `seated` left the waiting list."""

    type: str
    more: Sequence[Change] = ()
    seated: Sequence[UUID] = ()


def accept(case: Case[Command], before: Appointment, after: Appointment, draft: Draft) -> Accepted:
    """Accept the step from `before` to `after` as one version with one event, or without an event if they are equal."""
    found = changes(before, after)
    if not found:
        return Accepted(before, None)
    concerned = (before.organizer_id, *after.answers, *before.answers, *after.waiting, *before.waiting)
    more = {"seated": draft.seated} if draft.seated else None
    event = Event(draft.type, (*found, *draft.more), case.book.named(concerned), more)
    return Accepted(next_version(after, case.command.actor, case.at), event)
