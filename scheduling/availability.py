"""Availability of a person: weekly hours, and overrides on single dates.

Instants are whole seconds since 1970 (UTC), spans `[start, end)`.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import date
from typing import Any, TypeAlias

from scheduling.days import day_at, day_of, span_of

Span: TypeAlias = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Rule:
    """Hours of a weekday (Monday is 0) in minutes of the wall clock, 0 to 1440; both dates are included."""

    day_of_week: int
    start: int
    end: int
    effective_from: date | None = None
    effective_until: date | None = None

    def holds_on(self, day: date) -> bool:
        """Return whether `day`, already of the right weekday, is within the dates."""
        return (self.effective_from is None or self.effective_from <= day) and (
            self.effective_until is None or day <= self.effective_until
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """How a person may be booked: minutes, days and numbers; None is no limit."""

    buffer_before: int = 0
    buffer_after: int = 0
    minimum_notice: int = 0
    horizon_days: int | None = None
    step: int = 15
    min_duration: int | None = None
    max_duration: int | None = None
    max_per_day: int | None = None

    @property
    def gap(self) -> int:
        """Seconds that stay free between two neighbours: the one's buffer after and the other's before."""
        return 60 * (self.buffer_before + self.buffer_after)


@dataclass(frozen=True, slots=True)
class Availability:
    """One person's; the spans of `overrides` are minutes of the wall clock, none closes the date."""

    timezone: str
    rules: tuple[Rule, ...] = ()
    overrides: Mapping[date, tuple[Span, ...]] = field(default_factory=dict)
    policy: Policy = Policy()
    weekly: tuple[tuple[Rule, ...], ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Sort the rules by weekday and start, once for all that is asked of them."""
        ordered = sorted(self.rules, key=lambda rule: rule.start)
        weekly = tuple(tuple(rule for rule in ordered if rule.day_of_week == day) for day in range(7))
        object.__setattr__(self, "weekly", weekly)


def availability_of(body: Mapping[str, Any]) -> Availability:
    """Read an availability from the JSON of an event; inactive rules are left out."""
    policy = body.get("policy") or {}
    return Availability(
        body["timezone"],
        tuple(_rule(rule) for rule in body.get("rules", ()) if rule.get("is_active", True)),
        {
            date.fromisoformat(override["date"]): tuple(
                sorted(_minutes(hours) for hours in override["ranges"])
            )
            for override in body.get("overrides", ())
        },
        Policy(**{one.name: policy[one.name] for one in fields(Policy) if one.name in policy}),
    )


def hours_on(availability: Availability, day: date) -> Sequence[Span] | None:
    """Return the hours of a date in minutes of the wall clock, sorted; None if the person has no weekly hours."""
    if (override := availability.overrides.get(day)) is not None:
        return override
    if not availability.rules:
        return None
    return [(rule.start, rule.end) for rule in availability.weekly[day.weekday()] if rule.holds_on(day)]


def stretches(availability: Availability, start: int, end: int) -> list[Span]:
    """Return each range of hours that touches `[start, end)`, whole and sorted; whole days if no hours are set.

    Neighbours are not merged, and may overlap where a clock is changed between them.
    """
    key = availability.timezone
    found: list[Span] = []
    for ordinal in range(day_at(key, start), day_at(key, end) + 1):
        ranges = hours_on(availability, date.fromordinal(ordinal))
        if ranges is None:
            found.append(day_of(key, ordinal))
        else:
            found += [span_of(key, ordinal, *hours) for hours in ranges]
    return sorted(span for span in found if span[0] < span[1] and span[0] < end and start < span[1])


def open_spans(availability: Availability, start: int, end: int) -> list[Span]:
    """All time within `[start, end)` that the hours leave open, sorted and merged, also over midnight."""
    return [
        (max(first, start), min(last, end)) for first, last in merged(stretches(availability, start, end))
    ]


def merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Spans sorted by their start, those that overlap or touch as one."""
    current: Span | None = None
    for start, end in spans:
        if current is None:
            current = start, end
        elif start <= current[1]:
            current = current[0], max(current[1], end)
        else:
            yield current
            current = start, end
    if current is not None:
        yield current


def _rule(rule: Mapping[str, Any]) -> Rule:
    return Rule(
        rule["day_of_week"],
        *_minutes(rule),
        _date(rule.get("effective_from")),
        _date(rule.get("effective_until")),
    )


def _minutes(hours: Mapping[str, str]) -> Span:
    return _minute(hours["start_time"]), _minute(hours["end_time"])


def _minute(clock: str) -> int:
    return 60 * int(clock[:2]) + int(clock[3:])


def _date(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
