"""Who came to an appointment."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

CHECK_IN_EARLIEST = timedelta(minutes=30)


def arrived(checked_in: Mapping[UUID, datetime], start: datetime) -> frozenset[UUID]:
    """Those who checked in for this start: who did before the appointment was moved has not come yet.

    `checked_in`: when each person said so; nobody can earlier than 30 minutes before the start.
    """
    return frozenset(person for person, at in checked_in.items() if at >= start - CHECK_IN_EARLIEST)
