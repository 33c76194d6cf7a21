"""The calendar: moving by mouse and keys, refusals with other times, and weeks in which the clocks change."""

import pytest
from playwright.async_api import Page, expect

from tests.support import eventually
from tests.web.conftest import Open
from tests.web.hub import PEOPLE, Hub, Item, person_id

WEEK = "/calendar?view=week&date=2026-12-07"


def conflict() -> Item:
    """Return a refusal that offers two other times."""
    return {
        "type": "urn:appointments:problem:conflict",
        "title": "A person is busy at that time",
        "status": 409,
        "code": "conflict",
        "detail": "busy",
        "conflicts": [
            {
                "user_id": person_id("Jonas Weber"),
                "start_time": "2026-12-07T10:00:00Z",
                "end_time": "2026-12-07T11:00:00Z",
            }
        ],
        "alternatives": [
            {"start_time": "2026-12-07T13:00:00Z", "end_time": "2026-12-07T14:00:00Z"},
            {"start_time": "2026-12-08T08:00:00Z", "end_time": "2026-12-08T09:00:00Z"},
        ],
    }


async def drag(page: Page, title: str, by: tuple[float, float], part: float = 0.3) -> None:
    """Pull an event by pixels, at a part of its height."""
    box = await page.locator(".apt-event", has_text=title).first.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] * part
    await page.mouse.move(x, y)
    await page.mouse.down()
    await page.mouse.move(x + by[0] / 2, y + by[1] / 2)
    await page.mouse.move(x + by[0], y + by[1])
    await page.mouse.up()


async def hour_and_day(page: Page) -> tuple[float, float]:
    """Return the height of an hour and the width of a day, in pixels."""
    day = await page.locator(".apt-day").first.bounding_box()
    assert day is not None
    return day["height"] / 24, day["width"]


async def test_an_event_is_named_with_its_day_times_people_and_status(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 90, ("Jonas Weber", "Aylin Demir"))
    page = await open_page(WEEK)
    name = "Design review, Monday 7 December, 09:30–11:00, with Jonas Weber and Aylin Demir, Confirmed"
    await expect(page.get_by_role("button", name=name, exact=True)).to_be_visible()


async def test_pulling_an_event_moves_it_by_quarters_of_an_hour_and_can_be_undone(
    hub: Hub, open_page: Open
) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    hour, day = await hour_and_day(page)
    await drag(page, "Design review", (day, hour * 0.7))
    await eventually(lambda: hub.asked)
    assert hub.asked[-1][2] == {"start_time": "2026-12-08T09:15:00Z", "end_time": "2026-12-08T10:15:00Z"}
    await page.get_by_role("button", name="Undo").click()
    await eventually(lambda: len(hub.asked) == 2)
    assert hub.asked[-1][2] == {"start_time": "2026-12-07T08:30:00Z", "end_time": "2026-12-07T09:30:00Z"}


async def test_pulling_the_end_of_an_event_makes_it_longer(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    hour, _ = await hour_and_day(page)
    await drag(page, "Design review", (0, hour), part=0.97)
    await eventually(lambda: hub.asked)
    assert hub.asked[-1][2] == {"start_time": "2026-12-07T08:30:00Z", "end_time": "2026-12-07T10:30:00Z"}


async def test_a_refused_move_goes_back_and_offers_other_times(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60, ("Jonas Weber",))
    page = await open_page(WEEK)
    hub.refuse = conflict()
    hour, _ = await hour_and_day(page)
    await drag(page, "Design review", (0, hour))
    panel = page.get_by_role("alertdialog", name="That time is not free")
    await expect(panel).to_contain_text("Jonas Weber is busy 11:00–12:00")
    await expect(
        page.get_by_role("button", name="Design review, Monday 7 December, 09:30–10:30")
    ).to_be_visible()
    await expect(panel.get_by_role("button").first).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(
        page.get_by_role("button", name="Design review, Monday 7 December, 14:00–15:00")
    ).to_be_visible()
    await expect(panel).to_be_hidden()


async def test_keys_move_an_event_and_keep_the_focus_on_it(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    await page.get_by_role("button", name="Design review").focus()
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Alt+ArrowDown")
    await page.keyboard.press("Alt+ArrowRight")
    await page.keyboard.press("Enter")
    await eventually(lambda: hub.asked)
    assert [change for _, _, change in hub.asked] == [
        {"start_time": "2026-12-08T09:00:00Z", "end_time": "2026-12-08T10:00:00Z"}
    ]
    moved = page.get_by_role("button", name="Design review, Tuesday 8 December, 10:00–11:00")
    await expect(moved).to_be_visible()


async def test_escape_takes_a_move_by_keys_back(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    page = await open_page(WEEK)
    await page.get_by_role("button", name="Design review").focus()
    await page.keyboard.press("Alt+ArrowDown")
    await expect(page.locator(".apt-event--ghost")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(page.locator(".apt-event--ghost")).to_be_hidden()
    assert hub.asked == []


async def test_only_ones_own_appointments_can_be_pulled(hub: Hub, open_page: Open) -> None:
    hub.book("Budget", "2026-12-07T09:30", 60, (PEOPLE[0],), organizer="Chiara Conti")
    page = await open_page(WEEK)
    hour, _ = await hour_and_day(page)
    await drag(page, "Budget", (0, hour))
    await expect(page.locator(".apt-event--ghost")).to_be_hidden()
    assert hub.asked == []


async def test_the_cursor_walks_the_slots_and_opens_the_event_under_it(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-08T10:00", 60)
    page = await open_page(WEEK)
    await page.locator(".apt-cursor").focus()
    for key in ("ArrowRight", "ArrowDown", "ArrowDown"):
        await page.keyboard.press(key)
    cursor = page.locator(".apt-cursor")
    await expect(cursor).to_be_focused()
    await expect(cursor).to_have_attribute("aria-label", "Tuesday 8 December, 10:00, Design review")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("dialog")).to_contain_text("Design review")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_be_hidden()
    await expect(cursor).to_be_focused()


async def test_letters_turn_the_calendar(hub: Hub, open_page: Open) -> None:
    hub.book("Design review", "2026-12-08T10:00", 60)
    page = await open_page(WEEK)
    await page.get_by_role("button", name="Design review").focus()
    await page.keyboard.press("j")
    await expect(page.get_by_role("heading", level=1)).to_have_text("14 – 20 December 2026")
    await page.get_by_role("button", name="Previous week").focus()
    await page.keyboard.press("m")
    await expect(page.get_by_role("heading", level=1)).to_have_text("December 2026")
    await page.go_back()
    await expect(page.get_by_role("heading", level=1)).to_have_text("14 – 20 December 2026")


@pytest.mark.parametrize("browser_zone", ["UTC", "America/New_York", "Europe/Berlin", "Asia/Kathmandu"])
@pytest.mark.parametrize(
    ("zone", "start", "shown"),
    [
        ("Europe/Berlin", "2026-03-29T00:30:00+00:00", "Sunday 29 March, 01:30–03:30"),
        ("Europe/Berlin", "2026-10-25T01:30:00+00:00", "Sunday 25 October, 02:30–03:30"),
        ("Australia/Lord_Howe", "2026-04-04T14:45:00+00:00", "Sunday 5 April, 01:45–02:15"),
        ("America/Santiago", "2026-09-06T04:00:00+00:00", "Sunday 6 September, 01:00–02:00"),
    ],
)
async def test_a_week_in_which_the_clocks_change_is_right_in_every_browser(
    hub: Hub, open_page: Open, browser_zone: str, zone: str, start: str, shown: str
) -> None:
    hub.zone = zone
    hub.book("Night watch", start, 60)
    page = await open_page(f"/calendar?view=week&date={start[:10]}", timezone_id=browser_zone)
    await expect(page.get_by_role("button", name=f"Night watch, {shown}")).to_be_attached()
    # The event begins on the line of its hour: as far down as the same minute of the day before.
    top = await page.locator(".apt-event").evaluate("e => e.style.insetBlockStart")
    rows = await page.locator(".apt-grid__body").evaluate(
        "e => parseFloat(e.style.blockSize.match(/[\\d.]+/)[0])"
    )
    expected = {"Europe/Berlin2026-03": 90, "Europe/Berlin2026-10": 210, "Australia/Lord_Howe2026-04": 105}
    minute = expected.get(zone + start[:7], 60)
    assert float(top.rstrip("%")) / 100 * rows == pytest.approx(minute, abs=0.01)


async def test_a_calendar_that_cannot_be_read_says_so_and_can_be_tried_again(
    hub: Hub, open_page: Open
) -> None:
    hub.book("Design review", "2026-12-07T09:30", 60)
    hub.fail_reads = "views_unavailable"
    page = await open_page(WEEK)
    await expect(page.get_by_role("alert")).to_contain_text("cannot be read right now")
    hub.fail_reads = ""
    await page.get_by_role("button", name="Try again").click()
    await expect(page.get_by_role("button", name="Design review")).to_be_visible()
    await expect(page.get_by_role("alert")).to_be_hidden()


async def test_an_appointments_own_zone_stands_beside_the_viewers(hub: Hub, open_page: Open) -> None:
    booked = hub.book("Call", "2026-12-09T10:30", 45, timezone="Asia/Kolkata")
    page = await open_page(f"/appointments/{booked['id']}")
    await expect(page.locator(".apt-detail__when")).to_have_text(
        "Wednesday 9 December10:30–11:1515:00–15:45 in Kolkata"
    )


async def test_declining_asks_for_a_reason_and_sends_it(hub: Hub, open_page: Open) -> None:
    hub.book("Budget", "2026-12-07T09:30", 60, (PEOPLE[0],), organizer="Chiara Conti", response="pending")
    page = await open_page(WEEK)
    await page.get_by_role("button", name="Budget").click()
    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name="Decline").click()
    await page.keyboard.type("On holiday")
    await dialog.get_by_role("button", name="Decline").click()
    await expect(dialog.locator("[data-response=declined]")).to_be_visible()


@pytest.mark.parametrize("text", ["<img src=x onerror=alert(1)>", "{name}", "'; DROP TABLE", "\u202egnp.exe"])
async def test_a_title_is_text_and_never_markup(hub: Hub, open_page: Open, text: str) -> None:
    hub.book(text, "2026-12-07T09:30", 60, description=text, location=text)
    page = await open_page(WEEK)
    await expect(page.locator(".apt-event__title")).to_have_text(text)
    await page.locator(".apt-event").click()
    await expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(text)
