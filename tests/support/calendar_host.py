"""A host of calendars over https on this machine, which behaves as badly as real ones do."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from deploy.local.ports import HOST, free_port
from tests.clusters.certificates import Authority

NAME = "calendars.test"
Answer = Callable[[asyncio.StreamWriter, dict[str, str]], Awaitable[None]]


@dataclass
class CalendarHost:
    """Answers each request with `answer`; `requests` has the headers of each, by lower-case name."""

    port: int
    trusted: ssl.SSLContext
    answer: Answer
    requests: list[dict[str, str]] = field(default_factory=list)

    def url(self, path: str = "/secret-5e7a/basic.ics") -> str:
        """An address at this host."""
        return f"https://{NAME}:{self.port}{path}"

    def gives(self, body: bytes, status: str = "200 OK", **headers: str) -> None:
        """Answer with this from now on."""
        self.answer = an_answer(body, status, **headers)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read a request, and answer it."""
        with suppress(OSError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            lines = (line.partition(":") for line in head[1:] if line)
            headers = {name.lower(): value.strip() for name, _, value in lines}
            self.requests.append(headers | {"path": head[0].split()[1]})
            await self.answer(writer, headers)
        writer.close()


def an_answer(body: bytes, status: str = "200 OK", **headers: str) -> Answer:
    """An ordinary answer; `Content_Type` is Content-Type."""
    named = {"Content_Length": str(len(body)), "Content_Type": "text/calendar"} | headers
    lines = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())

    async def answer(writer: asyncio.StreamWriter, _: dict[str, str]) -> None:
        writer.write(f"HTTP/1.1 {status}\r\n{lines}Connection: close\r\n\r\n".encode() + body)
        await writer.drain()

    return answer


@asynccontextmanager
async def calendar_host(folder: Path, body: bytes = b"") -> AsyncIterator[CalendarHost]:
    """Run a host until the end; its certificate is trusted by `trusted` only."""
    authority = Authority(folder)
    pair = authority.sign(NAME, hosts=[NAME])
    server_side = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server_side.load_cert_chain(pair.certificate, pair.key)
    host = CalendarHost(
        free_port(), ssl.create_default_context(cafile=str(authority.certificate)), an_answer(body)
    )
    server = await asyncio.start_server(host.serve, HOST, host.port, ssl=server_side)
    try:
        yield host
    finally:
        server.close()
