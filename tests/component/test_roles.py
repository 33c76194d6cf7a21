"""Owners and roles in a real PostgreSQL: what each may do, and what happens where the owner may create nothing."""

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
import pytest

from chassis.configuration import dsn
from chassis.configuration.settings import Settings, owner_database_url
from chassis.database import roles
from chassis.database.connecting import closed, connect
from chassis.database.migrations import migrate
from contracts.topics import WORKERS
from tests.support.world import World, at_database


@dataclass(frozen=True, slots=True)
class Plain:
    """An owner without CREATEDB and CREATEROLE. `administrator` is not that one."""

    world: World
    name: str

    @property
    def settings(self) -> Settings:
        """Those of migrations that the plain owner runs, for services with roles of their own."""
        url = dsn.with_login(self.world.database_url, self.name, "secret")
        plain = Settings(database_url=url)
        own = {
            name: dsn.with_login(owner_database_url(plain, name), self.role(name), "secret")
            for name in WORKERS
        }
        reader = dsn.with_login(owner_database_url(plain, "projector"), self.role("reader"), "secret")
        return plain.model_copy(update={"database_urls": own | {"ingress": reader}})

    def role(self, service: str) -> str:
        """The name of a service's role."""
        return f"{self.name}_{service}"

    async def as_administrator(self, *statements: str) -> None:
        """Run statements with all rights, as a preparation."""
        connection = await connect(at_database(self.world.database_url, "postgres"))
        try:
            for statement in statements:
                await connection.execute(statement)
        finally:
            await closed(connection)

    async def databases(self) -> None:
        """Create the services' databases."""
        for name in WORKERS:
            await self.as_administrator(f'CREATE DATABASE "{self.world.name}_{name}" OWNER "{self.name}"')


@pytest.fixture
async def plain(cluster: World) -> AsyncIterator[Plain]:
    found = Plain(cluster, f"plain{secrets.token_hex(4)}")
    await found.as_administrator(f"CREATE ROLE {found.name} LOGIN PASSWORD 'secret'")
    yield found
    for name in WORKERS:
        await found.as_administrator(f'DROP DATABASE IF EXISTS "{cluster.name}_{name}" WITH (FORCE)')
    for role in (*(found.role(name) for name in (*WORKERS, "reader")), found.name):
        await found.as_administrator(f"DROP ROLE IF EXISTS {role}")


async def refused(url: str, statement: str) -> bool:
    """Whether this is not allowed."""
    connection = await connect(url)
    try:
        await connection.execute(statement)
    except (asyncpg.InsufficientPrivilegeError, asyncpg.ReadOnlySQLTransactionError):
        return True
    finally:
        await closed(connection)
    return False


async def test_an_owner_who_may_create_nothing_migrates_what_is_there(plain: Plain) -> None:
    await plain.databases()
    for name in (*WORKERS, "reader"):
        await plain.as_administrator(f"CREATE ROLE {plain.role(name)} LOGIN PASSWORD 'secret'")
    settings = plain.settings
    for name in WORKERS:
        await migrate(name, settings)
        await migrate(name, settings)
        own = settings.database_urls[name]
        assert not await refused(own, "DELETE FROM progress")
        assert not await refused(own, "SELECT * FROM alembic_version")
        assert await refused(own, "DELETE FROM alembic_version")
        assert await refused(own, "DROP TABLE progress")
        assert await refused(own, "CREATE TABLE public.mine (id int)")
    reader = settings.database_urls["ingress"]
    assert not await refused(reader, "SELECT * FROM views.appointments")
    assert await refused(reader, "SELECT * FROM progress")
    assert await refused(reader, "DELETE FROM views.appointments")


async def test_tables_that_come_later_are_granted_too(plain: Plain) -> None:
    await plain.databases()
    await plain.as_administrator(f"CREATE ROLE {plain.role('booking')} LOGIN PASSWORD 'secret'")
    settings = plain.settings
    await migrate("booking", settings)
    owner = await connect(owner_database_url(settings, "booking"))
    await owner.execute("CREATE TABLE public.later (id int)")
    await closed(owner)
    assert not await refused(settings.database_urls["booking"], "INSERT INTO later VALUES (1)")


async def test_what_an_administrator_has_to_do_is_said(plain: Plain) -> None:
    with pytest.raises(roles.CannotGrant, match=f'CREATE DATABASE "{plain.world.name}_booking" OWNER'):
        await migrate("booking", plain.settings)
    await plain.databases()
    with pytest.raises(
        roles.CannotGrant, match=f'BOOKING_DATABASE_URL.*CREATE ROLE "{plain.role("booking")}"'
    ):
        await migrate("booking", plain.settings)


async def test_an_owner_who_may_creates_roles_and_changes_their_passwords(cluster: World) -> None:
    role = f"made{secrets.token_hex(4)}"
    settings = Settings(database_url=cluster.database_url)
    url = dsn.with_login(owner_database_url(settings, "booking"), role, "first ' password")
    try:
        await migrate("booking", settings.model_copy(update={"database_urls": {"booking": url}}))
        assert not await refused(url, "DELETE FROM progress")
        changed = dsn.with_login(url, role, "second")
        await migrate("booking", settings.model_copy(update={"database_urls": {"booking": changed}}))
        assert not await refused(changed, "DELETE FROM progress")
        with pytest.raises(asyncpg.InvalidPasswordError):
            await connect(url)
    finally:
        connection = await connect(at_database(cluster.database_url, "postgres"))
        await connection.execute(f'DROP DATABASE "{cluster.name}_booking" WITH (FORCE)')
        await connection.execute(f"DROP ROLE {role}")
        await closed(connection)


async def test_the_reader_has_another_password_than_the_owner(cluster: World) -> None:
    settings = Settings(database_url=cluster.database_url)
    await migrate("projector", settings)
    url = roles.reader_url(settings)
    assert dsn.password(url) not in ("", dsn.password(cluster.database_url))
    assert not await refused(url, "SELECT * FROM views.appointments")
    with pytest.raises(asyncpg.InvalidPasswordError):
        await connect(dsn.with_login(url, roles.READER, dsn.password(cluster.database_url)))
