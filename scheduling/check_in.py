"""Check-in: the participants who came to an appointment."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

CHECK_IN_EARLIEST = timedelta(minutes=30)


def arrived(checked_in: Mapping[UUID, datetime], start: datetime) -> frozenset[UUID]:
    """Return the people who checked in for this start; a check-in from before the appointment moved does not count.

    `checked_in`: the instant of each person's check-in; the earliest possible is 30 minutes before the start.
    """
    return frozenset(person for person, at in checked_in.items() if at >= start - CHECK_IN_EARLIEST)
