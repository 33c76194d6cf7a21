"""Alternatives: the nearest times that can be booked instead of a refused one."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from math import floor

from scheduling.free import REACH
from scheduling.slots import nearest
from services.booking.domain.free_time.enquiry import Enquiry, person_around, span
from services.booking.domain.model.book import Sought
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Alternative
from services.booking.domain.model.times import Period

ALTERNATIVES = 5
PEOPLE_MAX = 100
DAYS_MAX = 14
PERSON_DAYS = 280  # searched on each side: the more people, the fewer days


def alternatives(case: Case[Command], enquiry: Enquiry) -> tuple[Alternative, ...]:
    """Return times of the same length, nearest first, at which the same command would be accepted for all
    involved.

    Returns none where the book does not know the days around; the book then notes that they are sought.
    """
    users = tuple(dict.fromkeys(enquiry.involved or enquiry.users))
    if not 0 < len(users) <= PEOPLE_MAX:
        return ()
    days = timedelta(days=max(1, min(DAYS_MAX, PERSON_DAYS // len(users))))
    around = days + timedelta(seconds=REACH)
    start, end = enquiry.when
    if not case.book.surrounds(case.command.id, Sought(users, Period(start - around, end + around))):
        return ()
    people = [person_around(case, replace(enquiry, users=users), user, around) for user in users]
    first, last = span(start - days, start + days)
    found = nearest(
        people,
        *span(start, end),
        now=floor(case.at.timestamp()),
        timezone=_zone(case, enquiry),
        count=ALTERNATIVES,
        first=first,
        last=last,
    )
    starts = (datetime.fromtimestamp(begins, UTC) for begins, _ in found)
    return tuple(Alternative(begins, begins + (end - start)) for begins in starts)


def _zone(case: Case[Command], enquiry: Enquiry) -> str:
    """Return the zone in which days begin for people without availability: the appointment's, else the first
    person's.
    """
    if enquiry.own is not None:
        return enquiry.own.timezone
    first = case.book.people.get(enquiry.users[0]) if enquiry.users else None
    sent: str | None = getattr(case.command, "timezone", None)
    return sent or (first.timezone if first else "UTC")
