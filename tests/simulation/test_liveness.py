"""One process, one kind of trouble, no rebalance that could help by luck: it heals by itself."""

import pytest

from tests.simulation.nemesis import TROUBLES
from tests.simulation.scenario import Mode
from tests.simulation.seeds import violations_of

SEEDS = 20


@pytest.mark.parametrize("trouble", TROUBLES)
def test_heals_from(trouble: str) -> None:
    assert violations_of(Mode.LIVENESS, range(SEEDS), trouble) == []
