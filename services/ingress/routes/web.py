"""The web application: its configuration, and its files, which are built elsewhere and only served here."""

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import Response
from starlette.routing import BaseRoute

from services.ingress.api.answer import ok
from services.ingress.api.call import Call
from services.ingress.api.models.web import Login, WebConfiguration
from services.ingress.api.operation import NO_TOKEN, Operations
from services.ingress.http.pages import Pages
from services.ingress.http.responses import as_json
from services.ingress.settings import IngressSettings

OPERATIONS = Operations("web", "The web application.", prefix="")

LOCALES = ["en", "de"]
FOLDER = Path(__file__).parents[1] / "web"


@OPERATIONS.operation(
    "GET",
    "/app/config.json",
    id="web_configuration",
    summary="Read the configuration of the web application",
    answers=[
        ok(
            WebConfiguration,
            WebConfiguration(
                login=Login(kind="oidc", url="https://login.example", client_id="appointments-web"),
                locales=LOCALES,
                name="Appointments",
                theme={},
            ),
        )
    ],
    access=NO_TOKEN,
)
async def web_configuration(call: Call) -> Response:
    """Return where people sign in, the languages, and the name of the application."""
    settings = call.runtime.settings
    login = {"kind": settings.login_kind, "url": settings.login_url, "client_id": settings.login_client_id}
    body = {"login": login, "locales": LOCALES, "name": settings.web_name, "theme": {}}
    return as_json(body, headers={"Cache-Control": "no-store"})


def pages(settings: IngressSettings, folder: Path = FOLDER) -> Sequence[BaseRoute]:
    """Return the route of all pages, after those of the API; none with WEB=off."""
    if settings.web == "off":
        return []
    login = urlsplit(settings.login_url)
    origin = f"{login.scheme}://{login.netloc}" if login.netloc else ""
    return [Pages(folder, origin)]
