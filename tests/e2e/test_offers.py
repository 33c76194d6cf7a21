"""Whatever hours, policies and bookings people have: what is offered can be booked, and what is refused was not offered."""

from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from tests.e2e.user import User

DAYS, MINUTES = 5, 30
DURATION = timedelta(minutes=MINUTES)
BOOKED, TRIED, REFUSED = 5, 6, 15
ONE_HOUR, HALF_AN_HOUR, NONE, AT_MIDNIGHT = (
    "Europe/Berlin",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
)


def clocks_change(zone: str) -> date:
    """The first date, some weeks ahead, on which clocks there are changed; if they never are, some weeks ahead."""
    first = datetime.now(UTC).replace(hour=12, minute=0, second=0, microsecond=0) + timedelta(days=60)
    clock = ZoneInfo(zone)
    for number in range(370):
        day = first + timedelta(days=number)
        if (day - timedelta(days=1)).astimezone(clock).utcoffset() != day.astimezone(clock).utcoffset():
            return day.astimezone(clock).date()
    return first.date()


class Story:
    """Two people with hours of some kind in some week, and what they ask and do."""

    def __init__(self, chance: Random, zone: str, people: tuple[User, User]) -> None:
        self.chance = chance
        self.zone = zone
        self.people = people
        self.first = clocks_change(zone) - timedelta(days=chance.choice([1, 2, 3]))
        self.hold: str | None = None
        self.start = datetime.combine(self.first, datetime.min.time(), ZoneInfo(zone)).astimezone(UTC)

    async def say_hours(self) -> None:
        """Each of them says something, the second perhaps in another zone."""
        for person, zone in zip(
            self.people, (self.zone, self.chance.choice([self.zone, ONE_HOUR])), strict=True
        ):
            answer = await person.http.post("/availability", json=self._hours(person, zone))
            assert answer.status_code == 200, answer.text

    def _hours(self, person: User, zone: str) -> dict[str, Any]:
        days = range(7)
        rules = [self._range(day_of_week=day, low=8) for day in days]
        rules += [
            {"day_of_week": day, "start_time": "00:00", "end_time": self._clock(1, 5)}
            for day in days
            if self.chance.random() < 0.5
        ]
        dates = [(self.first + timedelta(days=number)).isoformat() for number in range(DAYS)]
        return {
            "user_id": person.id,
            "timezone": zone,
            "rules": rules,
            "overrides": [
                {"date": dates[0], "ranges": []},
                {"date": dates[3], "ranges": [self._range(low=6)]},
            ],
            "policy": {
                "step": self.chance.choice([10, 15, 25]),
                "buffer_before": self.chance.choice([0, 5]),
                "buffer_after": self.chance.choice([0, 10]),
                "max_per_day": self.chance.choice([None, 4]),
                "minimum_notice": self.chance.choice([0, 60]),
            },
        }

    def _range(self, low: int, **more: Any) -> dict[str, Any]:
        end = "24:00" if self.chance.random() < 0.3 else self._clock(low + 5, 23)
        return {"start_time": self._clock(low, low + 4), "end_time": end} | more

    def _clock(self, low: int, high: int) -> str:
        return f"{self.chance.randint(low, high):02}:{self.chance.choice([0, 10, 30]):02}"

    async def fill(self) -> None:
        """They have some appointments already, whatever their hours are, and somebody holds a time."""
        for person in self.people:
            for _ in range(BOOKED):
                answer = await person.try_to_book(self.any_time(), minutes=MINUTES, ignore_availability=True)
                assert answer.status_code in (201, 409), answer.text
        start = self.any_time()
        times = {"start_time": start.isoformat(), "end_time": (start + DURATION).isoformat()}
        held = await self.people[0].http.post("/holds", json=times | {"ignore_availability": True})
        assert held.status_code in (201, 409), held.text
        self.hold = held.json()["id"] if held.status_code == 201 else None

    async def give_back(self) -> None:
        """Nobody holds more than a few times at once."""
        if self.hold is not None:
            assert (await self.people[0].http.delete(f"/holds/{self.hold}")).status_code == 200

    def any_time(self) -> datetime:
        """Some time of these days, as the clock shows it every five minutes."""
        return self.start + timedelta(minutes=5 * self.chance.randrange(12 * 24 * DAYS - 12))

    async def offered(self) -> list[datetime]:
        """When both are free."""
        days = (self.first, self.first + timedelta(days=DAYS - 1))
        query: list[tuple[str, str | int | float | bool | None]] = [
            ("user_id", person.id) for person in self.people
        ]
        query += [("start_date", days[0].isoformat()), ("end_date", days[1].isoformat())]
        query += [("timezone", self.zone), ("duration", MINUTES)]
        answer = await self.people[1].http.get("/availability", params=httpx.QueryParams(query))
        assert answer.status_code == 200, answer.text
        return [datetime.fromisoformat(slot["start_time"]) for slot in answer.json()["slots"]]

    async def explained(self, at: datetime) -> set[str]:
        """Why either of them is not offered that time."""
        codes: set[str] = set()
        for person in self.people:
            query: dict[str, str | int] = {"user_id": person.id, "at": at.isoformat(), "duration": MINUTES}
            answer = await self.people[1].http.get("/availability/explain", params=query)
            codes |= {reason["code"] for reason in answer.json()["reasons"]}
        return codes

    async def book(self, start: datetime) -> httpx.Response:
        """The first books the second."""
        return await self.people[0].try_to_book(start, self.people[1], minutes=MINUTES)


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("zone", [ONE_HOUR, HALF_AN_HOUR, NONE, AT_MIDNIGHT])
async def test_what_is_offered_can_be_booked_and_nothing_else(
    jonas: User, mira: User, zone: str, seed: int
) -> None:
    story = Story(Random(f"{zone} {seed}"), zone, (jonas, mira))
    await story.say_hours()
    await story.fill()
    try:
        await _check_refusals(story, await _check_offers(story))
    finally:
        await story.give_back()


async def _check_offers(story: Story) -> list[datetime]:
    """Whatever is picked of what is offered can be booked; returns what is offered then."""
    offered = await story.offered()
    assert offered, "otherwise nothing is tried here"
    assert offered == sorted(set(offered)), "each start once, in order"
    for _ in range(TRIED):
        if not offered:
            break
        start = story.chance.choice(offered)
        assert await story.explained(start) <= {"between_steps"}, "by the steps of who has the longer ones"
        answer = await story.book(start)
        assert answer.status_code == 201, (start, answer.text)
        offered = await story.offered()
        assert start not in offered
    return offered


async def _check_refusals(story: Story, offered: list[datetime]) -> None:
    """A refusal has a reason, and only times that are offered instead; what has no reason can be booked."""
    end = story.start + timedelta(days=DAYS - 1)
    for _ in range(REFUSED):
        at = story.any_time()
        reasons = await story.explained(at) - {"between_steps"}
        answer = await story.book(at)
        if not reasons:
            assert answer.status_code == 201, (at, answer.text)
            offered = await story.offered()
            continue
        assert answer.status_code in (409, 422), (at, reasons, answer.text)
        assert at not in offered
        instead = [datetime.fromisoformat(one["start_time"]) for one in answer.json().get("alternatives", ())]
        assert {one for one in instead if story.start <= one < end} <= set(offered)
