"""One service's own PostgreSQL database: transactions with limits, so that a frozen owner cannot block its successor.

Statements are SQLAlchemy's `text`, with named values; the driver runs them itself. Through SQLAlchemy's connection a
statement cost three and a half times the processor time, and a batch of one record has ten (docs/adr/0010).
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import lru_cache
from typing import Any

import asyncpg
import orjson
from sqlalchemy import TextClause, text
from sqlalchemy.dialects.postgresql.asyncpg import dialect

from chassis.database.connecting import CONNECT_WITHIN, connect

# All below the consumer group's session timeout (10 s): the successor of a frozen owner waits less than that for its locks.
SESSION_SETTINGS = {
    "idle_in_transaction_session_timeout": "5000",
    "lock_timeout": "5000",
    "statement_timeout": "8000",
    "timezone": "UTC",
    "jit": "off",
    # A prepared statement keeps its plan: one made while a table was small must not read all of it ever after.
    "enable_seqscan": "off",
}
CLOSE_WITHIN = 2.0
CALL_MARGIN = 2.0  # seconds for which a transaction outlives the call that it waits for
_STAY_OPEN = text("SELECT set_config('idle_in_transaction_session_timeout', :milliseconds, true)")
SLICE = 5_000  # rows deleted in one transaction: some 100 ms
REST_MAX = 0.5  # seconds between two slices

# SQLSTATE classes that say "not now" rather than "not ever": connection, resources, operator intervention, system
# error, read-only transaction after a failover, a lock or statement that took too long, a deadlock, a lost race. Also
# faults that an operator has to mend, and no record causes: login, password, database, privilege.
_NOT_NOW = (
    "08",
    "28",
    "3D000",
    "42501",
    "53",
    "57",
    "58",
    "25006",
    "55P03",
    "57014",
    "25P03",
    "40001",
    "40P01",
)
# A statement, or the pause between two, was longer than a transaction of ours may take.
_TOO_SLOW = ("57014", "25P03")

DatabaseError = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What the database or its driver raises; what the server says has a `sqlstate`."""

Values = Mapping[str, Any]


class Row(asyncpg.Record):  # type: ignore[misc]  # the driver is untyped
    """A row whose columns are attributes; it also unpacks like a tuple."""

    __slots__ = ()

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Transaction:
    """Statements on one connection. `driver` is the asyncpg connection, for COPY.

    `spare` is set when only PostgreSQL's work is left, so that the processor is free for other things.
    """

    __slots__ = ("driver", "idle")

    def __init__(self, driver: Any) -> None:
        self.driver = driver
        self.idle = asyncio.Event()

    async def execute(self, statement: TextClause, values: Values | None = None) -> list[Row]:
        """Run a statement with values by their names; its rows, if it gives any."""
        sql, names = _compiled(statement)
        rows: list[Row] = await self.driver.fetch(sql, *_in_order(names, values))
        return rows

    async def scalars(self, statement: TextClause, values: Values | None = None) -> list[Any]:
        """The first column of each row."""
        return [row[0] for row in await self.execute(statement, values)]

    async def scalar(self, statement: TextClause, values: Values | None = None) -> Any:
        """The first column of the first row, or None."""
        sql, names = _compiled(statement)
        return await self.driver.fetchval(sql, *_in_order(names, values))

    async def count(self, statement: TextClause, values: Values | None = None) -> int:
        """Run a statement that gives no rows; how many it wrote or deleted."""
        sql, names = _compiled(statement)
        status: str = await self.driver.execute(sql, *_in_order(names, values))
        return int(status.rpartition(" ")[2])

    async def execute_each(self, statement: TextClause, many: Sequence[Values]) -> None:
        """Run a statement once for each of these values."""
        sql, names = _compiled(statement)
        await self.driver.executemany(sql, [_in_order(names, values) for values in many])

    async def stay_open(self, seconds: float) -> None:
        """Let this transaction wait for a call of so many seconds, instead of being taken for a frozen owner's."""
        await self.execute(_STAY_OPEN, {"milliseconds": str(int((seconds + CALL_MARGIN) * 1000))})

    def nested(self) -> AbstractAsyncContextManager[Any]:
        """A savepoint: an error rolls back to it only."""
        savepoint: AbstractAsyncContextManager[Any] = self.driver.transaction()
        return savepoint


class Database:
    """A pool of connections to one database. `server_settings` override the session's limits."""

    def __init__(
        self,
        url: str,
        *,
        application_name: str,
        pool_size: int = 5,
        server_settings: dict[str, str] | None = None,
    ) -> None:
        self.url = url
        self._pool_size = pool_size
        self._server_settings = {
            **SESSION_SETTINGS,
            "application_name": application_name,
            **(server_settings or {}),
        }
        self._pool: Any = None

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end, rolled back on any error. The only place that commits."""
        async with self._connection() as driver, driver.transaction():
            yield Transaction(driver)

    @asynccontextmanager
    async def session(self) -> AsyncIterator[Transaction]:
        """One connection on which each statement is a transaction of its own."""
        async with self._connection() as driver:
            yield Transaction(driver)

    async def in_slices(self, delete: TextClause, values: Values, *, rows: int = SLICE) -> int:
        """Delete until nothing is left, and return how many rows were deleted.

        `delete` takes at most `:at_most` rows beside the given values, and its own row count is that of the deleted
        rows. Each slice is a transaction of its own, and the pause after it is as long as it took: others come first.
        A slice that runs into a time limit is tried again with half the rows. Raises the database's error when
        a single row takes too long, or the database is away: earlier slices stay deleted.
        """
        total, at_most = 0, rows
        while True:
            began = time.monotonic()
            try:
                async with self.transaction() as tx:
                    deleted = await tx.count(delete, {**values, "at_most": at_most})
            except (asyncpg.QueryCanceledError, asyncpg.LockNotAvailableError):
                if at_most == 1:
                    raise
                at_most //= 2
                continue
            total += deleted
            if not deleted:
                return total
            await asyncio.sleep(min(time.monotonic() - began, REST_MAX))

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        if self._pool is None:
            self._pool = await self._new_pool()
        pool = self._pool
        async with pool.acquire(timeout=CONNECT_WITHIN) as driver:
            try:
                yield driver
            except asyncpg.ReadOnlySQLTransactionError:
                await (
                    pool.expire_connections()
                )  # the primary became a standby and kept its sessions: leave it
                raise

    def _new_pool(self) -> Any:
        """Places for connections; nobody is connected yet, so that awaiting it takes no time."""
        return asyncpg.create_pool(
            self.url,
            connect=connect,
            min_size=0,
            max_size=self._pool_size,
            max_inactive_connection_lifetime=0,
            timeout=CONNECT_WITHIN,
            init=_speak_json,
            reset=_leave_as_it_is,
            record_class=Row,
            server_settings=self._server_settings,
        )

    async def dispose(self) -> None:
        """Close all connections; those still in use are broken off."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            try:
                await asyncio.wait_for(pool.close(), CLOSE_WITHIN)
            except (TimeoutError, *DatabaseError, OSError):
                pool.terminate()


def is_not_now(error: BaseException) -> bool:
    """Return whether the database is away or overloaded, so that waiting helps."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_NOT_NOW)
    if isinstance(
        error, asyncpg.InterfaceError
    ):  # the connection is gone; a ValueError is about what was sent
        return not isinstance(error, ValueError)
    # The driver's own word for a connection that the server broke off, when the next statement comes before it is closed.
    return isinstance(error, OSError | asyncio.TimeoutError | asyncpg.InternalClientError)


def is_too_slow(error: BaseException) -> bool:
    """Return whether our own time-out ended the transaction: less work at once may fit."""
    return isinstance(error, asyncpg.PostgresError) and str(error.sqlstate) in _TOO_SLOW


@lru_cache(maxsize=1_000)
def _compiled(statement: TextClause) -> tuple[str, tuple[str, ...]]:
    """The statement as the driver wants it, and the names of its values in their order."""
    compiled = statement.compile(dialect=_DIALECT)
    return str(compiled), tuple(compiled.positiontup or ())


_DIALECT = dialect()  # type: ignore[no-untyped-call]


def _in_order(names: tuple[str, ...], values: Values | None) -> list[Any]:
    return [values[name] for name in names] if values else []


async def _speak_json(driver: Any) -> None:
    """JSON goes in as text and comes out as Python values."""
    for kind in ("json", "jsonb"):
        await driver.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=orjson.loads)


async def _leave_as_it_is(_: Any) -> None:
    """Transactions are over when they come back, and sessions set nothing: no need to ask the server."""
