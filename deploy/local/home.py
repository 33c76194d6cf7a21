"""A stack's home folder: its owner, its addresses, and the lock that only one `up` can hold."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

Phase = Literal["starting", "ready", "slow", "stopping", "stopped"]
"""`slow`: started, and not everything was ready in time; it goes on."""


class AlreadyRunning(Exception):
    """Another `up` runs on this home."""


@dataclass(frozen=True, slots=True)
class ProcessRecord:
    """A supervised process in the state file; `pid` and `started_at` (seconds since 1970) are None while it is down."""

    name: str
    pid: int | None
    state: str
    restarts: int
    log: str
    health_url: str | None = None
    started_at: float | None = None


@dataclass(frozen=True, slots=True)
class StackRecord:
    """The content of the state file. `urls` are the lines of `appointments env`, the secret among them."""

    pid: int
    phase: Phase
    urls: dict[str, str]
    processes: list[ProcessRecord] = field(default_factory=list)


class Home:
    """The folder that holds one stack's data, logs, passwords and state."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()

    @property
    def logs(self) -> Path:
        """The folder of logs, a file for each process."""
        return self.path / "logs"

    @property
    def webhook_secret(self) -> str:
        """The secret that signs webhooks of the Communication Service."""
        return self._secret("webhook.secret")

    @property
    def calendar_secret(self) -> str:
        """The secret that seals the addresses of subscribed calendars."""
        return self._secret("calendar.secret")

    @property
    def feed_secret(self) -> str:
        """The secret from which addresses of calendars are made."""
        return self._secret("feed.secret")

    def _secret(self, name: str) -> str:
        """Return a secret that is created on first use, readable by us only."""
        file = self.path / name
        if not file.exists():
            import secrets  # here, because commands that must answer at once need no secret made

            self.make()
            descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as fresh:
                fresh.write(secrets.token_urlsafe(32) + "\n")
        return file.read_text().strip()

    def make(self) -> None:
        """Make the folder, and close it to everybody else: it holds passwords, appointments and messages."""
        self.path.mkdir(parents=True, exist_ok=True, mode=0o700)
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o700)

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Own this home while the context lasts. Raises AlreadyRunning if another process does.

        The kernel drops the lock with its owner, so a killed `up` never blocks the next one.
        """
        self.make()
        with self._lock_file.open("a") as lock:
            if not _try_lock(lock.fileno()):
                raise AlreadyRunning
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    def owner(self) -> int | None:
        """Return the id of the process that owns this home now; None if none does."""
        if not self._lock_file.exists():
            return None
        with self._lock_file.open("r") as lock:
            return None if _try_lock(lock.fileno()) else int(lock.read() or 0) or None

    def running(self) -> StackRecord | None:
        """Return the state that the present owner wrote; None without an owner, or before it wrote."""
        record, owner = self.read(), self.owner()
        return record if record is not None and record.pid == owner else None

    def write(self, record: StackRecord) -> None:
        """Replace the state file in one step. It contains the database's password, so only its owner may read
        it.
        """
        fresh = self._state_file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as file:
            json.dump(asdict(record), file, indent=1)
        fresh.replace(self._state_file)

    def read(self) -> StackRecord | None:
        """Return the state that the last owner wrote, alive or not; None if there was never one."""
        try:
            document: dict[str, Any] = json.loads(self._state_file.read_text())
        except (FileNotFoundError, ValueError):
            return None
        processes = [ProcessRecord(**process) for process in document.pop("processes")]
        return StackRecord(**document, processes=processes)

    @property
    def _lock_file(self) -> Path:
        return self.path / "up.lock"

    @property
    def _state_file(self) -> Path:
        return self.path / "stack.json"


def _try_lock(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
