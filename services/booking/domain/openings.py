"""Whether people may be booked at a time: one question for everything that takes their time."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from services.booking.domain.book import Book
from services.booking.domain.commands import Command
from services.booking.domain.conflicts import refusal_for_conflict
from services.booking.domain.decision import Code, Refusal
from services.booking.domain.times import Period


def refusal_for_times(
    command: Command,
    book: Book,
    users: Iterable[UUID],
    when: Period,
    *,
    own: UUID | None,
    at: datetime,  # noqa: ARG001
    ignoring: UUID | None = None,  # noqa: ARG001
    hold: UUID | None = None,  # noqa: ARG001
) -> Refusal | None:
    """Why these people cannot be booked then, or None: somebody is busy, or does not want to be booked then.

    `own`: an appointment that is in nobody's way, because it is the one that takes the time. `ignoring`: who lets their
    own availability be. `hold`: a hold that is in nobody's way, because it is used up by this. `at`: the decision's time.
    """
    return refusal_for_conflict(command, book, users, when.start, when.end, own=own)


def refusal_for_ignoring(command: Command, ignores: bool, whose: UUID) -> Refusal | None:
    """One may let one's own availability be, and nobody else's; `whose` is the organizer, or who takes a seat."""
    if not ignores or command.actor.user == whose:
        return None
    return Refusal(Code.NOT_ALLOWED, "Only the person themself may be booked against their availability.")


def ignored(ignores: bool, whose: UUID) -> UUID | None:
    """The person whose availability does not count for this command."""
    return whose if ignores else None
