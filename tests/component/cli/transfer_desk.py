"""Booking at work for the tests of moving in and out, and files for it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from tests.component.booking.desk import NOON, Desk, an_hour, open_desk
from tests.component.booking.identity import Identity
from tests.support import World


@asynccontextmanager
async def working_desk(world: World) -> AsyncIterator[Desk]:
    """Booking at work in a world, with an Identity Service."""
    identity = Identity()
    await identity.start()
    async with open_desk(world, identity) as found:
        await found.start()
        yield found
    await identity.stop()


def people_file(desk: Desk, folder: Path) -> str:
    """Everybody, as `appointments people --json` prints them."""
    path = folder / "people.json"
    path.write_bytes(orjson.dumps(list(desk.identity.people.values())))
    return str(path)


def hours(count: int, organizer: UUID, *participants: UUID) -> list[dict[str, Any]]:
    """So many appointments of one person, hour after hour."""
    return [
        an_hour(NOON + timedelta(hours=number), *participants)
        | {"organizer_id": str(organizer), "title": f"Visit {number}", "id": f"crm-{number}"}
        for number in range(count)
    ]


def file_of(rows: list[dict[str, Any]], folder: Path) -> str:
    """The rows as NDJSON."""
    path = folder / "appointments.ndjson"
    path.write_bytes(b"".join(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows))
    return str(path)
