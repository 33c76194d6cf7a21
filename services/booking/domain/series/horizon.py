"""The horizon up to which a series without an end is booked: no farther than everybody can be booked."""

from collections.abc import Iterable
from datetime import UTC, datetime
from math import floor
from uuid import UUID

from scheduling.free import window
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command


def horizon(case: Case[Command], users: Iterable[UUID], ignoring: UUID | None) -> datetime | None:
    """Return the last second (UTC) at which all of them can be booked by now; None if none of them has a
    horizon.

    `ignoring` is the person whose own availability does not count.
    """
    hours = case.book.diary.hours
    known = [found.rules for user in users if user != ignoring and (found := hours(user))]
    ends = [
        window(rules.policy, floor(case.at.timestamp()), rules.timezone)[1]
        for rules in known
        if rules.policy.horizon_days is not None
    ]
    return datetime.fromtimestamp(min(ends), UTC) if ends else None
