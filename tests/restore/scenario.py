"""A busy morning of two organizations: a bit of everything that booking decides from."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson

from contracts import topics
from contracts.ids import uuid5
from tests.component.booking.desk import Desk, an_hour

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
MONDAY_9 = (datetime.now(UTC) + timedelta(days=14)).replace(hour=9, minute=0, second=0, microsecond=0)
MONDAY_9 -= timedelta(days=MONDAY_9.weekday())


@dataclass
class Morning:
    """The people of a scenario and the ids of their commands, in order."""

    desk: Desk
    asked: list[UUID] = field(default_factory=list)
    people: dict[str, UUID] = field(default_factory=dict)

    def __getitem__(self, name: str) -> UUID:
        if name not in self.people:
            roles = ["member", "admin"] if name == "anna" else ["member"]
            self.people[name] = self.desk.person(name=name.title(), roles=roles)
        return self.people[name]

    async def ask(self, kind: str, who: str, body: dict[str, Any], **headers: Any) -> UUID:
        """Send a command; returns its id."""
        identifier = await self.desk.send(kind, self[who], body, **headers)
        self.asked.append(identifier)
        return identifier

    async def book(self, who: str, *others: str, at: datetime, **different: Any) -> UUID:
        """Ask for an hour; returns the id of the appointment."""
        headers = {name: different.pop(name) for name in ("command_id", "partition") if name in different}
        headers.setdefault("command_id", uuid4())
        body = an_hour(at, *(self[other] for other in others)) | different
        await self.ask("appointment.create", who, body, **headers)
        return uuid5(headers["command_id"], "appointment")

    async def to(self, kind: str, who: str, appointment: UUID, **body: Any) -> UUID:
        """Ask something about an appointment."""
        return await self.ask(f"appointment.{kind}", who, {"appointment_id": str(appointment), **body})

    async def decided(self, deadline: float = 60) -> list[dict[str, Any]]:
        """The outcomes of all that was asked so far."""
        return await self.desk.outcomes(*self.asked, deadline=deadline)


async def contend(morning: Morning) -> None:
    """Commands for the same hours on every partition and on booking.redrive: who wins is up to how they are drawn."""
    desk = morning.desk
    for hour in range(12):
        start = MONDAY_9 + 40 * DAY + hour * HOUR
        for partition in range(6):
            await morning.book("anna", at=start, partition=partition, title=f"By {partition}")
        identifier = uuid4()
        head = {"ce_id": identifier, "ce_type": "appointment.create", "actor": morning["anna"]}
        headers = [(name, str(value).encode()) for name, value in head.items()]
        await desk.producer.send_and_wait(
            desk.settings.topic_prefix + topics.redrive("booking").name,
            orjson.dumps(an_hour(start)),
            key=str(desk.organization).encode(),
            headers=[*headers, ("organization", str(desk.organization).encode())],
        )
        morning.asked.append(identifier)
    await morning.decided()


def times(start: datetime, length: timedelta = HOUR) -> dict[str, str]:
    """Start and end as they are sent."""
    return {"start_time": start.isoformat(), "end_time": (start + length).isoformat()}


async def a_busy_morning(morning: Morning) -> None:
    """Ask for all of it, and wait until it is decided."""
    await _appointments(morning)
    await _series(morning)
    await _seats(morning)
    await _beside(morning)
    await _oddities(morning)
    async with another_organization(morning):
        await morning.book("olga", "pete", at=MONDAY_9)
        await morning.ask("feed.set", "olga", {"token_hash": "ab" * 32})
    await morning.decided()


@asynccontextmanager
async def another_organization(morning: Morning) -> AsyncIterator[None]:
    """Meanwhile commands are of another one."""
    desk, own = morning.desk, morning.desk.organization
    desk.organization = uuid5(own, "other")
    yield
    desk.organization = own


async def _appointments(morning: Morning) -> None:
    one = await morning.book("anna", "ben", "cara", at=MONDAY_9)
    await morning.book("ben", at=MONDAY_9 + HOUR / 2)  # refused, with other times
    two = await morning.book("cara", "dora", at=MONDAY_9 + 2 * HOUR, title="Tastings")
    three = await morning.book("dora", "ben", at=MONDAY_9 + DAY)
    await morning.to("confirm", "ben", one)
    await morning.to("confirm", "cara", one)
    await morning.to("confirm", "cara", two)  # the organizer's, of the whole
    await morning.to("decline", "ben", three, reason="On leave")
    await morning.to("reschedule", "cara", two, **times(MONDAY_9 + 3 * HOUR))
    await morning.to("confirm", "dora", two)
    await morning.to("confirm", "cara", two)
    await morning.to("update", "cara", two, participant_ids=[], title="Alone")
    await morning.to("announce", "anna", one, message="Bring your notes")
    await morning.to("announce", "anna", one, message="And a pen")
    gone = await morning.book("ben", at=MONDAY_9 + 5 * HOUR)
    await morning.to("cancel", "ben", gone, reason="Rain")
    await morning.book("dora", "ben", at=MONDAY_9 + 5 * HOUR)  # the time that became free
    soon = await morning.book("anna", at=datetime.now(UTC) + timedelta(minutes=10))
    await morning.to("check_in", "anna", soon)


async def _series(morning: Morning) -> None:
    weekly = await morning.book(
        "anna", "ben", at=MONDAY_9 + 8 * HOUR, recurring_pattern={"frequency": "weekly"}, on_conflict="skip"
    )
    await morning.decided()
    await morning.to("update", "anna", weekly, scope="all", title="Weekly", custom_fields={"room": 2.50})
    await morning.to("confirm", "ben", weekly, scope="all")
    await morning.to("reschedule", "anna", weekly, scope="all", **times(MONDAY_9 + 9 * HOUR))
    await morning.to("confirm", "anna", weekly, scope="all")
    await morning.to("update", "anna", weekly, location="Only today in the garden")
    short = await morning.book(
        "cara", at=MONDAY_9 + 12 * HOUR, recurring_pattern={"rrule": "FREQ=DAILY;COUNT=5"}
    )
    await morning.decided()
    await morning.to("cancel", "cara", short, scope="this")
    ended = await morning.book("dora", at=MONDAY_9 + 14 * HOUR, recurring_pattern={"frequency": "daily"})
    await morning.decided()
    await morning.to("cancel", "dora", ended, scope="all", reason="No more")


async def _seats(morning: Morning) -> None:
    class_ = await morning.book("anna", at=MONDAY_9 + 4 * HOUR, seats=1, title="Yoga")
    await morning.to("join", "eva", class_, wait=True)
    await morning.to("join", "fritz", class_, wait=True)
    await morning.to("join", "gerd", class_, wait=True)
    await morning.to("join", "ben", class_)  # refused: full
    await morning.to("leave", "eva", class_)


async def _beside(morning: Morning) -> None:
    hours = [{"day_of_week": 0, "start_time": "09:00", "end_time": "17:00"}]
    override = {"date": f"{MONDAY_9 + 3 * DAY:%Y-%m-%d}", "ranges": []}
    availability = {"user_id": str(morning["hanna"]), "timezone": "Europe/Berlin", "rules": hours}
    await morning.ask("availability.set", "hanna", availability)
    await morning.ask(
        "availability.set", "hanna", availability | {"overrides": [override], "policy": {"step": 30}}
    )
    await morning.book("ida", "hanna", at=MONDAY_9 + 3 * DAY)  # refused: she is not there then
    busy = [{"uid": name, **times(MONDAY_9 + DAY + n * HOUR)} for n, name in enumerate(("a", "b", "c"))]
    await morning.ask("busy_times.import", "ida", {"busy_times": busy, "removed": []})
    await morning.ask(
        "busy_times.import", "ida", {"busy_times": [busy[0] | times(MONDAY_9)], "removed": ["b"]}
    )
    for secret in ("11", "22", None):
        await morning.ask("feed.set", "ida", {"token_hash": secret and 32 * secret})
    await morning.ask("feed.set", "hanna", {"token_hash": 32 * "33"})
    subscribed = {name: str(uuid5(morning["ida"], name)) for name in ("Home", "Work")}
    for name, identifier in subscribed.items():
        body = {"subscription_id": identifier, "name": name, "sealed": "c2VhbGVk"}
        await morning.ask("calendar.subscribe", "ida", body)
    await morning.ask("calendar.unsubscribe", "ida", {"subscription_id": subscribed["Home"]})
    for number in range(3):
        held = times(MONDAY_9 + 6 * DAY + number * HOUR)
        hold = uuid5(await morning.ask("hold.place", "jan", held), "hold")
        if number == 1:
            await morning.ask("hold.release", "jan", {"hold_id": str(hold)})
        if number == 2:
            await morning.book("jan", at=MONDAY_9 + 6 * DAY + number * HOUR, hold_id=str(hold))
    await morning.book("kim", "jan", at=MONDAY_9 + 6 * DAY)  # refused: it is held


async def _oddities(morning: Morning) -> None:
    twice = uuid4()
    start = MONDAY_9 + 7 * DAY
    await morning.book("lea", at=start, command_id=twice)
    await morning.book("lea", at=start, command_id=twice)  # the same again
    await morning.book("lea", at=start + DAY, command_id=twice)  # the same id for something else
    for partition in range(6):
        await morning.book("lea", at=start + (2 + partition) * HOUR, partition=partition)
    await morning.ask("appointment.create", "lea", {"title": "No time"})  # refused: invalid
    morning.asked.append(await morning.desk.send("appointment.create", morning["lea"], value=b"{"))
    await morning.book("lea", "lea", at=start, participant_ids=[str(uuid4())])  # refused: unknown
