"""Gauges whose figure has to be fetched."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import nan

from prometheus_client import Gauge


@contextmanager
def known(*gauges: Gauge) -> Iterator[None]:
    """The block sets these gauges. If it fails they are NaN: an old figure must not look like one of now."""
    try:
        yield
    except BaseException:
        for gauge in gauges:
            gauge.set(nan)
        raise
