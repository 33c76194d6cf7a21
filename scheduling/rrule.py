"""Recurrence rules of RFC 5545, 3.3.10, and the limits of ours."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

LENGTH_MAX = 500
COUNT_MAX = 750
INTERVAL_MAX = 1_000
TIMES_A_DAY_MAX = 96

WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")


class InvalidPattern(ValueError):
    """A pattern that is refused: the `field` under recurring_pattern, a stable `code`, and a sentence for a person."""

    def __init__(self, field: str, code: str, message: str) -> None:
        super().__init__(message)
        self.field = field
        self.code = code
        self.message = message


class Frequency(StrEnum):
    """How long a period of the rule is."""

    DAILY = "DAILY"
    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    YEARLY = "YEARLY"


@dataclass(frozen=True, slots=True, order=True)
class Weekday:
    """A day of the week, Monday is 0; with `ordinal` 2 the second of its month or year, with -1 the last, with 0 each."""

    day: int
    ordinal: int = 0

    def __str__(self) -> str:
        return f"{self.ordinal or ''}{WEEKDAYS[self.day]}"


@dataclass(frozen=True, slots=True)
class RecurrenceRule:
    """A rule as written. `until` is a date or a naive time of the series' wall clock, or an instant."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | datetime | None = None
    week_start: int = 0
    months: tuple[int, ...] = ()
    week_numbers: tuple[int, ...] = ()
    year_days: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    weekdays: tuple[Weekday, ...] = ()
    hours: tuple[int, ...] = ()
    minutes: tuple[int, ...] = ()
    seconds: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
