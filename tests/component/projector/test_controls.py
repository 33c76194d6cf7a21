"""Negative controls: without one of the projector's safeguards, the check that is named must fail."""

from services.projector.domain import calendar
from tests.component.projector import test_views
from tests.component.projector.driver import Projector
from tests.support.mutation import changed, must_fail


async def test_without_the_version_guard(projector: Projector) -> None:
    with changed(calendar, "project", ("change.version > known.get", "True or change.version > known.get")):
        async with must_fail("version guard"):
            await test_views.test_swapped_versions_end_the_same(projector)
