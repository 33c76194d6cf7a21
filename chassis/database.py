"""One service's own PostgreSQL database: transactions with limits, so that a frozen owner cannot block its successor."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import orjson
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

Transaction = AsyncConnection

# All below the consumer group's session timeout (10 s): whoever replaces a frozen owner waits less than that for its locks.
SESSION_LIMITS = {
    "idle_in_transaction_session_timeout": "5000",
    "lock_timeout": "5000",
    "statement_timeout": "8000",
    "timezone": "UTC",
    "jit": "off",
}

# SQLSTATE classes that say "not now" rather than "not ever": connection, resources, operator intervention, system
# error, read-only transaction after a failover, and a lock or statement that took too long.
_NOT_NOW = ("08", "53", "57", "58", "25006", "55P03", "57014", "25P03")


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
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=5,
            hide_parameters=True,  # they are people's data, and a failure is logged
            json_serializer=lambda value: orjson.dumps(value).decode(),
            json_deserializer=orjson.loads,
            connect_args={
                "timeout": 5,
                "server_settings": {
                    **SESSION_LIMITS,
                    "application_name": application_name,
                    **(server_settings or {}),
                },
            },
        )

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Transaction]:
        """One transaction: committed at the end, rolled back on any error. The only place that commits."""
        async with self.engine.begin() as connection:
            yield connection

    async def dispose(self) -> None:
        """Close all connections."""
        await self.engine.dispose()


def is_not_now(error: BaseException) -> bool:
    """Whether this says that the database is away or overloaded, so that waiting helps."""
    if isinstance(error, DBAPIError):
        state = getattr(error.orig, "sqlstate", None)
        if state is not None:
            return str(state).startswith(_NOT_NOW)
        return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)
    return isinstance(error, OSError | PoolTimeout | asyncio.TimeoutError)
