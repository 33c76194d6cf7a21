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
                writer.write(b"S")
                await writer.drain()
                await writer.start_tls(context)
                await asyncio.gather(_pipe(reader, inner), _pipe(inner_reader, writer))
        writer.close()

    own = free_port()
    server = await asyncio.start_server(serve, HOST, own)
    try:
        yield own
    finally:
        server.close()


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Pass on what comes until either side has gone; then the other goes, too."""
    with contextlib.suppress(OSError):
        while data := await reader.read(_CHUNK):
            writer.write(data)
            await writer.drain()
    writer.close()
