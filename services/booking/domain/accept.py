"""The end of every change to an existing appointment: an event if something changed, none otherwise."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Book
from services.booking.domain.model.changes import changes, next_version
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Accepted, Change, Event


def accept(
    command: Command,
    book: Book,
    at: datetime,
    event: str,
    before: Appointment,
    after: Appointment,
    more: Sequence[Change] = (),
    seated: Sequence[UUID] = (),
) -> Accepted:
    """Accept the step from `before` to `after` as one version with one event.

    `more` is told beside what differs, if anything does; so is who waited and is `seated` by it.
    """
    found = changes(before, after)
    if not found:
        return Accepted(before, None)
    concerned = (before.organizer_id, *after.answers, *before.answers, *after.waiting, *before.waiting)
    beside = {"seated": seated} if seated else None
    told = Event(event, (*found, *more), book.named(concerned), beside)
    return Accepted(next_version(after, command.actor, at), told)
