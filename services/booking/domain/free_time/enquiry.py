"""Some people's time that a command asks for, and those people as the scheduling engine sees them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from uuid import UUID

from scheduling.free import Person, Taken
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.times import Period


@dataclass(frozen=True, slots=True)
class Enquiry:
    """The times `when` of `users`, asked for at `at`; `own`, `ignoring` and `hold` as in `refusal_for_times`."""

    command: Command
    users: tuple[UUID, ...]
    when: Period
    own: UUID | None
    at: datetime
    ignoring: UUID | None
    hold: UUID | None

    @property
    def now(self) -> int:
        """The decision's second."""
        return floor(self.at.timestamp())


def span(start: datetime, end: datetime) -> tuple[int, int]:
    """Whole seconds around `[start, end)`."""
    return floor(start.timestamp()), ceil(end.timestamp())


def person_around(book: Book, wish: Enquiry, user: UUID, around: timedelta) -> Person:
    """This person with what takes their time from so long before what is wished to so long after it."""
    diary = book.diary
    first, last = wish.when.start - around, wish.when.end + around
    taken = [
        Taken(*span(entry.start, entry.end), "appointment")
        for entry in book.overlapping(user, first, last)
        if entry.appointment_id != wish.own
    ]
    taken += [
        Taken(*span(hold.start, hold.end), "hold")
        for hold in diary.held(user, first, last, wish.at)
        if hold.id != wish.hold
    ]
    hours = None
    if user != wish.ignoring:
        hours = diary.hours(user)
        taken += _elsewhere(book, user, first, last)
    return Person(user, hours.rules if hours else None, sorted(taken))


def _elsewhere(book: Book, user: UUID, first: datetime, last: datetime) -> list[Taken]:
    known = book.diary.elsewhere(user)
    if known is None:
        return []
    return [
        Taken(*span(*when), "elsewhere")
        for when in known.ranges.values()
        if when.start < last and first < when.end
    ]
