"""The outage benchmark counts each notification by itself, and fails on one that is lost or doubled."""

from collections import Counter

import pytest

from benchmarks.outage import Sending, compared
from benchmarks.report import missed

ONE, TWO = ("1", "created", "email", "anna"), ("1", "created", "email", "ben")


@pytest.mark.parametrize(
    ("planned", "sent", "arrived", "expected"),
    [
        pytest.param([ONE, TWO], [ONE, TWO], [ONE, TWO], {"lost": 0, "doubled": 0}, id="all well"),
        pytest.param(
            [ONE, TWO], [ONE, TWO], [ONE, ONE], {"lost": 1, "doubled": 1}, id="one lost, one doubled"
        ),
        pytest.param([ONE, TWO], [ONE], [ONE, TWO], {"lost": 0, "doubled": 0}, id="given up, and it arrived"),
        pytest.param([ONE], [ONE], [ONE, TWO], {"lost": 0, "doubled": 1}, id="nobody planned it"),
    ],
)
def test_compared(
    planned: list[Sending], sent: list[Sending], arrived: list[Sending], expected: dict[str, int]
) -> None:
    found = compared(Counter(planned), Counter(sent), Counter(arrived))
    assert found == expected | {"arrived": len(arrived)}
    assert bool(missed({"outage": found})) is (found["lost"] + found["doubled"] > 0)
