"""Fetch a file from an address that a stranger has chosen: https, a public address, bounded time and size.

The name is resolved by us, each time; every address that it has must be public, and the connection is made to one of
these addresses, so an answer of DNS that differs the second time has no effect. Redirects are followed by the same
rules. The address may be a secret: no exception and no log line from here has it.
"""

import asyncio
import socket
import ssl
import zlib
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any
from urllib.parse import urljoin

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from chassis.outbound.addresses import PUBLIC, Flaw, Policy, checked

REDIRECTS_MAX = 3
CHUNK = 65_536
HEADERS_MAX = 16_384
VALIDATOR_MAX = 500
RETRY_AFTER_MAX = timedelta(days=1)
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_GONE = frozenset((404, 410))
_REFUSED = frozenset((401, 403))

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The IP addresses of a host, for a port."""


@dataclass(frozen=True, slots=True)
class Limits:
    """`seconds` for everything, redirects included; `size` of the body, unpacked and as it is sent."""

    seconds: float = 30.0
    size: int = 5 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Validators:
    """The ETag and Last-Modified by which a server tells whether a file has changed."""

    etag: str | None = None
    last_modified: str | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """A file; `body` None: it has not changed since."""

    body: bytes | None
    validators: Validators


@dataclass(eq=False)
class Failed(Exception):
    """A file that could not be fetched. `code` is stable; `retry_after`: the server asks to wait so long."""

    code: str
    retry_after: timedelta | None = None


# A name server of a stranger's may keep a thread waiting: the threads that look up our own servers are others.
_RESOLVING = ThreadPoolExecutor(8, "resolving")


async def resolve(host: str, port: int) -> list[str]:
    """Return the addresses of a host, by the system's resolver. Raises OSError."""
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    found = await asyncio.get_running_loop().run_in_executor(_RESOLVING, ask)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class Fetcher:
    """Fetches files; each call has connections of its own. `verify` replaces the public certificate authorities."""

    def __init__(
        self,
        policy: Policy = PUBLIC,
        limits: Limits | None = None,
        resolver: Resolve = resolve,
        verify: ssl.SSLContext | None = None,
    ) -> None:
        self._policy = policy
        self._limits = limits or Limits()
        self._resolver = resolver
        self._verify = verify or ssl.create_default_context()

    async def fetch(self, url: str, known: Validators, accept: str) -> Fetched:
        """Return the file, or that it has not changed from what is known. Raises Failed."""
        try:
            async with asyncio.timeout(self._limits.seconds), self._session() as session:
                for _ in range(REDIRECTS_MAX + 1):
                    found = await self._get(session, checked(url, self._policy), known, accept)
                    if isinstance(found, Fetched):
                        return found
                    url = found
                raise Failed("too_many_redirects")
        except Flaw as flaw:
            raise Failed(flaw.code) from None
        except TimeoutError:
            raise Failed("too_slow") from None
        except (aiohttp.ClientConnectorCertificateError, aiohttp.ClientConnectorSSLError, ssl.SSLError):
            raise Failed("tls") from None
        except aiohttp.ClientConnectorError as error:
            raise _of_connecting(error) from None
        except (aiohttp.ClientPayloadError, aiohttp.ServerDisconnectedError):
            raise Failed("cut_off") from None
        except (aiohttp.ClientError, OSError, ValueError):
            raise Failed("unreachable") from None

    def _session(self) -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(
            resolver=_Pinned(self._resolver, self._policy),
            use_dns_cache=False,
            ssl=self._verify,
            force_close=True,
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,
            trust_env=False,
            timeout=aiohttp.ClientTimeout(total=self._limits.seconds),
            max_line_size=HEADERS_MAX,
            max_field_size=HEADERS_MAX,
        )

    async def _get(
        self, session: aiohttp.ClientSession, url: str, known: Validators, accept: str
    ) -> Fetched | str:
        """Return the file, or the address to which the server sends us."""
        headers = {
            "Accept": accept,
            "Accept-Encoding": "gzip, deflate",
            "User-Agent": "appointments-calendars",
        }
        if known.etag:
            headers["If-None-Match"] = known.etag
        if known.last_modified:
            headers["If-Modified-Since"] = known.last_modified
        async with session.get(url, headers=headers, allow_redirects=False) as response:
            if response.status in _REDIRECTS:
                return urljoin(url, response.headers.get("Location", ""))
            if response.status == 304:
                return Fetched(None, known)
            if response.status != 200:
                raise Failed(_code_of(response.status), _retry_after(response.headers))
            body = await self._read(response)
            return Fetched(body, _validators(response.headers))

    async def _read(self, response: aiohttp.ClientResponse) -> bytes:
        length = response.content_length
        if length is not None and length > self._limits.size:
            raise Failed("too_large")
        unpack, finish = _unpacking(response.headers.get("Content-Encoding", ""))
        body, sent = bytearray(), 0
        async for chunk in response.content.iter_chunked(CHUNK):
            sent += len(chunk)
            body += unpack(chunk, self._limits.size + 1 - len(body))
            if max(sent, len(body)) > self._limits.size:
                raise Failed("too_large")
        if not finish():
            raise Failed("cut_off")
        return bytes(body)


class _Pinned(AbstractResolver):
    """Resolves a name once for a connection, and refuses it unless all its addresses may be called."""

    def __init__(self, resolver: Resolve, policy: Policy) -> None:
        self._resolver = resolver
        self._policy = policy

    async def resolve(
        self,
        host: str,
        port: int = 0,
        family: socket.AddressFamily = socket.AF_INET,  # noqa: ARG002  (aiohttp passes it)
    ) -> list[ResolveResult]:
        """Return the addresses of a host. Raises Flaw if one of them is not public."""
        found = await self._resolver(host, port)
        if not found or not all(map(self._policy.permits, found)):
            raise Flaw("private_address" if found else "unknown_host", "")
        return [_result(host, port, address) for address in found]

    async def close(self) -> None:
        """Release nothing: it holds nothing."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return ResolveResult(
        hostname=host, host=address, port=port, family=family, proto=0, flags=socket.AI_NUMERICHOST
    )


def _of_connecting(error: aiohttp.ClientConnectorError) -> Failed:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, Flaw):
            return Failed(cause.code)
        cause = cause.__cause__ or cause.__context__
    return Failed("unknown_host" if isinstance(error, aiohttp.ClientConnectorDNSError) else "unreachable")


def _unpacking(encoding: str) -> tuple[Callable[[bytes, int], bytes], Callable[[], bool]]:
    """Return how to unpack a piece to at most so many bytes, and whether the end has been reached."""
    name = encoding.strip().lower()
    if name in ("", "identity"):
        return (lambda piece, _: piece), (lambda: True)
    if name not in ("gzip", "x-gzip", "deflate"):
        raise Failed("encoding")
    stream = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)

    def unpack(piece: bytes, most: int) -> bytes:
        """Unpack no more than that is allowed: a bomb is noticed by its first byte too many."""
        try:
            return stream.decompress(piece, most) if most > 0 else b""
        except zlib.error:
            raise Failed("encoding") from None

    return unpack, lambda: stream.eof


def _validators(headers: Mapping[str, Any]) -> Validators:
    names = ("ETag", "Last-Modified")
    etag, last_modified = (_short(headers.get(name)) for name in names)
    return Validators(etag, last_modified)


def _short(value: str | None) -> str | None:
    """Return a header that can be sent back; None for one that is too long or not printable ASCII."""
    usable = value is not None and len(value) <= VALIDATOR_MAX and value.isascii() and value.isprintable()
    return value if usable else None


def _code_of(status: int) -> str:
    if status in _GONE:
        return "gone"
    if status in _REFUSED:
        return "refused"
    if status in (429, 503):
        return "busy"
    return "server_error" if status >= 500 else "unexpected_status"


def _retry_after(headers: Mapping[str, Any]) -> timedelta | None:
    """Return how long the server asks to wait, at most a day; None if it does not say, or is unreadable."""
    value = str(headers.get("Retry-After", "")).strip()[:60]
    if value.isascii() and value.isdigit():
        wait = timedelta(seconds=min(int(value), 10**6))
    else:
        try:
            until = parsedate_to_datetime(value)
        except (TypeError, ValueError):
            return None
        until = until if until.tzinfo else until.replace(tzinfo=UTC)
        wait = until - datetime.now(UTC)
    return min(max(wait, timedelta()), RETRY_AFTER_MAX)
