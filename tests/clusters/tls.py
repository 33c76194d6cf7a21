"""TLS before a PostgreSQL that was built without it: what a client sees is a server that takes nothing else."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from deploy.local.ports import HOST, free_port
from tests.clusters.certificates import Pair

_SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")  # PostgreSQL's protocol, "SSLRequest"
_CHUNK = 65_536


@asynccontextmanager
async def tls_before(port: int, pair: Pair, clients: Path | None = None) -> AsyncIterator[int]:
    """The port at which that server speaks TLS; who does not ask for it is sent away, as while the server is dead.

    `clients`: the certificate of the authority that has to have signed a client's.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)
    context.set_alpn_protocols(["postgresql"])
    if clients is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(clients)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(len(_SSL_REQUEST)) == _SSL_REQUEST:
                inner_reader, inner = await asyncio.open_connection(HOST, port)
                try:
                    writer.write(b"S")
                    outer = _Tls(context, reader, writer)
                    await outer.handshake()
                    await asyncio.gather(_inwards(outer, inner), _outwards(inner_reader, outer))
                finally:
                    inner.close()
        writer.close()

    own = free_port()
    server = await asyncio.start_server(serve, HOST, own)
    try:
        yield own
    finally:
        server.close()


class _Tls:
    """The server's side of one connection. Asyncio's own breaks off without telling a client why it was refused."""

    def __init__(
        self, context: ssl.SSLContext, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._reader, self._writer = reader, writer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)

    async def handshake(self) -> None:
        """Raise ssl.SSLError where the client is refused; it has the alert then."""
        try:
            while True:
                try:
                    self._tls.do_handshake()
                    return
                except ssl.SSLWantReadError:
                    await self._exchange()
        finally:
            await self._flush()

    async def read(self) -> bytes:
        """Return the bytes that have come, b"" at the end."""
        while True:
            try:
                return self._tls.read(_CHUNK)
            except ssl.SSLWantReadError:
                if not await self._exchange():
                    return b""
            except ssl.SSLZeroReturnError:
                return b""

    async def write(self, data: bytes) -> None:
        """Send it."""
        self._tls.write(data)
        await self._flush()

    def close(self) -> None:
        """Break off."""
        self._writer.close()

    async def _exchange(self) -> bool:
        """Send what waits, and take what comes; returns whether anything came."""
        await self._flush()
        data = await self._reader.read(_CHUNK)
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()
        return bool(data)

    async def _flush(self) -> None:
        if data := self._outgoing.read():
            self._writer.write(data)
            await self._writer.drain()


async def _inwards(outer: _Tls, inner: asyncio.StreamWriter) -> None:
    """Pass on what comes until either side has gone; then the other goes, too."""
    with contextlib.suppress(OSError):
        while data := await outer.read():
            inner.write(data)
            await inner.drain()
    inner.close()


async def _outwards(inner: asyncio.StreamReader, outer: _Tls) -> None:
    with contextlib.suppress(OSError):
        while data := await inner.read(_CHUNK):
            await outer.write(data)
    outer.close()
