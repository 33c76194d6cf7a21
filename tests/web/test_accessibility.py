"""Axe finds nothing on any page, in light and dark, wide and narrow; and it does find what is planted."""

import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Open
from tests.web.hub import PEOPLE, Hub

RUN = "() => axe.run(document, {resultTypes: ['violations']}).then(r => r.violations.map(v => v.id + ': ' + v.nodes.map(n => n.target).join(' ')))"


async def violations(page: Page, axe: str) -> list[str]:
    """Return what axe finds on a page, best practices included."""
    await page.evaluate(axe)
    return list(await page.evaluate(RUN))


def fill(hub: Hub) -> None:
    """Book a week with each kind of entry."""
    hub.book(
        "Design review", "2026-12-07T09:30", 90, PEOPLE[1:4], location="Room Elbe", description="Bring both."
    )
    hub.book("Interview", "2026-12-08T10:00", 60, PEOPLE[:1], organizer=PEOPLE[1], response="pending")
    hub.book("Lunch talk", "2026-12-08T10:30", 30, PEOPLE[:1], organizer=PEOPLE[2], response="declined")
    hub.book("Draft", "2026-12-10T11:00", 120, status="pending")
    hub.book("Retro", "2026-12-11T10:00", 60, status="completed")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("view", ["week", "day", "month", "agenda", "dialog", "page"])
async def test_axe_finds_nothing(
    hub: Hub, open_page: Open, axe: str, view: str, width: int, scheme: str
) -> None:
    fill(hub)
    look = {"viewport": {"width": width, "height": 900}, "color_scheme": scheme}
    if view == "page":
        appointment = next(iter(hub.appointments.values()))
        page = await open_page(f"/appointments/{appointment['id']}", **look)
    else:
        shown = "week" if view == "dialog" else view
        page = await open_page(f"/calendar?view={shown}&date=2026-12-07", **look)
    title = page.get_by_text("Design review").first
    await expect(title).to_be_visible()
    if view == "dialog":
        await title.click()
    if view in ("dialog", "page"):
        await expect(page.get_by_text("Bring both.")).to_be_visible()
        await expect(page.get_by_text("Bounced")).to_be_attached()
    assert await violations(page, axe) == []


async def test_axe_finds_what_is_planted(hub: Hub, open_page: Open, axe: str) -> None:
    page = await open_page("/calendar?view=week&date=2026-12-07")
    await page.evaluate(
        "document.querySelector('#content').insertAdjacentHTML('beforeend', '<button></button>')"
    )
    assert [found for found in await violations(page, axe) if found.startswith("button-name")]


@pytest.mark.parametrize("view", ["week", "month", "agenda"])
async def test_at_320_pixels_the_page_itself_does_not_scroll_sideways(
    hub: Hub, open_page: Open, view: str
) -> None:
    fill(hub)
    page = await open_page(f"/calendar?view={view}&date=2026-12-07", viewport={"width": 320, "height": 700})
    await expect(page.get_by_text("Design review").first).to_be_attached()
    assert await page.evaluate("document.scrollingElement.scrollWidth") <= 320
    assert await page.evaluate("document.querySelector('#content').scrollWidth") <= 320
