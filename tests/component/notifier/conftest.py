"""The notifier in a world of its own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.component.notifier.office import Office, open_office
from tests.support import World


@pytest.fixture
async def closed_office(cluster: World, tmp_path: Path) -> AsyncIterator[Office]:
    """Database, topics and Communication Service, and no notifier yet."""
    async with open_office(cluster, tmp_path / "communication") as office:
        yield office


@pytest.fixture
async def office(closed_office: Office) -> Office:
    """With one notifier at work."""
    await closed_office.start()
    return closed_office
