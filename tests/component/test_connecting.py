"""Several hosts in an address: the one that is asked for is found, also beside dead and silent ones."""

import socket
import time
from collections.abc import Iterator

import asyncpg
import pytest

from chassis.configuration import dsn
from chassis.configuration.settings import Settings, service_database_url
from chassis.database import connecting
from chassis.database.connecting import NoSuchHost, closed, connect
from chassis.database.migrations import migrate
from chassis.database.transactions import Database, is_not_now
from deploy.local.ports import free_port
from tests.support.world import World, at_database


@pytest.fixture
def silent() -> Iterator[str]:
    """A host that takes connections and never says a word, as one behind a broken network."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield f"127.0.0.1:{server.getsockname()[1]}"


def before(url: str, *hosts: str) -> str:
    """The same address with these hosts before its own."""
    login, _, own = url.removeprefix("postgresql://").rpartition("@")
    return f"postgresql://{login}@{','.join(hosts)},{own}"


async def test_dead_and_silent_hosts_are_passed_by_and_not_asked_first_again(
    cluster: World, silent: str
) -> None:
    url = before(at_database(cluster.database_url, "postgres"), f"127.0.0.1:{free_port()}", silent)
    await closed(await connect(url))
    again = time.monotonic()
    await closed(await connect(url))
    assert time.monotonic() - again < connecting.CONNECT_WITHIN / 3


async def test_a_password_that_is_refused_is_said_although_another_host_is_dead(cluster: World) -> None:
    wrong = dsn.with_login(at_database(cluster.database_url, "postgres"), "appointments", "wrong")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(before(wrong, f"127.0.0.1:{free_port()}"))


async def test_no_standby_is_no_server_for_now(cluster: World) -> None:
    url = at_database(cluster.database_url, "postgres") + "?target_session_attrs=standby"
    with pytest.raises(NoSuchHost) as caught:
        await connect(url)
    assert is_not_now(caught.value)


async def test_migrations_take_several_hosts(cluster: World) -> None:
    settings = Settings(
        database_url=before(cluster.database_url, f"127.0.0.1:{free_port()}")
        + "?target_session_attrs=read-write"
    )
    await migrate("booking", settings)
    database = Database(service_database_url(settings, "booking"), application_name="test")
    try:
        async with database.session() as session:
            assert await session.driver.fetchval("SELECT count(*) FROM alembic_version") == 1
    finally:
        await database.dispose()


async def test_sessions_of_a_primary_that_became_read_only_are_left(cluster: World) -> None:
    database = Database(at_database(cluster.database_url, "postgres"), application_name="test", pool_size=1)
    try:
        async with database.session() as session:
            first = await session.driver.fetchval("SELECT pg_backend_pid()")
            await session.driver.execute("SET default_transaction_read_only = on")
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with database.transaction() as tx:
                await tx.driver.execute("CREATE TABLE never (id int)")
        async with database.session() as session:
            assert await session.driver.fetchval("SELECT pg_backend_pid()") != first
    finally:
        await database.dispose()


@pytest.mark.parametrize("error", [asyncpg.InvalidPasswordError, asyncpg.InsufficientPrivilegeError])
def test_no_record_is_to_blame_for_a_login_or_a_privilege(error: type[asyncpg.PostgresError]) -> None:
    assert is_not_now(error("no"))
