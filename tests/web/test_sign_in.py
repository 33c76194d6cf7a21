"""A person who is not signed in comes to the sign-in page, and goes on where they wanted to be."""

import re

from playwright.async_api import Browser, expect

from tests.web.conftest import Open
from tests.web.hub import Hub


async def test_a_link_from_a_message_opens_its_appointment_after_the_sign_in(
    hub: Hub, open_page: Open
) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 90)
    page = await open_page(f"/appointments/{booked['id']}")
    await expect(page.get_by_role("heading", name="Design review")).to_be_visible()
    await expect(page).to_have_url(re.compile(f"/app/appointments/{booked['id']}$"))
    await expect(page).to_have_title("Design review – Appointments")


async def test_the_token_is_not_left_in_the_address_or_the_history(hub: Hub, open_page: Open) -> None:
    page = await open_page("/calendar")
    assert "token" not in page.url
    await page.go_back()
    assert "token" not in page.url


async def test_a_token_that_nobody_asked_for_is_not_taken(browser: Browser, address: str) -> None:
    page = await browser.new_page(locale="en-GB")
    await page.goto(f"{address}/callback#token=foreign&state=guess")
    await expect(page.get_by_role("alert")).to_contain_text("did not succeed")
    assert await page.evaluate("sessionStorage.getItem('apt.token')") is None
    await page.close()


async def test_signing_out_leads_back_to_the_sign_in_page(open_page: Open) -> None:
    page = await open_page("/calendar")
    await page.locator("summary").click()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    assert await page.evaluate("sessionStorage.length") == 0


async def test_a_german_person_reads_german(hub: Hub, open_page: Open) -> None:
    hub.locale = "de"
    hub.book("Planung", "2026-12-07T09:30", 90)
    page = await open_page("/calendar?view=week&date=2026-12-07", locale="de-DE")
    await expect(page.get_by_role("heading", level=1)).to_have_text("7.–13. Dezember 2026")
    await expect(page.get_by_role("button", name="Heute")).to_be_visible()
    assert await page.evaluate("document.documentElement.lang") == "de"
    name = page.locator(".apt-event .apt-hidden")
    await expect(name).to_have_text("Planung, Montag, 7. Dezember, 09:30–11:00 Uhr, Bestätigt")


async def test_an_unknown_page_says_so(open_page: Open) -> None:
    page = await open_page("/nowhere")
    await expect(page.get_by_text("This page does not exist")).to_be_visible()
