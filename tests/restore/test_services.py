"""The databases of projector, reminders and notifier are lost, one by one, and come back as docs/runbook.md says."""

from typing import Any

import asyncpg
import pytest

from tests.e2e.conftest import stack, urls, users
from tests.e2e.user import Users, free_day
from tests.faults.fleet import all_ready, kill
from tests.support import eventually
from tests.support.cli import Cli
from tests.support.world import at_database

__all__ = ["stack", "urls", "users"]

# What each of them works by. The history of deliveries is gone with the notifier's database: the views have it.
WORKS_BY = {
    "projector": (
        "SELECT id, version, status, start_time FROM views.appointments",
        "SELECT appointment_id, user_id FROM views.attendees",
        "SELECT user_id, version FROM views.preferences",
    ),
    "reminders": (
        "SELECT id, appointment_id, recipient_id, due_at, channels FROM timers WHERE state = 'pending'",
        "SELECT person_id, version, body FROM preferences",
    ),
    "notifier": ("SELECT user_id, version FROM preferences",),
}
Rows = list[set[str]]


async def _rows(urls: dict[str, str], service: str) -> Rows:
    connection = await asyncpg.connect(f"{urls['DATABASE_URL']}_{service}")
    try:
        return [{repr(tuple(row)) for row in await connection.fetch(query)} for query in WORKS_BY[service]]
    finally:
        await connection.close()


async def _lose(urls: dict[str, str], service: str) -> None:
    name = f"{urls['DATABASE_URL']}_{service}".rpartition("/")[2]
    connection = await asyncpg.connect(at_database(urls["DATABASE_URL"], "postgres"))
    try:
        await connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')
    finally:
        await connection.close()


@pytest.fixture(scope="module")
async def in_use(stack: Cli, users: Users) -> Cli:
    """The stack, with two appointments of which one was moved, and somebody who wants no e-mail."""
    jonas, mira = await users("jonas@nordlicht.example"), await users("mira@nordlicht.example")
    first = await jonas.book(free_day(), mira)
    await jonas.book(free_day(), mira)
    moved = free_day()
    times: dict[str, Any] = {
        "start_time": moved.isoformat(),
        "end_time": moved.replace(hour=10).isoformat(),
    }
    answer = await jonas.http.patch(f"/{first['id']}", json=times)
    assert answer.status_code == 200, answer.text
    answer = await mira.http.put("/preferences", json={"channels": {"email": False, "push": True}})
    assert answer.status_code == 200, answer.text
    await all_ready(stack)
    return stack


@pytest.mark.parametrize("service", list(WORKS_BY))
async def test_a_lost_database_comes_back(in_use: Cli, urls: dict[str, str], service: str) -> None:
    before = await _rows(urls, service)
    assert all(before), "each query has something to lose"
    await _lose(urls, service)
    migrated = await in_use("migrate", service)
    assert migrated.returncode == 0, migrated.stdout + migrated.stderr
    if service == "notifier":
        restored = await in_use("restore", "preferences", "--json")
        assert restored.returncode == 0, restored.stdout + restored.stderr
    await kill(in_use, service)

    async def as_before() -> bool:
        now = await _rows(urls, service)
        assert now == before
        return True

    await eventually(as_before, 90, interval=0.5)
    await all_ready(in_use)
