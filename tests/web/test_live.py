"""Changes of others appear by themselves, also with many tabs, and after the connection was lost."""

from playwright.async_api import expect

from tests.support import eventually
from tests.web.conftest import Open
from tests.web.hub import Hub

WEEK = "/calendar?view=week&date=2026-12-07"
MOVED = {"start_time": "2026-12-08T12:00:00Z", "end_time": "2026-12-08T13:00:00Z"}


async def test_a_change_of_somebody_else_appears_without_a_reload(hub: Hub, open_page: Open) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    await eventually(lambda: hub.streams)
    hub.change(booked["id"], **MOVED)
    await expect(
        page.get_by_role("button", name="Design review, Tuesday 8 December, 13:00–14:00")
    ).to_be_visible()
    await expect(page.get_by_text("One appointment changed")).to_be_attached()
    hub.change(booked["id"], status="cancelled")
    await expect(page.get_by_role("button", name="Design review")).to_be_hidden()


async def test_a_change_keeps_the_focus_where_it_is(hub: Hub, open_page: Open) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 60)
    hub.book("Budget", "2026-12-07T15:00", 60)
    page = await open_page(WEEK)
    await eventually(lambda: hub.streams)
    focused = page.get_by_role("button", name="Design review")
    await focused.focus()
    hub.change(booked["id"], start_time="2026-12-07T16:00:00Z", end_time="2026-12-07T17:00:00Z")
    moved = page.get_by_role("button", name="Design review, Monday 7 December, 17:00–18:00")
    await expect(moved).to_be_focused()


async def test_eight_tabs_share_one_stream_and_all_hear_of_a_change(hub: Hub, open_page: Open) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 60)
    first = await open_page(WEEK)
    token = await first.evaluate("sessionStorage.getItem('apt.token')")
    await first.context.add_init_script(f"sessionStorage.setItem('apt.token', '{token}')")
    tabs = [first] + [await open_page(WEEK, context=first.context) for _ in range(7)]
    await eventually(lambda: hub.streams)
    for tab in tabs:
        await expect(tab.locator(".apt-live")).to_have_attribute("data-state", "live")
    assert len(hub.resumed) == 1
    hub.change(booked["id"], **MOVED)
    for tab in tabs:
        await expect(
            tab.get_by_role("button", name="Design review, Tuesday 8 December, 13:00–14:00")
        ).to_be_visible()


async def test_another_tab_goes_on_from_the_last_event_when_the_reading_tab_is_closed(
    hub: Hub, open_page: Open
) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 60)
    first = await open_page(WEEK)
    token = await first.evaluate("sessionStorage.getItem('apt.token')")
    await first.context.add_init_script(f"sessionStorage.setItem('apt.token', '{token}')")
    second = await open_page(WEEK, context=first.context)
    await expect(second.locator(".apt-live")).to_have_attribute("data-state", "live")
    hub.change(booked["id"], **MOVED)
    await expect(second.get_by_role("button", name="Design review, Tuesday")).to_be_visible()
    await first.close()
    await eventually(lambda: len(hub.resumed) == 2)
    assert hub.resumed[-1] == str(hub.sent)


async def test_a_cut_stream_comes_back_with_its_last_id(hub: Hub, open_page: Open) -> None:
    booked = hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    await eventually(lambda: hub.streams)
    hub.change(booked["id"], title="Layout review")
    await expect(page.get_by_role("button", name="Layout review")).to_be_visible()
    for queue in list(hub.streams):
        queue.put_nowait("")
    await eventually(lambda: len(hub.resumed) == 2)
    assert hub.resumed[-1] == str(hub.sent)


async def test_offline_is_said_at_once_and_what_was_known_stays(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    await expect(page.locator(".apt-live")).to_have_attribute("data-state", "live")
    await page.context.set_offline(True)
    await expect(page.locator(".app-offline")).to_be_visible()
    await expect(page.get_by_role("button", name="Design review")).to_be_visible()
    await page.context.set_offline(False)
    await expect(page.locator(".apt-live")).to_have_attribute("data-state", "live")
    await expect(page.locator(".app-offline")).to_be_hidden()
