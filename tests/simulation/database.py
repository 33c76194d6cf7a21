"""A model of PostgreSQL as the chassis uses it: row locks with a time-out, atomic commits, answers that are lost.

It reads the chassis' own statements: a row is locked only where the statement says FOR UPDATE, and a position is kept
from going back only where it says greatest().
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import Context
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import asyncpg
import orjson
from sqlalchemy import TextClause

from chassis.database import Database, Transaction
from tests.simulation.loop import PROCESS
from tests.simulation.world import KNOWN, Application, Place, World

LOCK_TIMEOUT = IDLE_IN_TRANSACTION = 5.0  # seconds, as chassis/database.py sets them
STATEMENT_TIMEOUT, LARGER_TIMEOUT = 8.0, 30.0
_OUTSIDE = Context()

Row = dict[str, Any]
Letter = tuple[str, int, int]


@dataclass
class Contents:
    """What is committed: progress, the ledger, dead letters."""

    progress: dict[Place, Row] = field(default_factory=dict)
    ledger: list[Application] = field(default_factory=list)
    letters: dict[Letter, Row] = field(default_factory=dict)
    applied: set[tuple[Place, int]] = field(default_factory=set)

    def enter(self, applications: Sequence[Application]) -> None:
        """Append to the ledger; `applied` has its positions."""
        self.ledger += applications
        self.applied |= {(entry.place, entry.offset) for entry in applications}

    def copy(self) -> "Contents":
        """The same, for a snapshot or a restore."""
        rows = {place: dict(row) for place, row in self.progress.items()}
        return Contents(rows, list(self.ledger), dict(self.letters), set(self.applied))


@dataclass
class Server:
    """The database server that all processes share."""

    world: World
    contents: Contents = field(default_factory=Contents)
    away_until: float = 0.0
    slow_until: float = 0.0
    committed: Callable[[], None] = lambda: None
    _locks: dict[Place, "deque[tuple[ModelTransaction, asyncio.Future[None]]]"] = field(default_factory=dict)
    _owners: dict[Place, "ModelTransaction"] = field(default_factory=dict)
    _open: "list[ModelTransaction]" = field(default_factory=list)

    def restore(self, snapshot: Contents, away: float) -> None:
        """Set everything back to a snapshot; nobody is connected any more, and nobody can connect for a while."""
        self.interrupt(away)
        self.contents = snapshot.copy()

    def interrupt(self, away: float) -> None:
        """Break all connections and refuse new ones for so many seconds."""
        self.away_until = self.world.now + away
        for tx in list(self._open):
            tx.abort(asyncpg.ConnectionDoesNotExistError("the connection was closed"))

    def disconnect(self, process: int) -> None:
        """The server notices that a process is gone."""
        for tx in [tx for tx in self._open if tx.process == process]:
            tx.abort(asyncpg.ConnectionDoesNotExistError("the connection was closed"))

    async def lock(self, place: Place, tx: "ModelTransaction") -> None:
        """Wait for a row. Raises LockNotAvailableError after the time-out."""
        if self._owners.setdefault(place, tx) is tx:
            return
        loop = asyncio.get_running_loop()
        granted: asyncio.Future[None] = loop.create_future()
        queue = self._locks.setdefault(place, deque())
        queue.append((tx, granted))

        def give_up() -> None:
            if not granted.done():
                granted.set_exception(
                    asyncpg.LockNotAvailableError("canceling statement due to lock timeout")
                )

        timer = loop.call_later(LOCK_TIMEOUT, give_up, context=_OUTSIDE)
        try:
            await granted
        finally:
            timer.cancel()

    def begin(self, tx: "ModelTransaction") -> None:
        """A transaction is open."""
        self._open.append(tx)

    def end(self, tx: "ModelTransaction") -> None:
        """A transaction is over: its locks go to those who wait."""
        if tx in self._open:
            self._open.remove(tx)
        for waiter, granted in [pair for queue in self._locks.values() for pair in queue]:
            if waiter is tx and not granted.done():
                granted.set_exception(tx.lost or asyncpg.InterfaceError("the transaction is over"))
        for place in [place for place, owner in self._owners.items() if owner is tx]:
            del self._owners[place]
            queue = self._locks.get(place, deque())
            while queue:
                next_, granted = queue.popleft()
                if not granted.done() and next_.lost is None:
                    self._owners[place] = next_
                    granted.set_result(None)
                    next_.watch()
                    break


class ModelTransaction(Transaction):
    """One transaction of one process."""

    __slots__ = (
        "_advanced", "_applied", "_letters", "_opened", "_server", "_timer", "limit", "lost", "process",
    )  # fmt: skip

    def __init__(self, server: Server) -> None:
        super().__init__(None)
        self.process = PROCESS.get()
        self.lost: Exception | None = None
        self.limit = STATEMENT_TIMEOUT
        self._server = server
        self._timer: asyncio.TimerHandle | None = None
        self._opened: dict[Place, Row] = {}
        self._advanced: list[tuple[Place, Row, bool]] = []
        self._applied: list[Application] = []
        self._letters: dict[Letter, Row] = {}

    # --- the server's side ------------------------------------------------------------------------------------------

    def abort(self, reason: Exception) -> None:
        """Roll back; whoever uses the transaction next gets the reason."""
        self.lost = self.lost or reason
        self._unwatch()
        self._server.end(self)

    def watch(self) -> None:
        """From now on the transaction is idle: end it if it stays so for too long."""
        self._unwatch()
        error = asyncpg.IdleInTransactionSessionTimeoutError("idle-in-transaction timeout")
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(IDLE_IN_TRANSACTION, self.abort, error, context=_OUTSIDE)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @asynccontextmanager
    async def _statement(self, seconds: float = 0.0) -> AsyncIterator[None]:
        """The way of a statement to the server and back. Raises what the driver would raise."""
        self._unwatch()
        await self._server.world.lag()
        self._check()
        if seconds:
            await asyncio.sleep(min(seconds, self.limit))
            self._check()
        if seconds > self.limit:
            self.abort(asyncpg.QueryCanceledError("canceling statement due to statement timeout"))
            self._check()
        yield
        if self.lost is None:
            self.watch()
        self._check()

    def _check(self) -> None:
        world = self._server.world
        if self.lost is None and world.now < self._server.away_until:
            self.abort(asyncpg.ConnectionDoesNotExistError("the server is away"))
        if self.lost is None and world.happens("connection lost", 0.003):
            self.abort(asyncpg.ConnectionDoesNotExistError("the connection was lost"))
        if self.lost is None and world.happens("deadlock", 0.001):
            self.abort(asyncpg.DeadlockDetectedError("deadlock detected"))
        if self.lost is not None:
            raise self.lost

    async def commit(self) -> None:
        """All of it or nothing; sometimes the answer is lost."""
        async with self._statement():
            contents = self._server.contents
            for place, row in self._opened.items():
                contents.progress.setdefault(place, row)
            for place, row, grows in self._advanced:
                _advance(contents.progress[place], row, grows)
            contents.enter(self._applied)
            contents.letters = {**self._letters, **contents.letters}
            self._server.committed()
            self._server.end(self)
        self._unwatch()
        await self._server.world.lag()
        if self._server.world.happens("answer lost", 0.01):
            raise asyncpg.ConnectionDoesNotExistError("committed, and the answer was lost")

    # --- what the chassis calls -------------------------------------------------------------------------------------

    async def execute(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> list[Any]:
        """Run one of the chassis' statements."""
        sql, values = statement.text, values or {}
        async with self._statement():
            if "INSERT INTO progress" in sql:
                self._open_rows(values)
            elif "UPDATE progress" in sql:
                await self._advance_rows(sql, values)
            elif "FROM progress" in sql and "topics" not in values:
                return [SimpleNamespace(**row) for row in self._server.contents.progress.values()]
            elif "FROM progress" in sql:
                return await self._rows(sql, values)
            elif "INSERT INTO dead_letters" in sql:
                self._keep_letters(values)
            elif "FROM dead_letters" in sql:
                return self._found_letters(values)
            elif "statement_timeout" in sql:
                self.limit = LARGER_TIMEOUT
            else:
                self._server.world.complain(KNOWN, sql)
                raise AssertionError(f"{KNOWN}: {sql}")
        return []

    async def scalar(self, statement: TextClause, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row, or None."""
        rows = await self.execute(statement, values)
        return next(iter(vars(rows[0]).values())) if rows else None

    def nested(self) -> AbstractAsyncContextManager[Any]:
        """A savepoint; the model's statements have nothing to take back."""
        return nullcontext()

    async def apply(self, applications: Sequence[Application], seconds: float) -> None:
        """Enter records in the ledger, with a statement that takes so long."""
        async with self._statement(seconds):
            self._applied += applications

    # --- statements -------------------------------------------------------------------------------------------------

    def _open_rows(self, values: Mapping[str, Any]) -> None:
        for number, place in enumerate(_places(values)):
            columns = {name: values[name] for name in values if not isinstance(values[name], list)}
            start = values["starts"][number]
            self._opened[place] = {
                "topic": place[0], "partition": place[1], "next_offset": start, "published_offset": start,
                "last_offset": None, "last_timestamp": None, **columns,
            }  # fmt: skip

    async def _rows(self, sql: str, values: Mapping[str, Any]) -> list[Any]:
        places = sorted(_places(values))
        if "FOR UPDATE" in sql:
            for place in places:
                await self._server.lock(place, self)
        rows = ({**self._opened, **self._server.contents.progress}.get(place) for place in places)
        return [SimpleNamespace(**row) for row in rows if row is not None]

    async def _advance_rows(self, sql: str, values: Mapping[str, Any]) -> None:
        for number, place in enumerate(_places(values)):
            await self._server.lock(place, self)
            row = {
                "next_offset": values["next"][number],
                "published_offset": values["published"][number],
                "last_offset": values["last"][number],
                "last_timestamp": values["stamps"][number],
            }
            self._advanced.append((place, row, "greatest(p.next_offset" in sql))

    def _keep_letters(self, values: Mapping[str, Any]) -> None:
        columns = ("topics", "partitions", "offsets", "keys", "values", "headers")
        for topic, partition, offset, key, value, headers in zip(
            *(values[name] for name in columns), strict=True
        ):
            row = {"topic": topic, "partition": partition, "offset": offset, "key": key, "value": value}
            self._letters[topic, partition, offset] = {**row, "headers": orjson.loads(headers)}

    def _found_letters(self, values: Mapping[str, Any]) -> list[Any]:
        wanted = zip(values["topics"], values["partitions"], values["offsets"], strict=True)
        found = (self._server.contents.letters.get(letter) for letter in wanted)
        return [SimpleNamespace(**row) for row in found if row is not None]


class ModelDatabase(Database):
    """One process's pool of connections."""

    def __init__(self, server: Server) -> None:
        super().__init__("postgresql://model", application_name="model")
        self._server = server

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction. Raises what asyncpg raises while the server is away."""
        await self._server.world.lag()
        if self._server.world.now < self._server.away_until:
            raise ConnectionRefusedError("the server is away")
        tx = ModelTransaction(self._server)
        self._server.begin(tx)
        tx.watch()
        try:
            yield tx
            await tx.commit()
        finally:
            tx.abort(asyncpg.InterfaceError("the transaction is over"))

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Transaction]:
        """Statements that are each a transaction of its own; here they only read."""
        async with self.transaction() as tx:
            yield tx


def _advance(row: Row, to: Row, grows: bool) -> None:
    """The arithmetic of the chassis' statement."""
    next_ = max(row["next_offset"], to["next_offset"]) if grows else to["next_offset"]
    published = min(to["published_offset"], next_)
    row["next_offset"] = next_
    row["published_offset"] = max(row["published_offset"], published) if grows else published
    if to["last_offset"] is not None and to["last_offset"] > (
        -1 if row["last_offset"] is None else row["last_offset"]
    ):
        row["last_offset"], row["last_timestamp"] = to["last_offset"], to["last_timestamp"]


def _places(values: Mapping[str, Any]) -> list[Place]:
    return list(zip(values["topics"], values["partitions"], strict=True))
