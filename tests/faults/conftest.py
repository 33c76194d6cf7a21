"""The ledger in a world of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.faults.driver import Ledgers, ledgers_in
from tests.support import World


@pytest.fixture
async def ledgers(cluster: World, tmp_path: Path) -> AsyncIterator[Ledgers]:
    """The ledger on the Kafka and PostgreSQL that all tests share."""
    async with ledgers_in(cluster, tmp_path) as found:
        yield found
