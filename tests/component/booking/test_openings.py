"""Availability, busy times, holds and alternatives, over real Kafka and PostgreSQL."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import orjson
from pydantic import BaseModel
from sqlalchemy import text

from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database
from contracts import topics
from contracts.availability import AvailabilityChanged, BusyTimesChanged
from contracts.envelope import Record
from contracts.holds import HoldEvent
from contracts.ids import uuid5
from contracts.outcomes import Outcome
from services.booking import jobs
from tests.component.booking.desk import NOON, Desk, an_hour
from tests.support import eventually

HOUR = timedelta(hours=1)
EVENTS: dict[str, type[BaseModel]] = {
    "availability.changed": AvailabilityChanged,
    "busy_times.changed": BusyTimesChanged,
    "hold.placed": HoldEvent,
    "hold.released": HoldEvent,
}


def hours(user: UUID, *, start: str = "09:00", end: str = "17:00", **policy: Any) -> dict[str, Any]:
    """Each day from 9 to 5, in UTC."""
    every_day = [{"day_of_week": day, "start_time": start, "end_time": end} for day in range(7)]
    return {"user_id": str(user), "timezone": "UTC", "rules": every_day, "policy": policy}


def a_hold(start: datetime, *participants: UUID, **different: Any) -> dict[str, Any]:
    """An hour from `start`."""
    body = an_hour(start, *participants)
    del body["title"]
    return body | different


def busy(uid: str, start: datetime, length: timedelta = HOUR) -> dict[str, str]:
    """A range that is taken elsewhere."""
    return {"uid": uid, "start_time": start.isoformat(), "end_time": (start + length).isoformat()}


def starts(outcome: dict[str, Any]) -> list[datetime]:
    """When the alternatives begin."""
    return [datetime.fromisoformat(one["start_time"]) for one in outcome["alternatives"]]


async def ask(desk: Desk, kind: str, actor: UUID, body: Any, **more: Any) -> dict[str, Any]:
    """Send a command and wait for its outcome."""
    return await desk.outcome(await desk.send(kind, actor, body, **more))


async def told(desk: Desk, kind: str, count: int) -> list[dict[str, Any]]:
    """The bodies of so many events of a type, each as its contract says."""

    async def all_there() -> list[dict[str, Any]] | None:
        records = await desk.published(topics.BOOKING_EVENTS.name)
        bodies = [orjson.loads(record.value or b"") for record in records if record.header("ce_type") == kind]
        return bodies if len(bodies) >= count else None

    found = await eventually(all_there, 10, 0.1) or []
    assert len(found) == count
    for body in found:
        EVENTS[kind].model_validate(body)
    return list(found)


async def test_hours_close_time_and_the_refusal_tells_which_times_are_open(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    set_ = await ask(desk, "availability.set", ben, hours(ben))
    assert (set_["status"], set_["version"], set_["availability"]["version"]) == ("accepted", 1, 1)
    [changed] = await told(desk, "availability.changed", 1)
    assert changed["availability"]["rules"][0]["start_time"] == "09:00"
    late = await desk.outcome(await desk.book(anna, ben, at=NOON.replace(hour=17)))
    assert (late["code"], [error["code"] for error in late["errors"]]) == ("unavailable", ["outside_hours"])
    assert late["errors"][0]["field"] == "start_time"
    assert starts(late)[0] == NOON.replace(hour=16)
    assert len(starts(late)) == 5
    for at in starts(late)[:2]:
        booked = await desk.outcome(await desk.book(anna, ben, at=at))
        assert booked["status"] == ("accepted" if at == starts(late)[0] else "refused")


async def test_single_dates_are_read_as_far_as_they_matter_and_replaced_as_a_whole(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    days = [(NOON + timedelta(days=number)).date().isoformat() for number in range(40)]
    off = {"overrides": [{"date": day, "ranges": []} for day in days]}
    assert (await ask(desk, "availability.set", ben, hours(ben) | off))["version"] == 1
    assert (await ask(desk, "availability.set", ben, hours(ben) | off))["version"] == 1
    closed = await desk.outcome(await desk.book(anna, ben))
    assert [error["code"] for error in closed["errors"]] == ["day_closed"]
    assert all(at.date().isoformat() not in days for at in starts(closed))
    some = {"overrides": off["overrides"][1:]}
    assert (await ask(desk, "availability.set", ben, hours(ben) | some))["version"] == 2
    assert (await desk.outcome(await desk.book(anna, ben)))["status"] == "accepted"
    later = await desk.outcome(await desk.book(anna, ben, at=NOON + timedelta(days=1)))
    assert [error["code"] for error in later["errors"]] == ["day_closed"]
    await told(desk, "availability.changed", 2)


async def test_the_same_again_changes_nothing_and_is_not_told(desk: Desk) -> None:
    anna = desk.person()
    for _ in range(2):
        outcome = await ask(desk, "availability.set", anna, hours(anna))
        assert (outcome["status"], outcome["version"]) == ("accepted", 1)
    assert outcome["event_ids"] == []
    other = await ask(desk, "availability.set", anna, hours(anna, buffer_after=15))
    assert other["version"] == 2
    await told(desk, "availability.changed", 2)


async def test_a_conflict_is_refused_with_the_nearest_free_times(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    await desk.outcome(await desk.book(anna, ben))
    refused = await desk.outcome(await desk.book(ben, at=NOON))
    assert refused["code"] == "conflict"
    assert starts(refused)[:2] == [NOON - HOUR, NOON + HOUR]
    Outcome.model_validate(refused)
    booked = await desk.outcome(await desk.book(ben, at=starts(refused)[0]))
    assert booked["status"] == "accepted"


async def test_alternatives_are_of_the_commands_place_in_its_batch_and_come_again_unchanged(
    closed_desk: Desk,
) -> None:
    anna, commands = closed_desk.person(), [uuid4() for _ in range(4)]
    for number, command in enumerate(commands):
        at = NOON + HOUR if number == 2 else NOON
        await closed_desk.book(anna, at=at, command_id=command, partition=0)
    await closed_desk.start()
    first, second, third, last = await closed_desk.outcomes(*commands)
    assert [item["status"] for item in (first, second, third, last)] == [
        "accepted",
        "refused",
        "accepted",
        "refused",
    ]
    assert NOON + HOUR in starts(second), "nobody had it then"
    assert NOON + HOUR not in starts(last), "the third command has it now"
    await closed_desk.book(anna, at=NOON, command_id=commands[1], partition=1)
    again = await _copies(closed_desk, commands[1], 2)
    assert again[0] == again[1]


async def _copies(desk: Desk, command: UUID, count: int) -> list[bytes]:
    async def all_there() -> list[bytes] | None:
        records = await desk.published(topics.BOOKING_OUTCOMES.name)
        found = [
            record.value for record in records if record.value and str(command).encode() in record.value[:80]
        ]
        return found if len(found) >= count else None

    return await eventually(all_there, 10, 0.1) or []


async def test_only_oneself_is_booked_against_ones_availability(desk: Desk) -> None:
    anna, ben, admin = desk.person(), desk.person(), desk.person(roles=["member", "admin"])
    for user in (anna, ben):
        await ask(desk, "availability.set", user, hours(user))
    night = NOON.replace(hour=20)
    own = await desk.outcome(await desk.book(anna, at=night, ignore_availability=True))
    assert own["status"] == "accepted"
    with_ben = await desk.outcome(await desk.book(anna, ben, at=night + HOUR, ignore_availability=True))
    assert with_ben["code"] == "unavailable"
    for_anna: dict[str, Any] = {
        "at": night + 2 * HOUR,
        "ignore_availability": True,
        "organizer_id": str(anna),
    }
    assert (await desk.outcome(await desk.book(admin, **for_anna)))["code"] == "not_allowed"


async def test_nobody_sets_anothers_availability_but_an_admin(desk: Desk) -> None:
    anna, ben, admin = desk.person(), desk.person(), desk.person(roles=["member", "admin"])
    assert (await ask(desk, "availability.set", ben, hours(anna)))["code"] == "not_allowed"
    assert (await ask(desk, "availability.set", admin, hours(anna)))["status"] == "accepted"
    stranger = await ask(desk, "availability.set", admin, hours(uuid4()))
    assert (stranger["code"], stranger["errors"][0]["field"]) == ("unknown_user", "user_id")


async def test_buffers_and_a_number_a_day_hold_whoever_decides(desk: Desk) -> None:
    await desk.start()  # two owners at once
    room = desk.person()
    people = [desk.person() for _ in range(30)]
    policy = hours(
        room, start="00:00", end="24:00", buffer_before=10, buffer_after=20, max_per_day=4, max_duration=30
    )
    await ask(desk, "availability.set", room, policy)
    half = timedelta(minutes=30)
    asked = await asyncio.gather(
        *(
            desk.book(
                person,
                room,
                at=(at := NOON + timedelta(minutes=7 * number)),
                end_time=(at + half).isoformat(),
                partition=number % 6,
            )
            for number, person in enumerate(people)
        )
    )
    outcomes = await desk.outcomes(*asked, deadline=60)
    booked = sorted(
        (item["appointment"]["start_time"], item["appointment"]["end_time"])
        for item in outcomes
        if item["status"] == "accepted"
    )
    times = [(datetime.fromisoformat(start), datetime.fromisoformat(end)) for start, end in booked]
    assert 1 <= len(times) <= 4
    assert all(later[0] - earlier[1] >= half for earlier, later in pairwise(times))
    codes = {error["code"] for item in outcomes for error in item["errors"]}
    assert codes <= {"buffer", "max_per_day"}
    assert codes


async def test_time_elsewhere_is_merged_by_its_name_and_closes_time(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    sent = [busy("a", NOON), busy("b", NOON + 3 * HOUR), busy("over", NOON - timedelta(days=40))]
    first = await ask(desk, "busy_times.import", ben, {"busy_times": sent})
    assert (first["imported"], first["version"], first["user_id"]) == (2, 1, str(ben))
    refused = await desk.outcome(await desk.book(anna, ben))
    assert (refused["code"], refused["errors"][0]["code"]) == ("unavailable", "busy_elsewhere")
    assert starts(refused)[:2] == [NOON - HOUR, NOON + HOUR]
    moved = {"busy_times": [busy("a", NOON + 5 * HOUR)], "removed": ["b", "unknown"]}
    second = await ask(desk, "busy_times.import", ben, moved)
    assert (second["imported"], second["version"]) == (1, 2)
    again = await ask(desk, "busy_times.import", ben, moved)
    assert (again["imported"], again["version"]) == (0, 2)
    _, change = await told(desk, "busy_times.changed", 2)
    assert ([item["uid"] for item in change["busy_times"]], change["removed"]) == (["a"], ["b"])
    for at, status in ((NOON, "accepted"), (NOON + 3 * HOUR, "accepted"), (NOON + 5 * HOUR, "refused")):
        assert (await desk.outcome(await desk.book(anna, ben, at=at)))["status"] == status


async def test_a_hold_keeps_time_free_for_its_owner_until_it_is_used(desk: Desk) -> None:
    anna, ben, cara = desk.person(), desk.person(), desk.person()
    command = uuid4()
    placed = await ask(desk, "hold.place", anna, a_hold(NOON, ben), command_id=command)
    hold = placed["hold"]["id"]
    assert hold == str(uuid5(command, "hold"))
    await told(desk, "hold.placed", 1)
    taken = await desk.outcome(await desk.book(cara, ben))
    assert (taken["code"], taken["conflicts"][0]["appointment_id"]) == ("conflict", None)
    assert (await desk.outcome(await desk.book(cara, hold_id=hold)))["code"] == "not_found"
    booked = await desk.outcome(await desk.book(anna, ben, hold_id=hold))
    assert booked["status"] == "accepted"
    assert (await desk.outcome(await desk.book(anna, ben, hold_id=hold)))["code"] == "not_found"
    [event] = [item for item in (await told_any(desk)) if item.get("appointment_id")]
    assert event["hold_id"] == hold


async def told_any(desk: Desk) -> list[dict[str, Any]]:
    """The bodies of all events until now."""
    return [orjson.loads(item.value or b"") for item in await desk.published(topics.BOOKING_EVENTS.name)]


async def test_a_hold_ends_by_itself_or_when_it_is_released(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    short = await ask(desk, "hold.place", anna, a_hold(NOON, expires_in=1))
    held = await ask(desk, "hold.place", ben, a_hold(NOON + HOUR))
    assert (await ask(desk, "hold.release", anna, {"hold_id": held["hold"]["id"]}))["code"] == "not_found"
    released = await ask(desk, "hold.release", ben, {"hold_id": held["hold"]["id"]})
    assert released["hold"]["id"] == held["hold"]["id"]
    await told(desk, "hold.released", 1)
    assert (await desk.outcome(await desk.book(ben, at=NOON + HOUR)))["status"] == "accepted"

    async def free_again() -> bool:
        return bool((await desk.outcome(await desk.book(ben, anna)))["status"] == "accepted")

    await eventually(free_again, 10, 0.2)
    late = await desk.outcome(await desk.book(anna, at=NOON + 2 * HOUR, hold_id=short["hold"]["id"]))
    assert late["status"] == "accepted", "who books late books like anybody"


async def test_of_many_who_hold_one_slot_through_all_partitions_one_has_it(desk: Desk) -> None:
    await desk.start()
    room = desk.person()
    people = [desk.person() for _ in range(30)]
    asked = await asyncio.gather(
        *(
            desk.send("hold.place", person, a_hold(NOON, room), partition=number % 6)
            for number, person in enumerate(people)
        )
    )
    outcomes = await desk.outcomes(*asked, deadline=60)
    winners = [
        (who, item) for who, item in zip(people, outcomes, strict=True) if item["status"] == "accepted"
    ]
    assert len(winners) == 1
    assert {item["code"] for item in outcomes if item["status"] == "refused"} == {"conflict"}
    [(winner, outcome)] = winners
    booked = await desk.outcome(await desk.book(winner, room, hold_id=outcome["hold"]["id"], partition=5))
    assert booked["status"] == "accepted"


async def test_one_person_holds_five_times_at_most(desk: Desk) -> None:
    anna = desk.person()
    asked = [await desk.send("hold.place", anna, a_hold(NOON + number * HOUR)) for number in range(6)]
    codes = [item["code"] for item in await desk.outcomes(*asked)]
    assert codes == [None] * 5 + ["rate_limited"]


async def test_what_was_perhaps_not_published_comes_again_byte_for_byte_and_is_not_applied_twice(
    desk: Desk,
) -> None:
    anna, ben = desk.person(), desk.person()
    await ask(desk, "availability.set", ben, hours(ben), partition=0)
    await ask(desk, "busy_times.import", anna, {"busy_times": [busy("a", NOON - HOUR)]}, partition=0)
    first = await ask(desk, "hold.place", anna, a_hold(NOON, ben), partition=0)
    second = await ask(desk, "hold.place", anna, a_hold(NOON + HOUR), partition=0)
    await ask(desk, "hold.release", anna, {"hold_id": second["hold"]["id"]}, partition=0)
    await desk.outcome(await desk.book(anna, ben, hold_id=first["hold"]["id"], partition=0))
    refused = await desk.outcome(await desk.book(ben, partition=0))
    assert refused["alternatives"]
    names = (topics.BOOKING_EVENTS.name, topics.BOOKING_OUTCOMES.name)
    once = {name: await desk.published(name) for name in names}
    assert [len(records) for records in once.values()] == [6, 7]
    await desk.stop()
    database = Database(service_database_url(desk.settings, "booking"), application_name="test")
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE progress SET published_offset = 0"))
    await database.dispose()
    await desk.start()
    for name, records in once.items():

        async def twice(name: str = name, count: int = 2 * len(records)) -> bool:
            return len(await desk.published(name)) == count

        await eventually(twice, 20, 0.2)
        again = await desk.published(name)
        assert sorted(map(_content, again)) == sorted(2 * list(map(_content, records)))
    assert (await ask(desk, "availability.set", ben, hours(ben)))["version"] == 1


def _content(record: Record) -> str:
    return repr((record.partition, record.key, record.value, record.headers))


async def test_what_is_past_is_forgotten_at_night(desk: Desk) -> None:
    anna = desk.person()
    await ask(desk, "hold.place", anna, a_hold(NOON))
    await ask(desk, "busy_times.import", anna, {"busy_times": [busy("a", NOON)]})
    database = Database(service_database_url(desk.settings, "booking"), application_name="test")
    counted = text("SELECT (SELECT count(*) FROM held) + (SELECT count(*) FROM busy_times)")
    await jobs.forget_past(database)()
    async with database.transaction() as tx:
        assert await tx.scalar(counted) == 2
        await tx.execute(text("UPDATE holds SET expires_at = now() - interval '25 hours'"))
        await tx.execute(text("UPDATE busy_times SET during = tstzrange('2020-01-01', '2020-01-02')"))
    await jobs.forget_past(database)()
    async with database.transaction() as tx:
        assert await tx.scalar(counted) == 0
    await database.dispose()
