"""Another program's calendar as busy time: what is published of it, and what cannot be read."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from tests.component.ingress.fleet import refused
from tests.component.ingress.people import ANNA, STRANGER
from tests.component.ingress.running import Ingress

NEXT_YEAR = datetime.now(UTC).year + 1


def a_file(*events: str) -> bytes:
    """A calendar with these events."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Somebody//Else//EN", *events, "END:VCALENDAR", ""]
    return "\r\n".join(lines).encode()


def an_event(uid: str = "a", day: int = 1, *more: str, hour: int = 9) -> str:
    """An hour of a day of January."""
    date = f"{NEXT_YEAR}01{day:02}"
    lines = [
        "BEGIN:VEVENT",
        f"UID:{uid}",
        f"DTSTART:{date}T{hour:02}0000Z",
        f"DTEND:{date}T{hour + 1:02}0000Z",
    ]
    return "\r\n".join([*lines, *more, "END:VEVENT"])


def imported(body: dict[str, Any]) -> dict[str, Any]:
    """Everything is new."""
    return {
        "status": "accepted",
        "user_id": str(ANNA.id),
        "version": 0,
        "imported": len(body["busy_times"]),
        "event_ids": [],
    }


async def send(ingress: Ingress, content: bytes, **headers: str) -> Any:
    """The call as a calendar program makes it."""
    headers = {"Content-Type": "text/calendar"} | headers
    return await ingress.call(ANNA, "POST", "/calendar/import", content=content, headers=headers)


async def test_a_file_becomes_busy_time(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    response = await send(
        ingress,
        a_file(
            an_event("single"),
            an_event("weekly", 4, "RRULE:FREQ=WEEKLY;COUNT=3"),
            an_event("free", 5, "TRANSP:TRANSPARENT"),
            an_event("gone", 6, "STATUS:CANCELLED"),
        ),
    )
    assert (response.status_code, response.json()["imported"]) == (200, 4), response.text
    [(_, envelope, body)] = ingress.fleet.commands
    assert (envelope.type, envelope.subject) == ("busy_times.import", str(ANNA.id))
    starts = sorted(item["start_time"] for item in body["busy_times"])
    assert starts == [f"{NEXT_YEAR}-01-{day:02}T09:00:00Z" for day in (1, 4, 11, 18)]
    assert len({item["uid"] for item in body["busy_times"]}) == 4
    assert "gone" in body["removed"]


async def test_the_same_file_is_the_same_commands(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    for _ in range(2):
        await send(ingress, a_file(an_event("a"), an_event("b", 2)), **{"Idempotency-Key": "one"})
    first, second = ((envelope.id, body) for _, envelope, body in ingress.fleet.commands)
    assert first == second


async def test_many_events_are_several_commands(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    day = (
        an_event("daily", 1, "RRULE:FREQ=DAILY;COUNT=1500"),
        an_event("too", 1, "RRULE:FREQ=DAILY;COUNT=1500", hour=12),
    )
    response = await send(ingress, a_file(*day), **{"Idempotency-Key": "one"})
    assert (response.status_code, response.json()["imported"]) == (200, 3_000), response.text
    assert sum(len(body["busy_times"]) for _, _, body in ingress.fleet.commands) == 3_000
    assert len({envelope.id for _, envelope, _ in ingress.fleet.commands}) == 2


async def test_what_is_over_is_not_imported(ingress: Ingress) -> None:
    old = an_event().replace(str(NEXT_YEAR), str(NEXT_YEAR - 2))
    response = await send(ingress, a_file(old))
    assert (response.status_code, response.json()["imported"]) == (200, 0)
    assert not [body for _, _, body in ingress.fleet.commands if body["busy_times"]]


async def test_a_refusal_of_booking_is_told(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda *_: refused("invalid")
    response = await send(ingress, a_file(an_event()))
    assert (response.status_code, response.json()["code"]) == (422, "invalid")


NESTED = b"BEGIN:VCALENDAR\r\n" + b"BEGIN:VEVENT\r\n" * 50_000


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"{}", id="JSON"),
        pytest.param(b"\x00\xff" * 1_000, id="binary"),
        pytest.param(b"BEGIN:VCALENDAR\r\n", id="half a file"),
        pytest.param(NESTED, id="deep nesting"),
        pytest.param(
            a_file(
                an_event("a", 1, "RRULE:FREQ=DAILY;COUNT=1500"),
                an_event("b", 1, "RRULE:FREQ=DAILY;COUNT=1500"),
                an_event("c", 1, "RRULE:FREQ=DAILY;COUNT=1500"),
                an_event("d", 1, "RRULE:FREQ=DAILY;COUNT=1500"),
            ),
            id="more ranges than are kept",
        ),
        pytest.param(
            a_file(*(an_event(str(number)) for number in range(5_001))), id="more events than are read"
        ),
    ],
)
async def test_files_that_cannot_be_read(ingress: Ingress, content: bytes) -> None:
    began = time.monotonic()
    response = await send(ingress, content)
    assert time.monotonic() - began < 10
    assert (response.status_code, response.json()["code"]) == (422, "unreadable"), response.text
    assert response.json()["errors"][0]["code"]
    assert not ingress.fleet.commands


@pytest.mark.parametrize(
    "rule",
    [
        "FREQ=SECONDLY",
        "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;COUNT=1000000000",
        "FREQ=DAILY;INTERVAL=0",
        "X",
    ],
)
async def test_rules_that_are_bombs_end_soon(ingress: Ingress, rule: str) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    began = time.monotonic()
    response = await send(ingress, a_file(*(an_event(str(uuid4()), 1, f"RRULE:{rule}") for _ in range(200))))
    assert time.monotonic() - began < 10
    assert response.status_code in (200, 422), response.text
    assert response.headers["content-type"].startswith("application/")


async def test_a_large_file_is_not_read_to_its_end(ingress: Ingress) -> None:
    for size in (5 * 1024 * 1024 + 1, 20_000_000):
        response = await send(ingress, b"x" * size)
        assert (response.status_code, response.json()["code"]) == (413, "too_large")
    assert not ingress.fleet.commands


async def test_others_are_answered_while_a_file_is_read(ingress: Ingress) -> None:
    """Reading takes a while; the loop goes on."""
    ingress.fleet.answer = lambda _, body: imported(body)
    events = (an_event(str(number), 1, f"DESCRIPTION:{'x' * 800}") for number in range(5_000))
    content = a_file(*events)
    assert len(content) < 5 * 1024 * 1024
    sending = asyncio.create_task(send(ingress, content))
    slowest = 0.0
    while not sending.done():
        began = time.monotonic()
        assert (await ingress.client.get("/health/live")).status_code == 200
        slowest = max(slowest, time.monotonic() - began)
    assert (await sending).status_code == 200
    assert slowest < 3, "a machine three times slower than this one"


async def test_every_component_is_accounted_for(ingress: Ingress) -> None:
    ingress.fleet.answer = lambda _, body: imported(body)
    declined = f"ATTENDEE;PARTSTAT=DECLINED:mailto:{ANNA.name.upper()}@EXAMPLE.com"
    parts = [
        an_event("good"),
        an_event("odd", 2, 'ORGANIZER;CN=The "quoted" one:mailto:x@else.example'),
        an_event("declined", 3, declined),
        an_event("bad", 4, "RRULE:FREQ=NEVER"),
        "BEGIN:VTODO\r\nUID:task\r\nEND:VTODO",
        an_event("guessed", 5)
        .replace("DTSTART:", "DTSTART;TZID=Nowhere:")
        .replace("DTEND:", "DTEND;TZID=Nowhere:")
        .replace("0000Z", "0000"),
    ]
    response = await send(ingress, a_file(*parts))
    answer = response.json()
    assert (response.status_code, answer["imported"]) == (200, 3), response.text
    assert answer["components"] == {"total": 6, "booked": 3, "skipped": 2, "failed": 1}
    assert [
        (one["place"], one["kind"], one["uid"], one["outcome"], one["code"]) for one in answer["left_out"]
    ] == [
        ("component 3", "VEVENT", "declined", "skipped", "declined"),
        ("component 4", "VEVENT", "bad", "failed", "unsupported_frequency"),
        ("component 5", "VTODO", "task", "skipped", "not_an_event"),
    ]
    assert [(one["place"], one["code"]) for one in answer["notes"]] == [("component 6", "zone_guessed")]
    [(_, _, body)] = ingress.fleet.commands
    assert body["removed"] == ["declined"]


HEAVY_ZONES = "".join(
    f"BEGIN:VTIMEZONE\r\nTZID:Z{number}\r\n"
    + "".join(
        f"BEGIN:STANDARD\r\nDTSTART:1600{1 + part % 12:02}01T020000\r\nTZOFFSETFROM:+0{part % 9}00\r\n"
        f"TZOFFSETTO:+0{(part + 1) % 9}00\r\nRRULE:FREQ=DAILY\r\nEND:STANDARD\r\n"
        for part in range(20)
    )
    + "END:VTIMEZONE\r\n"
    for number in range(500)
)
HEAVY = HEAVY_ZONES + "".join(
    f"BEGIN:VEVENT\r\nUID:{number}\r\nDTSTART;TZID=Z{number % 500}:{NEXT_YEAR}0501T100000\r\nDURATION:PT1H\r\nEND:VEVENT\r\n"
    for number in range(4_000)
)


async def test_large_files_of_one_are_in_nobody_elses_way(ingress: Ingress) -> None:
    """Of eight at once one is read, the others are refused; another organization's file is read meanwhile."""
    ingress.fleet.answer = lambda _, body: imported(body)
    heavy = [asyncio.create_task(send(ingress, a_file(HEAVY.removesuffix("\r\n")))) for _ in range(8)]
    await asyncio.wait(heavy, return_when=asyncio.FIRST_COMPLETED)
    small = await ingress.call(
        STRANGER,
        "POST",
        "/calendar/import",
        content=a_file(an_event()),
        headers={"Content-Type": "text/calendar"},
    )
    assert small.status_code == 200, small.text
    answers = [await one for one in heavy]
    assert sorted(one.status_code for one in answers) == [200] + [429] * 7
    refused_one = next(one for one in answers if one.status_code == 429)
    assert refused_one.json()["code"] == "rate_limited"
    assert int(refused_one.headers["Retry-After"]) > 0
