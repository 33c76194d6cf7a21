"""The login page of the sandbox: choose a person, and come back with their token, as from an OIDC provider."""

import time
from html import escape
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Response
from fastapi.responses import HTMLResponse, RedirectResponse

from deploy.local.identity.people import HARBOR, NORDLICHT, Directory, Person, organization_id
from deploy.local.identity.tokens import LIFETIME_SECONDS, Signer
from deploy.local.sandbox.problems import Refused

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none';"
    " form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Sign in – sandbox</title><style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }}
body {{ max-width: 44rem; margin: 2rem auto; padding: 0 1rem; }}
ul {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(18rem, 1fr)); gap: .5rem; padding: 0; list-style: none; }}
a {{ display: block; padding: .6rem .8rem; border: 1px solid #8888; border-radius: .4rem; text-decoration: none; }}
a:hover, a:focus-visible {{ border-color: currentColor; }}
small {{ display: block; color: GrayText; }}
</style></head><body><main><h1>Sign in</h1>
<p>This is the sandbox: choose a person. There are no passwords.</p>{groups}</main></body></html>
"""


def login_calls(directory: Directory, signer: Signer, frontend_url: str) -> APIRouter:
    """Return the route of the login page; it sends people back below `frontend_url` only."""
    router = APIRouter()

    @router.get("/sandbox/login", tags=["sandbox"])
    async def login(return_to: str, email: str = "", state: str = Query("", max_length=500)) -> Response:
        """Show the people to choose from; with `email`, redirect to `return_to#token=…`."""
        if not is_below(return_to, frontend_url):
            raise Refused(422, "invalid", f"return_to must be an address below {frontend_url}.")
        if not email:
            return HTMLResponse(_page(directory, return_to, state), headers=_HEADERS)
        token = signer.token(directory.by_email(email), int(time.time()), LIFETIME_SECONDS)
        fragment = urlencode({"token": token, **({"state": state} if state else {})})
        return RedirectResponse(f"{return_to}#{fragment}", 303, headers=_HEADERS)

    return router


def is_below(address: str, base: str) -> bool:
    """Return whether an address has the origin and the path of `base`, and no fragment of its own."""
    given, wanted = urlsplit(address), urlsplit(base)
    root = wanted.path.rstrip("/")
    same_origin = (given.scheme, given.netloc) == (wanted.scheme, wanted.netloc)
    inside = given.path == root or given.path.startswith(f"{root}/")
    return same_origin and inside and ".." not in given.path and not given.fragment and "\\" not in address


def _page(directory: Directory, return_to: str, state: str) -> str:
    groups = ""
    for domain in (NORDLICHT, HARBOR):
        people = [person for person in directory.named() if person.organization_id == organization_id(domain)]
        entries = "".join(f"<li>{_link(person, return_to, state)}</li>" for person in people)
        groups += f"<h2>{escape(domain)}</h2><ul>{entries}</ul>"
    return _PAGE.format(groups=groups)


def _link(person: Person, return_to: str, state: str) -> str:
    query = urlencode({"return_to": return_to, "email": person.email, **({"state": state} if state else {})})
    about = f"{person.email} · {person.timezone}{' · admin' if 'admin' in person.roles else ''}"
    return f'<a href="?{escape(query)}">{escape(person.name)}<small>{escape(about)}</small></a>'
