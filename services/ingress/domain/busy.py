"""Busy ranges of a colleague's calendar, without details."""

from collections.abc import Iterable, Sequence
from datetime import datetime

Range = tuple[datetime, datetime]


def merged(ranges: Iterable[Range]) -> Sequence[Range]:
    """Return the same time as few ranges, in order, which hides the number of appointments."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def clipped(ranges: Iterable[Range], start: datetime, end: datetime) -> Iterable[Range]:
    """Return the parts of the ranges between start and end."""
    return ((max(low, start), min(high, end)) for low, high in ranges)
