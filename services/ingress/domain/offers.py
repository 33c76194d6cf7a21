"""Days and people of a search for free time."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from scheduling.days import day_of
from services.ingress.domain import queries
from services.ingress.domain.queries import BadParameter

DAYS_MAX = 92
PEOPLE_MAX = 20
DURATION_DEFAULT, DURATION_MAX = 30, 1_440
ZONES_APART = 15 * 3_600
"""Seconds: no local day begins further than that from the day in UTC."""


def instants(timezone: str, first: date, last: date) -> tuple[int, int]:
    """Return the first instant of the first day, and the one after the last day, in seconds since 1970."""
    return day_of(timezone, first.toordinal()).start, day_of(timezone, last.toordinal()).end


def reach(timezone: str | None, first: date, last: date, duration: int) -> tuple[int, int]:
    """Return the widest range of these days in any zone (None: not known yet), seconds since 1970.

    It includes the `duration` (minutes) of a slot that starts in the last minute.
    """
    apart = 0 if timezone is not None else ZONES_APART
    start, end = instants(timezone or "UTC", first, last)
    return start - apart, end + apart + 60 * duration


def people(values: Sequence[str]) -> tuple[UUID, ...]:
    """Return ids of people, each once. Raises BadParameter."""
    return queries.uuids(values, PEOPLE_MAX)


def check_days(first: date, last: date) -> None:
    """Raise BadParameter for the last day of a range that is empty or too long."""
    if last < first:
        raise BadParameter("range", "The last day must not be before the first")
    if (last - first).days >= DAYS_MAX:
        raise BadParameter("range", f"A range is at most {DAYS_MAX} days long")
