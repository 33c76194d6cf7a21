"""One transaction on the model database: the chassis' own statements, by what they say.

A row is locked only where the statement says FOR UPDATE, and a position is kept from going back only where it says
greatest(). A statement that the model does not know breaks a promise, so that nobody overlooks it.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from contextvars import Context
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import asyncpg
import orjson
from sqlalchemy import TextClause

from chassis import clock
from chassis.database.transactions import Transaction
from tests.simulation.contents import Letter, Row, advance
from tests.simulation.loop import PROCESS
from tests.simulation.world import KNOWN, Application, Place

if TYPE_CHECKING:
    from tests.simulation.database import Server

IDLE_IN_TRANSACTION = 5.0  # seconds, as chassis/database/transactions.py sets them
STATEMENT_TIMEOUT, LARGER_TIMEOUT = 8.0, 30.0
LOCK_TIMEOUT, BRIEF_LOCK_TIMEOUT = 5.0, 0.1
_OUTSIDE = Context()


class ModelTransaction(Transaction):
    """One transaction of one process."""

    __slots__ = (
        "_advanced", "_applied", "_letters", "_opened", "_server", "_timer", "limit", "lock_limit", "lost",
        "process",
    )  # fmt: skip

    def __init__(self, server: "Server") -> None:
        super().__init__(None)
        self.process = PROCESS.get()
        self.lost: Exception | None = None
        self.limit = STATEMENT_TIMEOUT
        self.lock_limit = LOCK_TIMEOUT
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
                advance(contents.progress[place], row, grows)
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
            elif "lock_timeout" in sql:
                self.lock_limit = BRIEF_LOCK_TIMEOUT
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
            if self._server.world.now < self._server.full_until:
                self.abort(asyncpg.DiskFullError("could not extend file"))
                self._check()
            self._applied += applications

    # --- statements -------------------------------------------------------------------------------------------------

    def _open_rows(self, values: Mapping[str, Any]) -> None:
        for number, place in enumerate(_places(values)):
            columns = {name: values[name] for name in values if not isinstance(values[name], list)}
            start = values["starts"][number]
            self._opened[place] = {
                "topic": place[0], "partition": place[1], "next_offset": start, "published_offset": start,
                "last_offset": None, "last_timestamp": None, "published_at": clock.now(), **columns,
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
                "published_at": clock.now(),
                "always": "WHEN batch.published_offset > p.published_offset" not in sql,
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


def _places(values: Mapping[str, Any]) -> list[Place]:
    return list(zip(values["topics"], values["partitions"], strict=True))
