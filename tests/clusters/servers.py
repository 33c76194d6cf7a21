"""A PostgreSQL primary and its synchronous standby, both with TLS only; the primary can be killed, the other promoted."""

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from chassis import dsn
from chassis.connecting import closed, connect
from deploy.local.ports import HOST, free_port
from deploy.local.postgres import USER, Postgres, _binary, _unprivileged
from deploy.local.process import Child
from tests.clusters.certificates import Authority
from tests.support import eventually

START_SECONDS = 90.0
STANDBY = "standby"


class SecurePostgres(Postgres):
    """A server that takes TLS connections only, and may be copied."""

    def __init__(self, home: Path, port: int, authority: Authority, name: str) -> None:
        super().__init__(home, port)
        self.name = name
        self._pair = authority.sign(name)
        self.primary = ""

    async def prepare(self) -> None:
        """The usual, with certificates beside the data."""
        await super().prepare()
        for file, target in ((self._pair.certificate, "server.crt"), (self._pair.key, "server.key")):
            shutil.copyfile(file, self.data / target)
            (self.data / target).chmod(0o600)
        with (self.data / "local.conf").open("a") as settings:
            settings.write(
                "ssl = on\nssl_cert_file = 'server.crt'\nssl_key_file = 'server.key'\n"
                "wal_level = replica\nhot_standby = on\nmax_wal_senders = 5\nwal_keep_size = '256MB'\n"
                "shared_buffers = '64MB'\n" + self.primary
            )
        (self.data / "pg_hba.conf").write_text(
            f"hostssl all all {HOST}/32 scram-sha-256\nhostssl replication all {HOST}/32 scram-sha-256\n"
        )

    async def follow(self, primary: "SecurePostgres") -> None:
        """Become a copy of a running primary, which goes on as its standby."""
        password = dsn.password(primary.server_url)
        self.data.parent.mkdir(parents=True, exist_ok=True)
        self.password_file.write_text(password + "\n")
        where = ["-h", HOST, "-p", str(primary.port), "-U", USER]
        argv = [*_unprivileged(), _binary("pg_basebackup"), *where, "-D", str(self.data), "-c", "fast"]
        ran = await asyncio.to_thread(
            subprocess.run, argv, env={"PGPASSWORD": password, "PGSSLMODE": "require"}, capture_output=True
        )
        assert ran.returncode == 0, ran.stderr.decode()
        (self.data / "standby.signal").touch()
        self.primary = (
            f"primary_conninfo = 'host={HOST} port={primary.port} user={USER} password={password} "
            f"sslmode=require application_name={STANDBY}'\n"
        )


@dataclass(slots=True)
class Servers:
    """The two of them."""

    primary: Child
    standby: Child
    authority: Authority

    def url(self, database: str, user: str = USER, password: str = "", options: str = "") -> str:
        """An address as managed PostgreSQL hands it out: both hosts, TLS verified, the writable one."""
        program, other = self.primary.program, self.standby.program
        assert isinstance(program, SecurePostgres)
        assert isinstance(other, SecurePostgres)
        secret = quote(password or dsn.password(program.server_url), safe="")
        trusted = quote(str(self.authority.certificate), safe="")
        return (
            f"postgresql://{user}:{secret}@{HOST}:{program.port},{HOST}:{other.port}/{database}"
            f"?sslmode=verify-full&sslrootcert={trusted}&target_session_attrs=read-write{options}"
        )

    async def sql(self, query: str, database: str = "postgres", url: str = "") -> list[tuple[object, ...]]:
        """Ask as the owner."""
        connection = await connect(url or self.url(database))
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await closed(connection)

    async def promote(self) -> None:
        """Let the standby become the primary."""
        url = self.url("postgres").replace("read-write", "any").replace(f"{self._port(self.primary)},", "1,")
        await self.sql("SELECT pg_promote(true, 60)", url=url)

    def _port(self, child: Child) -> int:
        assert isinstance(child.program, SecurePostgres)
        return child.program.port


@asynccontextmanager
async def primary_and_standby(home: Path, authority: Authority) -> AsyncIterator[Servers]:
    """Both below `home`, in step: what is acknowledged is on both."""
    first = SecurePostgres(home / "primary", free_port(), authority, "primary")
    second = SecurePostgres(home / "standby", free_port(), authority, STANDBY)
    primary, standby = (Child(one, home / "logs" / f"{one.name}.log") for one in (first, second))
    servers = Servers(primary, standby, authority)
    try:
        await primary.start_ready(START_SECONDS)
        await second.follow(first)
        await standby.start_ready(START_SECONDS)
        await servers.sql(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        await servers.sql("SELECT pg_reload_conf()")

        async def in_step() -> bool:
            return await servers.sql("SELECT sync_state FROM pg_stat_replication") == [("sync",)]

        await eventually(in_step, START_SECONDS, interval=0.2)
        yield servers
    finally:
        await asyncio.gather(*(child.kill() for child in (standby, primary) if child.running))
