"""A hub of each test's own, and pages of one Chromium."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from tests.support import eventually
from tests.web.hub import Hub

CHROMIUM = "/usr/bin/chromium"
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"

Open = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="session")
async def browser() -> AsyncIterator[Browser]:
    """One Chromium for all tests; each page has a context of its own."""
    expect.set_options(timeout=20_000)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield browser
        await browser.close()


@pytest.fixture
def hub() -> Hub:
    """The API that the test's pages talk to."""
    return Hub()


@pytest.fixture
async def address(hub: Hub) -> AsyncIterator[str]:
    """The address of the application, without a slash at its end."""
    config = uvicorn.Config(
        hub.app(), port=0, log_level="critical", lifespan="off", timeout_graceful_shutdown=1
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/app"
    server.should_exit = True
    for queue in list(hub.streams):
        queue.put_nowait("")
    await serving


@pytest.fixture
async def open_page(browser: Browser, address: str) -> AsyncIterator[Open]:
    """Return a function that opens a path signed in. A page that breaks, or violates its policy, fails the test."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    async def open_page(
        path: str = "/calendar", context: BrowserContext | None = None, **options: Any
    ) -> Page:
        if context is None:
            usual = {"viewport": {"width": 1280, "height": 900}, "locale": "en-GB", "timezone_id": "UTC"}
            context = await browser.new_context(reduced_motion="reduce", **{**usual, **options})
            contexts.append(context)
            context.set_default_timeout(20_000)
        page = await context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if "Content Security" in message.text else None,
        )
        await page.goto(address + path)
        if not await _signed_in(page):
            await (
                page.get_by_role("button", name="Sign in")
                .or_(page.get_by_role("button", name="Anmelden"))
                .click()
            )
        await page.locator("#content h1, #content h2, #content strong").first.wait_for()
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert complaints == []


async def _signed_in(page: Page) -> bool:
    await page.locator("#root > *").first.wait_for()
    return bool(await page.evaluate("sessionStorage.getItem('apt.token')"))


@pytest.fixture(scope="session")
def axe() -> str:
    """The source of axe-core, which `npm ci` in web/ installs."""
    if not AXE.exists():
        message = "axe-core is not installed: run `make web`"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)
    return AXE.read_text()
