"""Only programs and pages of this machine may call a sandbox: it gives away tokens, and changes people and faults."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from deploy.local.sandbox.problems import problem

LOCAL = frozenset({"127.0.0.1", "localhost", "::1"})
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})


class Guard:
    """Refuses a foreign Host (a page that had its own name resolved to this machine), a foreign Origin (a page that
    sends without reading), and a body that is not JSON (which a page may send without asking first).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the call on, or refuse it."""
        refusal = refusal_of(scope["method"], Headers(scope=scope)) if scope["type"] == "http" else None
        if refusal is None:
            await self._app(scope, receive, send)
        else:
            await problem(*refusal)(scope, receive, send)


def refusal_of(method: str, headers: Headers) -> tuple[int, str, str] | None:
    """Return status, code and sentence of a refusal; None if the call may pass."""
    if _host(f"//{headers.get('host', '')}") not in LOCAL:
        return 421, "foreign_host", "The sandbox answers at 127.0.0.1 and localhost only."
    origin = headers.get("origin")
    if origin is not None and _host(origin) not in LOCAL:
        return 403, "foreign_origin", "Only pages of this machine may call the sandbox."
    has_body = headers.get("content-length", "0") != "0" or "transfer-encoding" in headers
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    if method in _WITH_BODY and has_body and kind != "application/json":
        return 415, "not_json", "Send the body as application/json, for example with curl --json."
    return None


def _host(url: str) -> str | None:
    try:
        return urlsplit(url).hostname
    except ValueError:
        return None
