"""A model of PostgreSQL as the chassis uses it: row locks with a time-out, connections that break, restores."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass, field

import asyncpg

from chassis.database.transactions import Database, Transaction
from tests.simulation.contents import Contents
from tests.simulation.transaction import ModelTransaction
from tests.simulation.world import Place, World

_OUTSIDE = Context()


@dataclass
class Server:
    """The database server that all processes share."""

    world: World
    contents: Contents = field(default_factory=Contents)
    away_until: float = 0.0
    slow_until: float = 0.0
    full_until: float = 0.0
    committed: Callable[[], None] = lambda: None
    _locks: dict[Place, deque[tuple[ModelTransaction, asyncio.Future[None]]]] = field(default_factory=dict)
    _owners: dict[Place, ModelTransaction] = field(default_factory=dict)
    _open: list[ModelTransaction] = field(default_factory=list)

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

    async def lock(self, place: Place, tx: ModelTransaction) -> None:
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

        timer = loop.call_later(tx.lock_limit, give_up, context=_OUTSIDE)
        try:
            await granted
        finally:
            timer.cancel()

    def begin(self, tx: ModelTransaction) -> None:
        """A transaction is open."""
        self._open.append(tx)

    def end(self, tx: ModelTransaction) -> None:
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
