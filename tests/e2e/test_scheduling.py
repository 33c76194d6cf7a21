"""Journeys of people with time: set hours, find a slot, keep it, join, repeat, and see it in their own calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import icalendar
import pytest
import recurring_ical_events

from tests.e2e.user import User, Users, free_day
from tests.support import eventually

BERLIN = ZoneInfo("Europe/Berlin")
HALF_AN_HOUR = timedelta(minutes=30)
WEEK = timedelta(days=7)
A_MORNING = [{"day_of_week": day, "start_time": "09:00", "end_time": "12:00"} for day in range(7)]


@pytest.fixture
async def lukas(users: Users) -> User:
    """A third colleague."""
    return await users("lukas@nordlicht.example")


async def slots(user: User, day: datetime, *people: User) -> list[datetime]:
    """The half hours of that UTC day which are offered to all of them."""
    date = day.date().isoformat()
    query: dict[str, str | list[str]] = {
        "user_id": [person.id for person in people],
        "start_date": date,
        "end_date": date,
        "duration": "30",
        "timezone": "UTC",
    }
    answer = await user.http.get("/availability", params=query)
    assert answer.status_code == 200, answer.text
    return [datetime.fromisoformat(slot["start_time"]) for slot in answer.json()["slots"]]


def times(start: datetime, end: datetime | None = None) -> dict[str, str]:
    """From when to when, for half an hour unless told otherwise."""
    return {"start_time": start.isoformat(), "end_time": (end or start + HALF_AN_HOUR).isoformat()}


async def test_from_somebodys_hours_to_a_slot_that_was_kept_for_one(
    jonas: User, mira: User, lukas: User
) -> None:
    day = free_day()
    hours = {"user_id": mira.id, "timezone": "UTC", "rules": A_MORNING, "policy": {"step": 30}}
    stored = await mira.http.post("/availability", json=hours)
    assert (stored.status_code, stored.json()["version"]) == (200, 1), stored.text
    assert (await jonas.http.post("/availability", json=hours)).status_code == 403
    offered = await slots(jonas, day, mira, jonas)
    assert offered == [day + number * HALF_AN_HOUR for number in range(6)]
    placed = await jonas.http.post(
        "/holds", json={**times(day), "participant_ids": [mira.id], "expires_in": 60}
    )
    assert placed.status_code == 201, placed.text
    assert await slots(lukas, day, mira) == offered[1:], "nobody else is offered what is held"
    rival = await lukas.try_to_book(day, mira, minutes=30)
    assert (rival.status_code, rival.json()["code"]) == (409, "conflict")
    booked = await jonas.try_to_book(day, mira, minutes=30, hold_id=placed.json()["id"])
    assert booked.status_code == 201, booked.text
    again = await lukas.try_to_book(day, mira, minutes=30)
    assert (again.status_code, again.json()["code"]) == (409, "conflict")
    instead = datetime.fromisoformat(again.json()["alternatives"][0]["start_time"])
    assert instead == day + HALF_AN_HOUR, "the nearest time that suits both"
    assert (await lukas.try_to_book(instead, mira, minutes=30)).status_code == 201
    late = await lukas.try_to_book(day + timedelta(hours=6), mira, minutes=30)
    assert (late.status_code, late.json()["code"]) == (422, "unavailable")
    assert {error["code"] for error in late.json()["errors"]} == {"outside_hours"}
    asked = {"user_id": mira.id, "at": (day + timedelta(hours=6)).isoformat(), "duration": "30"}
    why = (await lukas.http.get("/availability/explain", params=asked)).json()
    assert (why["offered"], [reason["code"] for reason in why["reasons"]]) == (False, ["outside_hours"])
    assert (
        await mira.http.post("/availability", json={"user_id": mira.id, "timezone": "UTC"})
    ).status_code == 200


def before_the_clocks_change() -> datetime:
    """Nine o'clock in Berlin some days before its next change of offset that is a month away at least."""
    day = datetime.now(BERLIN).replace(hour=9, minute=0, second=0, microsecond=0) + timedelta(days=30)
    while day.utcoffset() == (day + timedelta(days=10)).utcoffset():
        day += timedelta(days=1)
    return day


async def subscribed(url: str) -> set[tuple[datetime, str, str]]:
    """Return the next year as a calendar program shows it from this address."""
    async with httpx.AsyncClient() as client:
        answer = await client.get(url)
    assert answer.status_code == 200, answer.text
    now = datetime.now(UTC)
    events = recurring_ical_events.of(icalendar.Calendar.from_ical(answer.content)).between(
        now, now + timedelta(days=390)
    )
    return {
        (event["DTSTART"].dt.astimezone(UTC), str(event["SUMMARY"]), str(event["STATUS"])) for event in events
    }


async def test_a_series_over_a_clock_change_is_seen_as_it_is(users: Users, mira: User) -> None:
    lena = await users("load0001@nordlicht.example")
    first = before_the_clocks_change()
    made = await lena.http.post(
        "",
        json={
            "title": "Weekly",
            **times(first.replace(tzinfo=None)),
            "timezone": "Europe/Berlin",
            "participant_ids": [mira.id],
            "recurring_pattern": {"frequency": "weekly", "count": 5},
        },
    )
    assert made.status_code == 201, made.text
    occurrences = made.json()["occurrences"]
    starts = [datetime.fromisoformat(one["start_time"]) for one in occurrences]
    assert [at.astimezone(BERLIN).hour for at in starts] == [9] * 5, "the wall clock stays"
    assert len({at.hour for at in starts}) == 2, "over a change of the clocks"
    ids = [one["appointment_id"] for one in occurrences]
    assert (await lena.http.delete(f"/{ids[1]}")).status_code == 200
    ten = (first + 3 * WEEK).replace(hour=10)
    edited = await lena.http.patch(
        f"/{ids[3]}?scope=following", json={"title": "Later", **times(ten), "timezone": "Europe/Berlin"}
    )
    assert edited.status_code == 200, edited.text
    address = (await lena.http.post("/calendar/feed")).json()["url"]
    hour = timedelta(hours=1)
    expected = [
        (starts[0], "Weekly", "TENTATIVE"),
        (starts[1], "Weekly", "CANCELLED"),
        (starts[2], "Weekly", "TENTATIVE"),
        (starts[3] + hour, "Later", "TENTATIVE"),
        (starts[4] + hour, "Later", "TENTATIVE"),
    ]
    assert await subscribed(address) == set(expected)
    assert (await lena.http.delete(f"/{ids[0]}?scope=all")).status_code == 200
    assert await subscribed(address) == {(start, title, "CANCELLED") for start, title, _ in expected}
    assert (await lena.http.delete("/calendar/feed")).status_code == 204
    async with httpx.AsyncClient() as client:
        assert (await client.get(address)).status_code == 404


async def test_a_seat_that_is_freed_goes_to_who_waits(jonas: User, mira: User, lukas: User) -> None:
    course = await jonas.book(free_day(), title="Course", seats=1)
    path = f"/{course['id']}"
    assert (await mira.http.post(f"{path}/join")).status_code == 200
    full = await lukas.http.post(f"{path}/join")
    assert (full.status_code, full.json()["code"]) == (409, "full")
    waiting = await lukas.http.post(f"{path}/join", json={"wait": True})
    assert (waiting.status_code, waiting.json()) == (200, {"status": "waiting", "position": 1})
    assert (await lukas.http.get(path)).json()["waiting"] == [lukas.id]
    assert (await mira.http.post(f"{path}/leave")).status_code == 200
    seated = (await lukas.http.get(path)).json()
    assert (seated["participant_ids"], seated["waiting"]) == ([lukas.id], [])

    async def is_told() -> bool:
        query = {"recipient": lukas.id, "entity_id": course["id"]}
        async with httpx.AsyncClient() as client:
            messages = (await client.get(f"{lukas.communication}/sandbox/messages", params=query)).json()
        return "appointment_seat" in [message["type"] for message in messages]

    await eventually(is_told, 30, interval=0.1)


def a_file(start: datetime) -> bytes:
    """Another program's calendar: an hour, three weeks in a row."""
    lines: list[Any] = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Somebody//Else//EN",
        "BEGIN:VEVENT",
        "UID:dentist@example.com",
        f"DTSTART:{start:%Y%m%dT%H%M%SZ}",
        "DURATION:PT1H",
        "RRULE:FREQ=WEEKLY;COUNT=3",
        "SUMMARY:Dentist",
        "END:VEVENT",
        "END:VCALENDAR",
        "",
    ]
    return "\r\n".join(lines).encode()


async def test_what_is_in_another_calendar_is_not_offered(jonas: User, lukas: User) -> None:
    day = free_day()
    assert day in await slots(jonas, day, lukas)
    answers = [
        await lukas.http.post(
            "/calendar/import", content=a_file(day), headers={"Content-Type": "text/calendar"}
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [(answer.json()["imported"], answer.json()["skipped"]) for answer in answers] == [(3, 0), (0, 3)]
    for week in range(3):
        taken = day + week * WEEK
        offered = await slots(jonas, taken, lukas)
        assert not {taken, taken + HALF_AN_HOUR} & set(offered)
        assert taken + timedelta(hours=1) in offered
    refused = await jonas.try_to_book(day, lukas, minutes=30)
    assert (refused.status_code, refused.json()["code"]) == (422, "unavailable")
    assert {error["code"] for error in refused.json()["errors"]} == {"busy_elsewhere"}
    assert "Dentist" not in refused.text, "what it is stays their own"
    instead = datetime.fromisoformat(refused.json()["alternatives"][0]["start_time"])
    assert (await jonas.try_to_book(instead, lukas, minutes=30)).status_code == 201
