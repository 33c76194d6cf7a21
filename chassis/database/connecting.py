"""Connect to PostgreSQL: of several hosts to the one that is asked for, also while others are down or silent."""

import asyncio
import socket
import ssl
import time
from typing import Any

import asyncpg

from chassis.configuration import dsn

CONNECT_WITHIN = 5.0  # seconds for all hosts together; each gets an equal share of what is left
# A host that vanishes without a word is noticed after some 10 s, also by a session that waits for an answer.
_SILENT = {"TCP_KEEPIDLE": 4, "TCP_KEEPINTVL": 2, "TCP_KEEPCNT": 3, "TCP_USER_TIMEOUT": 10_000}
_TRY_ANOTHER = ("57", "53300", "08")  # shutting down or starting up, too many connections, connection

_last_good: dict[str, int] = {}


class NoSuchHost(ConnectionError):
    """No host matches target_session_attrs, such as the primary; one may soon."""


async def connect(url: str, *, timeout: float = CONNECT_WITHIN, **options: Any) -> Any:
    """A connection of asyncpg's. Hosts are tried in their order, but first the one that was right the last time.

    Raises the last host's error (a server's error rather than the silence of another), OSError or
    TimeoutError; NoSuchHost when hosts answer and none matches the address.
    """
    target = dsn.target(url)
    if target.trusts_system:
        options["ssl"] = ssl.create_default_context()
    until = time.monotonic() + timeout
    order = sorted(range(len(target.hosts)), key=lambda number: number != _last_good.get(url, 0))
    errors: list[BaseException] = []
    for tried, number in enumerate(order):
        share = max(0.2, (until - time.monotonic()) / (len(order) - tried))
        try:
            found = await _to_one(target, number, share, options)
        except (OSError, TimeoutError, asyncpg.PostgresError) as error:
            if not _may_be_other(error):
                raise
            errors.append(error)
        else:
            _last_good[url] = number
            return found
    raise _most_telling(errors)


async def _to_one(target: dsn.Target, number: int, within: float, options: dict[str, Any]) -> Any:
    host, port = target.hosts[number]
    try:
        found = await asyncpg.connect(
            target.url,
            host=host,
            port=port,
            timeout=within,
            target_session_attrs=_one_host(target.attributes),
            **options,
        )
    except asyncpg.exceptions.TargetServerAttributeNotMatched:
        raise NoSuchHost(f"{host}:{port} is not {target.attributes}") from None
    _notice_silence(found)
    return found


def _one_host(attributes: str) -> str:
    """With one host at a time there is no preference: the order of the hosts is one."""
    return "any" if attributes == "prefer-standby" else attributes


def _may_be_other(error: BaseException) -> bool:
    """Return whether another host may do better: not if a server refuses the login or has the wrong certificate."""
    if isinstance(error, asyncpg.PostgresError):
        return str(error.sqlstate).startswith(_TRY_ANOTHER)
    return True


def _most_telling(errors: list[BaseException]) -> BaseException:
    """Return the most telling error: a server's, else a certificate's, else NoSuchHost, else the last."""
    for kind in (asyncpg.PostgresError, ssl.SSLError, NoSuchHost):
        for error in errors:
            if isinstance(error, kind):
                return error
    return errors[-1]


def _notice_silence(connection: Any) -> None:
    """Let the kernel break a connection whose other end is gone."""
    transport = getattr(connection, "_transport", None)  # asyncpg has no public word for it
    sock = transport.get_extra_info("socket") if transport is not None else None
    if sock is None or sock.family not in (socket.AF_INET, socket.AF_INET6):
        return
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _SILENT.items():
        if hasattr(socket, name):  # Linux has all of them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)


async def closed(connection: Any, within: float = 2.0) -> None:
    """Close a connection, politely if that does not take long."""
    try:
        await asyncio.wait_for(connection.close(), within)
    except (TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection.terminate()
