"""The nearest times instead of one that is refused."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from scheduling.free import REACH
from scheduling.slots import nearest
from services.booking.domain.free_time.enquiry import Enquiry, person_around, span
from services.booking.domain.model.book import Book, Sought
from services.booking.domain.model.decision import Alternative
from services.booking.domain.model.times import Period

ALTERNATIVES = 5
PEOPLE_MAX = 100
DAYS_MAX = 14
PERSON_DAYS = 280  # that are looked at on each side: with more people fewer days


def alternatives(book: Book, wish: Enquiry, involved: Iterable[UUID]) -> tuple[Alternative, ...]:
    """Times as long as `wish`, nearest first, at which the same command would be accepted for all `involved`.

    None where the book does not know the days around: it is noted in the book that they are sought.
    """
    users = tuple(dict.fromkeys(involved))
    if not 0 < len(users) <= PEOPLE_MAX:
        return ()
    days = timedelta(days=max(1, min(DAYS_MAX, PERSON_DAYS // len(users))))
    around = days + timedelta(seconds=REACH)
    start, end = wish.when
    if not book.surrounds(wish.command.id, Sought(users, Period(start - around, end + around))):
        return ()
    people = [person_around(book, replace(wish, users=users), user, around) for user in users]
    first, last = span(start - days, start + days)
    found = nearest(
        people,
        *span(start, end),
        now=wish.now,
        timezone=_zone(book, wish),
        count=ALTERNATIVES,
        first=first,
        last=last,
    )
    starts = (datetime.fromtimestamp(begins, UTC) for begins, _ in found)
    return tuple(Alternative(begins, begins + (end - start)) for begins in starts)


def _zone(book: Book, wish: Enquiry) -> str:
    """Where days begin for those who said nothing: in the appointment's zone, else in the first person's."""
    before = book.find(wish.own) if wish.own else None
    if before is not None:
        return before.timezone
    first = book.people.get(wish.users[0]) if wish.users else None
    sent: str | None = getattr(wish.command, "timezone", None)
    return sent or (first.timezone if first else "UTC")
