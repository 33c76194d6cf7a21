"""The roles that services connect as: each can read and write the rows of its own tables, and define nothing.

The owner of the tables creates and equips them after each migration. An owner who may not create roles is content with
roles that are there; whatever is missing then is named in one sentence, with the administrator's remedy.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg

from chassis.configuration import dsn
from chassis.configuration.settings import Settings, owner_database_url, service_database_url
from chassis.database.connecting import closed, connect
from chassis.database.scram import verifier

READER = "appointments_reader"
READ_BY_INGRESS = "projector"  # the service whose tables the ingress reads
_GRANTING = 7_316_520_003  # any constant: the advisory lock for grants in one database
_TRIES = 5
_VERSIONS = (
    "alembic_version",
    "chassis_version",
)  # which revision the schema has: only migrations write that

_TABLES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relname AS plain, n.nspname AS schema, c.relkind = 'S' AS sequence
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
_MISSING_ON_TABLE = """
    SELECT privilege FROM unnest($3::text[]) AS privilege WHERE NOT has_table_privilege($1, $2, privilege)
"""


class CannotGrant(Exception):
    """The owner lacks a right; the message names it and the remedy."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role to let into a database; `reads_only`: it can change nothing. `variable` names it and its password."""

    name: str
    password: str
    variable: str
    reads_only: bool = False


def of(settings: Settings, service: str) -> list[Role]:
    """The roles of a service's database, its owner left out; the projector's has one for the ingress."""
    owner = dsn.user(owner_database_url(settings, service))
    url = service_database_url(settings, service)
    found = [Role(dsn.user(url), dsn.password(url), f"{service.upper()}_DATABASE_URL")]
    if service == READ_BY_INGRESS:
        reader = reader_url(settings)
        found.append(Role(dsn.user(reader), dsn.password(reader), "INGRESS_DATABASE_URL", reads_only=True))
    return [role for role in found if role.name != owner]


def reader_url(settings: Settings) -> str:
    """The projector's database as the ingress reads it: INGRESS_DATABASE_URL, else as `appointments_reader`.

    Without that variable the password is made from the one in the projector's own address, and does not give that
    one away; where there is none (certificates, trust), there is none here.
    """
    given = settings.database_urls.get("ingress")
    if given:
        return dsn.for_reader(given)
    url = service_database_url(settings, READ_BY_INGRESS)
    secret = dsn.password(url)
    return dsn.for_reader(dsn.with_login(url, READER, derived_password(secret, READER) if secret else ""))


def derived_password(owner: str, role: str) -> str:
    """A password for a role, made from another that is never to be guessed from it."""
    return hmac.new(owner.encode(), role.encode(), hashlib.sha256).hexdigest()


async def create(url: str, wanted: Sequence[Role]) -> None:
    """Create the roles that are absent, and give the others their present password where we may."""
    for role in wanted:
        connection = await connect(url)
        try:
            await _create(connection, role, dsn.user(url))
        finally:
            await closed(connection)


async def named_like(url: str) -> list[Role]:
    """The role that has the name of its database, where there is one: the local stack gives each service such a role.

    A database that was lost and is made anew by the owner lets it in again, regardless of the role that runs the migrations.
    """
    name = dsn.database(url)
    connection = await connect(url)
    try:
        there = await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", name)
    finally:
        await closed(connection)
    return [Role(name, "", "a role named like its database")] if there and name != dsn.user(url) else []


async def grant(url: str, wanted: Sequence[Role]) -> None:
    """Let the roles use the tables that there are, and by default those that the owner will make."""
    if not wanted:
        return
    connection = await connect(url)
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _GRANTING)
        for role in wanted:
            try:
                await _grant(connection, role, dsn.database(url))
            except asyncpg.InsufficientPrivilegeError as error:
                raise CannotGrant(
                    f"{dsn.user(url)} may not give {role.name} ({role.variable}) its rights in "
                    f"{dsn.database(url)}: {error}; the owner of the tables has to run the migrations"
                ) from error
    finally:
        await closed(connection)


async def _create(connection: Any, role: Role, owner: str) -> None:
    """Roles belong to the whole server: others may create the same one for another database at this moment."""
    name = _quoted(role.name)
    for attempt in range(1, _TRIES + 1):
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role.name):
                await connection.execute(f"CREATE ROLE {name} LOGIN{_secret(role)}")
            elif await _may_alter(connection, role.name):
                await connection.execute(f"ALTER ROLE {name} LOGIN{_secret(role)}")
            else:
                return
            if role.reads_only:
                await connection.execute(f"ALTER ROLE {name} SET default_transaction_read_only = on")
        except asyncpg.InsufficientPrivilegeError as error:
            raise CannotGrant(
                f"the role {role.name} ({role.variable}) does not exist, and {owner} may not create it: as an "
                f"administrator, CREATE ROLE {name} LOGIN PASSWORD '…'"
            ) from error
        except (asyncpg.DuplicateObjectError, asyncpg.UniqueViolationError, asyncpg.InternalServerError):
            if attempt == _TRIES:
                raise
        else:
            return


async def _may_alter(connection: Any, name: str) -> bool:
    """Return whether we may set this role's password: as a superuser, or as its creator."""
    return bool(
        await connection.fetchval(
            """
            SELECT me.rolsuper OR (me.rolcreaterole AND NOT it.rolsuper AND EXISTS (
                SELECT FROM pg_auth_members m WHERE m.roleid = it.oid AND m.member = me.oid AND m.admin_option))
            FROM pg_roles me, pg_roles it WHERE me.rolname = current_user AND it.rolname = $1
            """,
            name,
        )
    )


async def _grant(connection: Any, role: Role, database: str) -> None:
    name = _quoted(role.name)
    if not await connection.fetchval("SELECT has_database_privilege($1, $2, 'CONNECT')", role.name, database):
        await connection.execute(f"GRANT CONNECT ON DATABASE {_quoted(database)} TO {name}")
    tables = [row for row in await connection.fetch(_TABLES) if _concerns(role, row)]
    for schema in sorted({row["schema"] for row in tables}):
        if not await connection.fetchval("SELECT has_schema_privilege($1, $2, 'USAGE')", role.name, schema):
            await connection.execute(f"GRANT USAGE ON SCHEMA {_quoted(schema)} TO {name}")
        allowed = ", ".join(_privileges(role, ""))
        await connection.execute(
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {_quoted(schema)} GRANT {allowed} ON TABLES TO {name}"
        )
    for row in tables:
        if row["sequence"]:
            if not await connection.fetchval(
                "SELECT has_sequence_privilege($1, $2, 'USAGE')", role.name, row["name"]
            ):
                await connection.execute(f"GRANT USAGE ON SEQUENCE {row['name']} TO {name}")
            continue
        missing = await connection.fetch(
            _MISSING_ON_TABLE, role.name, row["name"], _privileges(role, row["plain"])
        )
        if missing:
            allowed = ", ".join(item["privilege"] for item in missing)
            await connection.execute(f"GRANT {allowed} ON TABLE {row['name']} TO {name}")


def _concerns(role: Role, row: Any) -> bool:
    """A role that only reads sees the views: neither positions nor dead letters, which are in `public`."""
    return not role.reads_only or (row["schema"] != "public" and not row["sequence"])


def _privileges(role: Role, table: str) -> list[str]:
    return ["SELECT"] if role.reads_only or table in _VERSIONS else ["SELECT", "INSERT", "UPDATE", "DELETE"]


def _quoted(name: str) -> str:
    escaped = name.replace('"', '""')
    return f'"{escaped}"'


def _secret(role: Role) -> str:
    """The password as SQL, none for a role without: as what proves it (RFC 5803), so that no server logs it."""
    if not role.password:
        return ""
    shown = verifier(role.password) if role.password.isascii() else role.password
    escaped = shown.replace("'", "''")
    return f" PASSWORD '{escaped}'"
