"""Recurring patterns: the friendly form as a rule, and the limits of a series."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import NamedTuple
from zoneinfo import ZoneInfo

from scheduling.expansion import local_times
from scheduling.rrule import COUNT_MAX, INTERVAL_MAX, Frequency, InvalidPattern, RecurrenceRule, Weekday
from scheduling.wallclock import moved_out_of_gaps

YEARS_MAX = 5
LONGEST = timedelta(days=365 * YEARS_MAX + 2)
"""Five years with at most two leap days: the farthest that an occurrence may be from its series' start."""


class Fields(NamedTuple):
    """Fields of a pattern that a refusal may name: those of its rule and of its end."""

    rule: str
    number: str
    end: str


RRULE = Fields("rrule", "rrule", "rrule")
FRIENDLY = Fields("frequency", "count", "until")
DATES = Fields("rdates", "rdates", "rdates")


def friendly_rule(
    frequency: str, interval: int, days_of_week: Sequence[int] | None, count: int | None, until: date | None
) -> RecurrenceRule:
    """The rule of the ADR's form: `frequency` and the rest; Monday is day 0."""
    if frequency.upper() not in Frequency.__members__:
        raise InvalidPattern(
            "frequency", "unsupported_frequency", "frequency must be daily, weekly, monthly or yearly."
        )
    if not 1 <= interval <= INTERVAL_MAX:
        raise InvalidPattern("interval", "out_of_range", f"interval must be from 1 to {INTERVAL_MAX}.")
    if count is not None and count < 1:
        raise InvalidPattern("count", "out_of_range", "count must be at least 1.")
    if count is not None and count > COUNT_MAX:
        raise InvalidPattern("count", "too_many", f"A series has at most {COUNT_MAX} occurrences.")
    if count is not None and until is not None:
        raise InvalidPattern("until", "one_end", "A series ends by count or by until, not by both.")
    days = sorted(set(days_of_week or ()))
    if any(not 0 <= day <= 6 for day in days):
        raise InvalidPattern(
            "days_of_week", "out_of_range", "days_of_week takes numbers from 0 (Monday) to 6 (Sunday)."
        )
    every = Frequency(frequency.upper())
    if days and every in (Frequency.MONTHLY, Frequency.YEARLY):
        raise InvalidPattern(
            "days_of_week",
            "combination",
            "days_of_week needs frequency daily or weekly; use rrule for monthly patterns.",
        )
    weekdays = tuple(Weekday(day) for day in days)
    return RecurrenceRule(every, interval, count=count, until=until, weekdays=weekdays)


def checked(
    rule: RecurrenceRule, start: datetime, zone: ZoneInfo, fields: Fields
) -> tuple[RecurrenceRule, datetime]:
    """The rule with its end as an instant, and its first local time at or after `start` (naive, local).

    Raises InvalidPattern for a rule that ends before it starts, goes beyond five years, or matches nothing.
    """
    rule = _named_days(rule)
    if start.year + YEARS_MAX >= date.max.year or start.year <= date.min.year:
        raise InvalidPattern(fields.rule, "out_of_range", "The start of the series is out of range.")
    end = start + LONGEST
    if rule.until is not None:
        rule = replace(rule, until=_until(rule.until, start, zone, fields.end))
    found = list(islice(local_times(rule, start, start.date(), end.date()), rule.count or 1))
    if not found or (isinstance(rule.until, datetime) and moved_out_of_gaps(found[0], zone) > rule.until):
        raise InvalidPattern(fields.rule, "no_occurrence", "The pattern matches no day within five years.")
    if rule.count is not None and (len(found) < rule.count or found[-1] > end):
        raise _too_far(fields.number, "so many occurrences reach further.")
    return rule, found[0]


def _named_days(rule: RecurrenceRule) -> RecurrenceRule:
    """Return the rule with all seven days for a week by its number, so that every reader expands it alike."""
    if rule.week_numbers and not (rule.weekdays or rule.month_days or rule.year_days):
        return replace(rule, weekdays=tuple(Weekday(day) for day in range(7)))
    return rule


def _until(until: date | datetime, start: datetime, zone: ZoneInfo, field: str) -> datetime:
    try:
        if not isinstance(until, datetime):
            until = datetime.combine(until, time(23, 59, 59))
        instant = until if until.tzinfo else moved_out_of_gaps(until, zone)
        local = instant.astimezone(zone).replace(tzinfo=None)
    except OverflowError:
        local = until if isinstance(until, datetime) else datetime.combine(until, time())
        local, instant = local.replace(tzinfo=None), datetime.max.replace(tzinfo=UTC)
    if local < start:
        raise InvalidPattern(field, "end_before_start", "The pattern ends before it starts.")
    if local.date() > (start + LONGEST).date():
        raise _too_far(field, "leave the end out for a series without one.")
    return instant.astimezone(UTC)


def _too_far(field: str, what: str) -> InvalidPattern:
    return InvalidPattern(field, "too_far", f"A series ends within {YEARS_MAX} years of its start; {what}")
