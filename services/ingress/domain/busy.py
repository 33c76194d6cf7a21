"""How a colleague's calendar reads: when they are busy, and nothing else."""

from collections.abc import Iterable, Sequence
from datetime import datetime

Range = tuple[datetime, datetime]


def merged(ranges: Iterable[Range]) -> Sequence[Range]:
    """The same time as few ranges, in order: how many appointments fill it is nobody's business."""
    result: list[Range] = []
    for start, end in sorted(ranges):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        else:
            result.append((start, end))
    return result


def clipped(ranges: Iterable[Range], start: datetime, end: datetime) -> Iterable[Range]:
    """The parts of the ranges between start and end."""
    return ((max(low, start), min(high, end)) for low, high in ranges)
