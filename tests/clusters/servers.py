"""A PostgreSQL primary and its synchronous standby, both with TLS only; the primary can be killed, the other promoted."""

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from chassis.configuration import dsn
from chassis.database.connecting import closed, connect
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import USER, Postgres, _binary, _unprivileged
from deploy.local.process import Child
from tests.clusters.certificates import Authority
from tests.clusters.tls import tls_before
from tests.support import eventually

START_SECONDS = 90.0
STANDBY = "standby"
_REPLICATED = """\
wal_level = replica
hot_standby = on
max_wal_senders = 5
wal_keep_size = '256MB'
shared_buffers = '64MB'
"""


class Replicated(Postgres):
    """A server that may be copied, or follows another."""

    def __init__(self, home: Path, name: str) -> None:
        super().__init__(home, free_port())
        self.name = name
        self._following = ""

    async def prepare(self) -> None:
        """The usual, with what replication needs."""
        await super().prepare()
        with (self.data / "local.conf").open("a") as settings:
            settings.write(_REPLICATED + self._following)

    async def follow(self, primary: "Replicated") -> None:
        """Become a copy of a running primary, which goes on as its standby."""
        password = dsn.password(primary.server_url)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.password_file.write_text(password + "\n")
        where = ["-h", HOST, "-p", str(primary.port), "-U", USER]
        argv = [*_unprivileged(), _binary("pg_basebackup"), *where, "-D", str(self.data), "-c", "fast"]
        ran = await asyncio.to_thread(
            subprocess.run, argv, env={"PGPASSWORD": password}, capture_output=True, check=False
        )
        assert ran.returncode == 0, ran.stderr.decode()
        (self.data / "standby.signal").touch()
        self._following = (
            f"primary_conninfo = 'host={HOST} port={primary.port} user={USER} password={password} "
            f"application_name={STANDBY}'\n"
        )


@dataclass(slots=True)
class Servers:
    """The two of them. `hosts`: where they speak TLS, the primary's first."""

    primary: Child
    standby: Child
    hosts: tuple[str, str]
    password: str
    authority: Authority

    def url(self, database: str, user: str = USER, password: str = "") -> str:
        """An address as managed PostgreSQL hands it out: both hosts, TLS verified, the writable one."""
        login = f"{user}:{quote(password or self.password, safe='')}"
        trusted = quote(str(self.authority.certificate), safe="")
        options = f"sslmode=verify-full&sslrootcert={trusted}&target_session_attrs=read-write"
        return f"postgresql://{login}@{','.join(self.hosts)}/{database}?{options}"

    async def sql(self, query: str, database: str = "postgres", url: str = "") -> list[tuple[object, ...]]:
        """Ask as the owner."""
        connection = await connect(url or self.url(database))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await closed(connection)

    @property
    def writable(self) -> int:
        """The port of the server that is the primary now, without TLS."""
        child = self.primary if self.primary.running else self.standby
        assert isinstance(child.program, Postgres)
        return child.program.port

    async def promote(self) -> None:
        """Let the standby become the primary."""
        url = self.url("postgres").replace("read-write", "standby")
        await self.sql("SELECT pg_promote(true, 60)", url=url)


@asynccontextmanager
async def primary_and_standby(home: Path, authority: Authority) -> AsyncIterator[Servers]:
    """Both below `home`, in step: what is acknowledged is on both."""
    first, second = Replicated(home / "primary", "primary"), Replicated(home / "standby", STANDBY)
    primary, standby = (Child(one, home / "logs" / f"{one.name}.log") for one in (first, second))
    async with AsyncExitStack() as stack:
        ports = [
            await stack.enter_async_context(tls_before(one.port, authority.sign(one.name)))
            for one in (first, second)
        ]
        hosts = (f"{HOST}:{ports[0]}", f"{HOST}:{ports[1]}")
        try:
            await primary.start_ready(START_SECONDS)
            servers = Servers(primary, standby, hosts, dsn.password(first.server_url), authority)
            await second.follow(first)
            await standby.start_ready(START_SECONDS)
            await _in_step(servers)
            yield servers
        finally:
            await asyncio.gather(*(child.kill() for child in (standby, primary) if child.running))


async def _in_step(servers: Servers) -> None:
    await servers.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
    await servers.sql("SELECT pg_reload_conf()")

    async def in_step() -> bool:
        return await servers.sql("SELECT sync_state FROM pg_stat_replication") == [("sync",)]

    await eventually(in_step, START_SECONDS, interval=0.2)
