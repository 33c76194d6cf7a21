"""Busy times by their source, over real Kafka and PostgreSQL."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database
from tests.component.booking.desk import NOON, Desk
from tests.component.booking.test_openings import HOUR, ask, busy, told

WHOLE = {"after": None, "until": None, "total": 2}


async def rows(desk: Desk) -> list[Any]:
    """All busy times, each with its source."""
    database = Database(service_database_url(desk.settings, "booking"), application_name="test")
    try:
        async with database.transaction() as tx:
            found = await tx.execute(text("SELECT uid, source FROM busy_times ORDER BY uid"))
            return [tuple(row) for row in found]
    finally:
        await database.dispose()


async def test_a_newer_file_replaces_its_calendar_and_a_removal_frees_it(desk: Desk) -> None:
    ben = desk.person()
    work = {"source": "work", "replaces": WHOLE}
    await ask(
        desk, "busy_times.import", ben, {"busy_times": [busy("a", NOON), busy("b", NOON + HOUR)], **work}
    )
    await ask(desk, "busy_times.import", ben, {"busy_times": [busy("c", NOON + 2 * HOUR)]})
    newer = {"busy_times": [busy("b", NOON + HOUR), busy("d", NOON + timedelta(days=1))], **work}
    second = await ask(desk, "busy_times.import", ben, newer)
    assert (second["imported"], second["removed"], second["version"]) == (1, 1, 3)
    _, _, change = await told(desk, "busy_times.changed", 3)
    assert (change["source"], change["removed"]) == ("work", ["a"])
    assert await rows(desk) == [("b", "work"), ("c", ""), ("d", "work")]
    removal = await ask(desk, "busy_times.remove", ben, {"source": "work"})
    assert (removal["removed"], removal["version"]) == (2, 4)
    assert await rows(desk) == [("c", "")]
    assert (await ask(desk, "busy_times.remove", ben, {}))["removed"] == 1
    assert await rows(desk) == []
