"""Everything breaks at once, processes come and go: nothing is lost, doubled or reordered."""

import pytest

from tests.simulation.scenario import Mode
from tests.simulation.seeds import violations_of

SEEDS, PORTION = 180, 20


@pytest.mark.parametrize("first", range(0, SEEDS, PORTION))
def test_all_promises_hold(first: int) -> None:
    assert violations_of(Mode.SAFETY, range(first, first + PORTION)) == []
