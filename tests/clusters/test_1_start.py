"""The fleet, its migrations and the command line on secured clusters, while the broker that is named first is down."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import asyncpg
import httpx
import orjson
import pytest

from chassis.database.connecting import connect
from contracts.topics import WORKERS
from tests.clusters.brokers import Brokers
from tests.clusters.certificates import Authority
from tests.clusters.fleet import DATABASE
from tests.clusters.servers import Servers
from tests.e2e.user import Users, free_day
from tests.support import eventually
from tests.support.cli import Cli


async def test_everything_is_ready_without_the_first_broker(fleet: Cli, brokers: Brokers) -> None:
    assert not brokers.children[0].running

    async def ready() -> bool:
        services = await fleet.services()
        assert all(service["ready"] for service in services.values()), services
        return True

    await eventually(ready, 120, interval=0.5)


async def test_a_booking_by_http_is_decided_and_shown(fleet: Cli) -> None:
    users = await Users.of(await fleet.env())
    mira, jonas = await users("mira@nordlicht.example"), await users("jonas@nordlicht.example")
    day = free_day()
    await mira.book(day, jonas)
    assert len(await jonas.calendar(day)) == 1


async def test_the_command_line_publishes_follows_and_reads(fleet: Cli) -> None:
    start = free_day()
    fields = {
        "title": "From the command line",
        "start_time": start.isoformat(),
        "end_time": (start + timedelta(hours=1)).isoformat(),
        "timezone": "Europe/Berlin",
        "participant_ids": "mira@nordlicht.example",
    }
    sets = [word for name, value in fields.items() for word in ("--set", f"{name}={value}")]
    published = await fleet("publish", "appointment.create", *sets, "--follow", "--timeout", "60")
    assert published.returncode == 0, published.stdout + published.stderr
    for arguments in (("topics",), ("dlq", "ls"), ("migrate",), ("replay", "calendar")):
        answer = await fleet(*arguments)
        assert answer.returncode == 0, (arguments, answer.stdout[-500:], answer.stderr)


async def test_a_rebuilt_view_is_written_and_read_by_the_same_roles(fleet: Cli) -> None:
    users = await Users.of(await fleet.env())
    mira, jonas = await users("mira@nordlicht.example"), await users("jonas@nordlicht.example")
    assert (await fleet("replay", "calendar")).returncode == 0
    day = free_day()
    await mira.book(day, jonas)
    assert len(await mira.calendar(day)) == 1


async def test_services_change_rows_and_define_nothing(fleet: Cli, servers: Servers) -> None:
    for name in WORKERS:
        own = await connect(servers.url(f"{DATABASE}_{name}", f"fleet_{name}", f"{name}-secret"))
        try:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await own.execute("CREATE TABLE public.mine (id int)")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await own.execute("DROP TABLE progress")
        finally:
            own.terminate()


async def test_the_ingress_reads_views_and_nothing_else(fleet: Cli, servers: Servers) -> None:
    url = servers.url(f"{DATABASE}_projector", "fleet_reader", "reader-secret")
    reader = await connect(url.replace("read-write", "primary"))
    try:
        await reader.fetch("SELECT id FROM views.appointments LIMIT 1")
        for forbidden in ("DELETE FROM views.commands", "SELECT * FROM progress"):
            with pytest.raises((asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError)):
                await reader.execute(forbidden)
    finally:
        reader.terminate()


async def test_the_owners_password_is_not_the_readers(servers: Servers, fleet: Cli) -> None:
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(servers.url(f"{DATABASE}_projector", "fleet_reader").replace("read-write", "primary"))


async def test_a_database_whose_certificate_is_another_authoritys_is_refused(
    servers: Servers, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other")
    url = servers.url("postgres").replace(
        quote(str(servers.authority.certificate), safe=""), quote(str(other.certificate), safe="")
    )
    with pytest.raises(OSError, match="certificate verify failed"):
        await connect(url)


async def test_acls_are_printed_for_each_process(fleet: Cli) -> None:
    answer = await fleet("topics", "--acls", "--json")
    assert answer.returncode == 0, answer.stderr
    found = [orjson.loads(line) for line in answer.stdout.splitlines()]
    assert {acl["process"]: acl["principal"] for acl in found}["booking"] == "User:booking"
    async with httpx.AsyncClient() as client:
        health = (await client.get((await fleet.env())["INGRESS_URL"] + "/health/appointments")).json()
    assert health["ready"], health
