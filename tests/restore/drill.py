"""The steps of a restore drill: read the state that booking decides from, lose a database, run commands."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from tests.component.booking.desk import Desk
from tests.support.world import at_database

# Everything that booking decides from, and where it goes on. Who was only ever refused is in no event: `people` and
# `organizations` are compared where they stand in both.
DECIDES_FROM = {
    "appointments": """SELECT id, organization_id, organizer_id, status, start_time, end_time, organizer_confirmed, version,
        state::text FROM appointments""",
    "occupancy": "SELECT user_id, during::text, appointment_id FROM occupancy",
    "series": """SELECT id, organization_id, timezone, local_start, rrule, exdates, rdates, booked_until, ended, version,
        template::text FROM series""",
    "occurrences": "SELECT series_id, original_start, appointment_id FROM occurrences",
    "availability": "SELECT user_id, organization_id, version, body::text, weekly::text FROM availability",
    "availability_dates": "SELECT user_id, day, ranges::text FROM availability_dates",
    "busy_times": "SELECT user_id, uid, during::text, source FROM busy_times",
    "busy_versions": "SELECT user_id, version FROM busy_versions",
    "holds": "SELECT id, organization_id, owner_id, user_ids, start_time, end_time, expires_at FROM holds",
    "held": "SELECT hold_id, user_id, start_time FROM held",
    "calendar_subscriptions": "SELECT user_id, organization_id, version, body::text FROM calendar_subscriptions",
    "feeds": "SELECT user_id, organization_id, version, token_hash FROM feeds",
    # A hold that is used up by its own batch is never saved; the flag may say "look" for it, and there is nothing.
    "organizations": """SELECT id, announced, announcers, has_availability, has_busy_times, held_until > now() FROM organizations""",
    "people": "SELECT id, organization_id, name, timezone, locale, roles, active FROM people",
    "decisions": """SELECT command_id, fingerprint, cause, decided_at, correlation_id, traceparent, appointment_id, accepted,
        outcome, event_type, event FROM decisions""",
    "further_events": "SELECT command_id, position, type, subject, event FROM further_events",
    "progress": "SELECT consumer, topic, partition, next_offset, cluster_id FROM progress",
}
State = dict[str, set[str]]


def database_of(desk: Desk, service: str = "booking") -> str:
    """The URL of a service's database."""
    return f"{desk.settings.database_url}_{service}"


async def state_of(url: str) -> State:
    """All rows that booking decides from, as text."""
    connection = await asyncpg.connect(url)
    try:
        return {
            table: {repr(tuple(row)) for row in await connection.fetch(query)}
            for table, query in DECIDES_FROM.items()
        }
    finally:
        await connection.close()


async def server(desk: Desk, statement: str) -> None:
    """Run a statement on the server's own database."""
    connection = await asyncpg.connect(at_database(desk.settings.database_url, "postgres"))
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


def name_of(url: str) -> str:
    """The database's name."""
    return url.rpartition("/")[2]


async def copied(desk: Desk, label: str) -> str:
    """A copy of booking's database, as a backup is; returns its URL. Nothing may be connected to it."""
    url = f"{desk.settings.database_url}_{label}"
    await server(desk, f'CREATE DATABASE "{name_of(url)}" TEMPLATE "{name_of(database_of(desk))}"')
    return url


async def lost(desk: Desk) -> None:
    """Booking's database is gone."""
    await server(desk, f'DROP DATABASE "{name_of(database_of(desk))}" WITH (FORCE)')


async def restored(desk: Desk, backup: str) -> None:
    """Booking's database is what the backup was."""
    await lost(desk)
    await server(desk, f'CREATE DATABASE "{name_of(database_of(desk))}" TEMPLATE "{name_of(backup)}"')


async def empty(settings: Settings) -> None:
    """`appointments migrate booking`."""
    await migrate("booking", settings)


async def command_line(desk: Desk, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`appointments …`, sent into the desk's world."""
    environment: Mapping[str, str] = {
        **os.environ,
        "KAFKA_BOOTSTRAP_SERVERS": desk.settings.kafka_bootstrap_servers,
        "DATABASE_URL": desk.settings.database_url,
        "TOPIC_PREFIX": desk.settings.topic_prefix,
        "IDENTITY_URL": desk.settings.identity_url,
    }
    argv = [sys.executable, "-m", "cli.main", *arguments]
    return await asyncio.to_thread(
        subprocess.run, argv, env=environment, capture_output=True, text=True, timeout=120, check=False
    )


async def rebuilt(desk: Desk, *arguments: str) -> dict[str, Any]:
    """`appointments rebuild booking`; returns its summary."""
    answer = await command_line(desk, "rebuild", "booking", "--json", *arguments)
    assert answer.returncode == 0, answer.stdout + answer.stderr
    summary: dict[str, Any] = orjson.loads(answer.stdout)
    return summary


def differences(
    before: State, after: State, but: Sequence[str] = ()
) -> dict[str, tuple[list[str], list[str]]]:
    """By table but those: some rows that are missing, and some that are new.

    Who was only ever refused is in no event, and need not be known.
    """
    found = {}
    for table in before.keys() - set(but):
        missing, new = before[table] - after[table], after[table] - before[table]
        if table in ("people", "organizations"):
            known = {row[:45] for row in after[table]}
            missing = {row for row in missing if row[:45] in known}
        if missing or new:
            found[table] = sorted(missing)[:3], sorted(new)[:3]
    return found


def patient(desk: Desk) -> Database:
    """Booking's database, for work that is one long transaction."""
    url = service_database_url(desk.settings, "booking")
    limits = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0"}
    return Database(url, application_name="test", server_settings=limits)


async def appointments_of(desk: Desk, count: int) -> list[UUID]:
    """Some appointments that the desk's booking knows, always the same."""
    connection = await asyncpg.connect(database_of(desk))
    try:
        rows = await connection.fetch("SELECT id FROM appointments ORDER BY start_time, id LIMIT $1", count)
        return [row[0] for row in rows]
    finally:
        await connection.close()
