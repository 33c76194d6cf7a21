"""The page that shows messages live, and the feed that it polls once a second."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Response
from fastapi.responses import FileResponse

from contracts.fields import Channel
from deploy.local.communication import listing
from deploy.local.communication.reports import Reporter
from deploy.local.communication.store import Store
from deploy.local.sandbox.faults import FaultSwitch
from deploy.local.sandbox.problems import json_response

_FILES = Path(__file__).parent / "static"
# Titles and names are input of strangers: no script but our own file may run, even if one got into the page.
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline';"
    " connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-cache",
}


def page_calls(store: Store, switch: FaultSwitch, reporter: Reporter) -> APIRouter:
    """Return the routes of `/`, its style and script, and `/sandbox/feed`."""
    router = APIRouter(include_in_schema=False)
    _add_files(router)

    @router.get("/sandbox/feed")
    async def feed(
        known: str = "",
        type: str | None = None,  # noqa: A002 - the same name as in /sandbox/messages
        recipient: str | None = None,
        channel: Channel | None = None,
        limit: Annotated[int, Query(ge=1, le=500)] = 60,
    ) -> Response:
        """Return the newest messages, recipients and counts; messages only after a change since `known`."""
        now = {"revision": store.revision_mark, "faults": switch.as_json(), "kafka": reporter.kafka}
        if known == store.revision_mark:
            return json_response(now)
        chosen = listing.Filter(type=type, recipient=recipient, channel=channel)
        return json_response(now | _overview(store, chosen, limit))

    return router


def _overview(store: Store, chosen: listing.Filter, limit: int) -> dict[str, object]:
    return {
        "total": listing.matching(store.database, listing.Filter()),
        "matching": listing.matching(store.database, chosen),
        "messages": listing.newest(store.database, chosen, limit),
        "inboxes": listing.inboxes(store.database),
        "types": listing.types(store.database),
    }


def _add_files(router: APIRouter) -> None:
    @router.get("/")
    async def page() -> FileResponse:
        return FileResponse(_FILES / "index.html", headers=_HEADERS)

    @router.get("/static/{name}")
    async def file(name: str) -> Response:
        if name not in ("style.css", "page.js", "dom.js", "faults.js"):
            return Response(status_code=404)
        return FileResponse(_FILES / name, headers=_HEADERS)
