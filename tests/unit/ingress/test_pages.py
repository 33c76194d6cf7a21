"""The files of the web application, and the page that stands in for them."""

import gzip
from collections.abc import AsyncIterator
from pathlib import Path

import cramjam
import httpx
import pytest
from starlette.applications import Starlette

from services.ingress.main import create_app
from services.ingress.routes.web import pages
from services.ingress.settings import IngressSettings

SCRIPT = "console.log('a long script');" * 200
PAGE = "<!doctype html><title>App</title>"


def client(app: Starlette) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://ingress")


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(PAGE)
    (tmp_path / "favicon.svg").write_text("<svg/>")
    (tmp_path / "assets/index-abc.js").write_text(SCRIPT)
    settings = IngressSettings(login_url="https://login.example/authorize?x=1")
    async with client(Starlette(routes=pages(settings, tmp_path))) as found:
        yield found


@pytest.mark.parametrize("path", ["/app", "/app/", "/app/calendar", "/app/appointments/1"])
async def test_every_path_of_the_application_is_its_page(site: httpx.AsyncClient, path: str) -> None:
    response = await site.get(path)
    assert (response.status_code, response.text) == (200, PAGE)
    assert response.headers["cache-control"] == "no-cache"
    again = await site.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_root_leads_to_the_application(site: httpx.AsyncClient) -> None:
    response = await site.get("/")
    assert (response.status_code, response.headers["location"]) == (307, "/app/")


async def test_a_page_may_call_its_own_server_and_identity_and_nothing_else(site: httpx.AsyncClient) -> None:
    headers = (await site.get("/app/")).headers
    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["connect-src"] == "'self' https://login.example"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [("gzip, br", "br"), ("gzip", "gzip"), ("br;q=0, gzip", "gzip"), ("identity", None), ("", None)],
)
async def test_an_asset_is_kept_for_ever_and_sent_compressed(
    site: httpx.AsyncClient, accepted: str, encoding: str | None
) -> None:
    async with site.stream(
        "GET", "/app/assets/index-abc.js", headers={"Accept-Encoding": accepted}
    ) as response:
        raw = b"".join([part async for part in response.aiter_raw()])
    assert response.headers.get("content-encoding") == encoding
    assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert response.headers["content-type"].startswith("text/javascript")
    plain = {"br": lambda: bytes(cramjam.brotli.decompress(raw)), "gzip": lambda: gzip.decompress(raw)}
    assert plain.get(encoding or "", lambda: raw)() == SCRIPT.encode()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/app/assets/other.js", 404),
        ("GET", "/app/assets/../index.html", 200),
        ("GET", "/application", 404),
        ("POST", "/app/", 405),
        ("HEAD", "/app/favicon.svg", 200),
    ],
)
async def test_other_requests(site: httpx.AsyncClient, method: str, path: str, status: int) -> None:
    assert (await site.request(method, path)).status_code == status


async def test_without_the_files_the_root_says_where_things_are() -> None:
    async with client(Starlette(routes=pages(IngressSettings(), Path("/nowhere")))) as found:
        response = await found.get("/")
        assert response.status_code == 200
        assert all(path in response.text for path in ("/docs", "/openapi.json", "/health/appointments"))
        assert (await found.get("/app/")).status_code == 404


async def test_the_application_can_be_left_out() -> None:
    async with client(create_app(IngressSettings(web="off"))) as found:
        assert (await found.get("/")).status_code == 404
    async with client(create_app(IngressSettings())) as found:
        assert (await found.get("/")).status_code in (200, 307)


async def test_the_configuration_says_where_people_sign_in() -> None:
    settings = IngressSettings(
        login_kind="sandbox", login_url="http://127.0.0.1:8001/sandbox/login", web_name="Hub"
    )
    async with client(create_app(settings)) as found:
        response = await found.get("/app/config.json")
    assert response.headers["cache-control"] == "no-store"
    assert response.json() == {
        "login": {"kind": "sandbox", "url": "http://127.0.0.1:8001/sandbox/login", "client_id": ""},
        "locales": ["en", "de"],
        "name": "Hub",
        "theme": {},
    }
