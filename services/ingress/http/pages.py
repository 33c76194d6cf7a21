"""The files of the web application, kept in memory with their compressed twins."""

import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import cramjam
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Match
from starlette.types import Receive, Scope, Send

from services.ingress.http.responses import has_seen

ROOT = "/app"
COMPRESSED_FROM = 1_024  # bytes
_COMPRESSIBLE = ("text/", "application/json", "application/manifest+json", "image/svg+xml")
_FOR_EVER = "public, max-age=31536000, immutable"

WITHOUT_APPLICATION = b"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Appointments</title><style>
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
</style></head><body><main><h1>Appointments</h1>
<p>This is the HTTP API. The web application is not part of this build.</p>
<ul><li><a href="/docs">Documentation of the API</a></li>
<li><a href="/openapi.json">OpenAPI document</a></li>
<li><a href="/health/appointments">Health of this process</a></li></ul></main></body></html>
"""


@dataclass(frozen=True, slots=True)
class File:
    """One file: its bodies by content encoding (`` is the plain one), media type and tag."""

    bodies: Mapping[str, bytes]
    media: str
    tag: str


class Pages(BaseRoute):
    """Serves `/` and `/app`. Every path of the application that names no file is its one page; unknown
    assets are 404. Without the files, `/` says where things are.

    `identity`: the origin that the page may call beside its own.
    """

    def __init__(self, folder: Path, identity: str = "") -> None:
        self.path = ROOT
        self._files = {
            str(file.relative_to(folder)): _file(file.name, file.read_bytes())
            for file in sorted(folder.rglob("*"))
            if file.is_file()
        }
        self._page = self._files.get("index.html")
        self._welcome = _file("welcome.html", WITHOUT_APPLICATION)
        self._headers = {
            "Content-Security-Policy": _policy(identity),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match GET and HEAD of the paths of the pages."""
        if scope["type"] != "http" or not self._is_ours(scope["path"]):
            return Match.NONE, {}
        return Match.FULL, {"route": self}

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with a file. Raises HTTPException 404 and 405."""
        if scope["method"] not in ("GET", "HEAD"):
            raise HTTPException(405, headers={"Allow": "GET, HEAD"})
        response = self._answer(scope["path"], Headers(scope=scope))
        await response(scope, receive, send)

    def _is_ours(self, path: str) -> bool:
        return path == "/" or (self._page is not None and f"{path}/".startswith(f"{ROOT}/"))

    def _answer(self, path: str, asked: Headers) -> Response:
        if path == "/":
            return (
                RedirectResponse(f"{ROOT}/", 307)
                if self._page
                else self._of(self._welcome, asked, "no-cache")
            )
        name = path.removeprefix(ROOT).strip("/")
        file = self._files.get(name)
        if file is None and name.startswith("assets/"):
            raise HTTPException(404)
        if file is not None and name.startswith("assets/"):
            return self._of(file, asked, _FOR_EVER)
        return self._of(file or self._page or self._welcome, asked, "no-cache")

    def _of(self, file: File, asked: Headers, caching: str) -> Response:
        headers = {**self._headers, "Cache-Control": caching, "ETag": file.tag, "Vary": "Accept-Encoding"}
        if has_seen(asked.get("if-none-match"), file.tag):
            return Response(status_code=304, headers=headers)
        encoding = _encoding(asked.get("accept-encoding", ""), file)
        if encoding:
            headers["Content-Encoding"] = encoding
        return Response(file.bodies[encoding], headers=headers, media_type=file.media)


def _file(name: str, content: bytes) -> File:
    media = mimetypes.guess_type(name)[0] or "application/octet-stream"
    media = "text/javascript" if name.endswith((".js", ".mjs")) else media
    media = "application/manifest+json" if name.endswith(".webmanifest") else media
    bodies = {"": content}
    if len(content) >= COMPRESSED_FROM and media.startswith(_COMPRESSIBLE):
        bodies["br"] = bytes(cramjam.brotli.compress(content, level=11))
        bodies["gzip"] = bytes(cramjam.gzip.compress(content, level=9))
    return File(bodies, media, f'"{blake2b(content, digest_size=12).hexdigest()}"')


def _encoding(accepted: str, file: File) -> str:
    """Return the best content encoding that the client accepts; empty for none."""
    names = {
        name.strip().lower()
        for name, _, quality in (part.partition(";") for part in accepted.split(","))
        if quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    }
    return next((name for name in ("br", "gzip") if name in names and name in file.bodies), "")


def _policy(identity: str) -> str:
    """Return the Content-Security-Policy. Styles in attributes place what moves on the page."""
    return (
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        f"connect-src 'self' {identity}".rstrip()
        + "; img-src 'self' data:; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
        "form-action 'self'; frame-ancestors 'none'"
    )
