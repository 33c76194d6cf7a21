"""How far ahead a series without an end is booked: no farther than everybody can be."""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import floor
from uuid import UUID

from scheduling.free import window
from services.booking.domain.model.book import Book


def horizon(book: Book, users: Iterable[UUID], ignoring: UUID | None, at: datetime) -> datetime | None:
    """The last second (UTC) at which all of them can be booked, seen from `at`; None if none of them says.

    `ignoring`: whose own availability does not count.
    """
    said = [found.rules for user in users if user != ignoring and (found := book.diary.hours(user))]
    ends = [
        window(rules.policy, floor(at.timestamp()), rules.timezone)[1]
        for rules in said
        if rules.policy.horizon_days is not None
    ]
    return datetime.fromtimestamp(min(ends), UTC) if ends else None
