"""Sentences for reasons. They show when a person is busy, never with which appointment or with which people."""

from collections.abc import Sequence
from datetime import date, datetime

from scheduling.availability import Span
from scheduling.days import wall_clock

WEEKDAYS = ("Mondays", "Tuesdays", "Wednesdays", "Thursdays", "Fridays", "Saturdays", "Sundays")


def number(count: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def minutes(count: int) -> str:
    """Return the duration in its largest exact unit: `2 days`, `3 hours`, `90 minutes`."""
    for size, noun in ((1_440, "day"), (60, "hour")):
        if count and count % size == 0:
            return number(count // size, noun)
    return number(count, "minute")


def weekly_hours(day: date, hours: Sequence[Span], zone: str) -> str:
    """Return a sentence on the hours of `day`'s weekday, by the rules in effect on it."""
    weekday = WEEKDAYS[day.weekday()]
    if not hours:
        return f"There are no hours on {weekday} ({zone})."
    return f"The hours on {weekday} are {_ranges(hours)} ({zone})."


def hours_of_date(day: date, hours: Sequence[Span], zone: str) -> str:
    """Return a sentence on an override of the weekly hours on one date."""
    if not hours:
        return f"{day.isoformat()} is closed ({zone})."
    return f"The hours on {day.isoformat()} are {_ranges(hours)} ({zone})."


def in_the_way(code: str, start: int, end: int, zone: str, gap: int) -> str:
    """Since when and until when; `gap` is in minutes."""
    begins, ends = wall_clock(zone, start), wall_clock(zone, end)
    shown = f"{ends:%Y-%m-%d %H:%M}" if ends.date() != begins.date() else f"{ends:%H:%M}"
    when = f"from {begins:%Y-%m-%d %H:%M} to {shown} ({zone})"
    if code == "buffer":
        return f"{number(gap, 'minute')} must stay free between two appointments; time is taken {when}."
    what = {
        "busy": "There is another appointment",
        "held": "The time is on hold",
        "busy_elsewhere": "The time is taken in another calendar",
    }[code]
    return f"{what} {when}."


def full_day(midnight: int, most: int, zone: str) -> str:
    """The day on which as many as may be start already."""
    day: datetime = wall_clock(zone, midnight)
    return f"At most {number(most, 'appointment')} a day can be booked, and {day:%Y-%m-%d} already has that many ({zone})."


def between_steps(step: int) -> str:
    """It may be booked, but is not among the times that are offered."""
    return f"The time can be booked, but free slots are offered every {number(step, 'minute')} from the start of the hours."


def _ranges(hours: Sequence[Span]) -> str:
    shown = [f"{_clock(start)}–{_clock(end)}" for start, end in hours]
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"
