"""A figure that could not be fetched is not shown as one of now."""

from math import isnan

import pytest
from prometheus_client import CollectorRegistry, Gauge

from chassis.measured import known


def test_a_failed_count_is_not_a_number_and_the_next_good_one_is() -> None:
    registry = CollectorRegistry()
    gauge = Gauge("waiting", "Somebody.", registry=registry)
    gauge.set(7)
    with pytest.raises(OSError, match="away"), known(gauge):
        raise OSError("away")
    assert isnan(registry.get_sample_value("waiting") or 0)
    with known(gauge):
        gauge.set(3)
    assert registry.get_sample_value("waiting") == 3
