"""A projector in a world of its own."""

from collections.abc import AsyncIterator

import pytest
import structlog

from chassis.database.migrations import migrate
from chassis.topics.creation import ensure_topics
from services.projector.settings import ProjectorSettings
from tests.component.projector.driver import Projector, settings_of
from tests.support import World


@pytest.fixture(autouse=True, scope="session")
def plain_logs() -> None:
    """structlog's console renderer takes seconds to paint the traceback of a failed batch."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.JSONRenderer(default=str)]
    )


@pytest.fixture
async def projector(cluster: World) -> AsyncIterator[Projector]:
    """Topics and schema are there; the service is started by the test."""
    settings: ProjectorSettings = settings_of(cluster)
    await ensure_topics(settings)
    await migrate("projector", settings)
    driven = Projector(settings)
    await driven.connect()
    try:
        yield driven
    finally:
        await driven.close()
