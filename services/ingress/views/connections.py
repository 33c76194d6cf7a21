"""Connections to PostgreSQL for single queries."""

import asyncio
from collections.abc import Sequence
from typing import Any

import asyncpg

from chassis.database.connecting import connect
from chassis.database.transactions import SESSION_SETTINGS

CONNECTED_WITHIN = 2.0  # seconds for a place, and for a connection if none is idle
QUERY_WITHIN = 5.0  # seconds


class Connections:
    """At most `size` connections, opened when they are needed; the one used last is used next.

    asyncpg's own pool makes a task to lend a connection and another to take it back, which costs more than
    a query of the views; and it resets settings that the reader role cannot set.
    """

    def __init__(self, url: str, size: int) -> None:
        self._url = url
        self._places = asyncio.Semaphore(size)
        self._idle: list[asyncpg.Connection] = []
        self._busy: set[asyncpg.Connection] = set()

    async def fetch(self, sql: str, *parameters: object) -> Sequence[Any]:
        """Return the rows of one query. Raises TimeoutError, OSError or asyncpg's errors; the connection is
        then closed.
        """
        async with asyncio.timeout(CONNECTED_WITHIN):
            await self._places.acquire()
            try:
                connection = self._take_idle() or await self._connect()
            except BaseException:
                self._places.release()
                raise
        self._busy.add(connection)
        try:
            rows: Sequence[Any] = await connection.fetch(sql, *parameters)
        except BaseException:
            connection.terminate()
            raise
        else:
            self._idle.append(connection)
            return rows
        finally:
            self._busy.discard(connection)
            self._places.release()

    def terminate(self) -> None:
        """Close all of them, without waiting for queries in flight."""
        for connection in (*self._idle, *self._busy):
            connection.terminate()
        self._idle.clear()

    def _take_idle(self) -> asyncpg.Connection | None:
        while self._idle:
            connection = self._idle.pop()
            if not connection.is_closed():
                return connection
        return None

    async def _connect(self) -> asyncpg.Connection:
        return await connect(
            self._url,
            timeout=CONNECTED_WITHIN,
            command_timeout=QUERY_WITHIN,
            server_settings={**SESSION_SETTINGS, "application_name": "appointments-ingress"},
        )
