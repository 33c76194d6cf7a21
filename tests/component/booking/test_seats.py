"""Seats under a crowd: exactly as many as there are, whoever decides, and in the order of the log."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID

from tests.component.booking.desk import NOON, Desk

SEATS = 20
RACERS = 1000
QUEUE = 500


async def _a_class(desk: Desk, seats: int) -> tuple[UUID, dict[str, Any]]:
    """An organizer's appointment without anybody in it yet, and how commands name it."""
    anna = desk.person()
    booked = await desk.outcome(await desk.book(anna, seats=seats))
    return anna, {"appointment_id": booked["appointment_id"]}


async def _join(desk: Desk, people: list[UUID], body: dict[str, Any], **headers: Any) -> list[dict[str, Any]]:
    """Everybody at once, over all partitions; their outcomes in the order of `people`."""
    asked = await asyncio.gather(
        *(
            desk.send("appointment.join", user, body, partition=number % 6, **headers)
            for number, user in enumerate(people)
        )
    )
    return await desk.outcomes(*asked, deadline=90)


async def _state(desk: Desk, about: dict[str, Any], count: int) -> dict[str, Any]:
    events = (await desk.events(count))[about["appointment_id"]]
    newest: dict[str, Any] = max(events, key=lambda event: event["version"])
    assert sorted(event["version"] for event in events) == list(range(1, count + 1))
    return newest


async def test_of_a_thousand_racers_for_a_few_seats_exactly_so_many_have_one(desk: Desk) -> None:
    await desk.start()  # two owners at once: what no constraint holds must hold all the same
    _, about = await _a_class(desk, SEATS)
    people = [desk.person() for _ in range(RACERS)]
    outcomes = await _join(desk, people, about)
    assert Counter(outcome["code"] for outcome in outcomes) == {None: SEATS, "full": RACERS - SEATS}
    winners = {
        str(user) for user, outcome in zip(people, outcomes, strict=True) if outcome["status"] == "accepted"
    }
    state = (await _state(desk, about, SEATS + 1))["appointment"]
    assert set(state["participant_ids"]) == winners
    assert set(state["confirmation_status"].values()) == {"confirmed"}


async def test_those_who_wait_stand_in_one_queue_and_freed_seats_go_in_its_order(desk: Desk) -> None:
    await desk.start()
    _, about = await _a_class(desk, SEATS)
    people = [desk.person() for _ in range(RACERS)]
    outcomes = await _join(desk, people, about | {"wait": True})
    assert Counter(outcome["code"] for outcome in outcomes) == {
        None: SEATS + QUEUE,
        "full": RACERS - SEATS - QUEUE,
    }
    accepted = [pair for pair in zip(people, outcomes, strict=True) if pair[1]["status"] == "accepted"]
    places = {outcome["waiting"]["position"]: user for user, outcome in accepted if outcome.get("waiting")}
    assert sorted(places) == list(range(1, QUEUE + 1))
    queue = [str(places[number]) for number in sorted(places)]
    assert (await _state(desk, about, 1 + SEATS + QUEUE))["appointment"]["waiting"] == queue
    await desk.outcome(await desk.book(places[2]))
    holders = [user for user, outcome in accepted if not outcome.get("waiting")]
    left = [await desk.send("appointment.leave", user, about) for user in holders[:3]]
    assert {outcome["status"] for outcome in await desk.outcomes(*left)} == {"accepted"}
    events = (await desk.events(1 + SEATS + QUEUE + 1 + 3))[about["appointment_id"]]
    ordered = sorted(events, key=lambda event: event["version"])
    assert [user for event in ordered for user in event.get("seated", ())] == [queue[0], queue[2], queue[3]]
    assert ordered[-1]["appointment"]["waiting"] == [queue[1], *queue[4:]]
    assert len(ordered[-1]["appointment"]["participant_ids"]) == SEATS


async def test_who_is_not_available_joins_only_against_their_own_hours(desk: Desk) -> None:
    _, about = await _a_class(desk, 5)
    ben, cara = desk.person(), desk.person()
    for user in (ben, cara):
        closed = {"date": NOON.date().isoformat(), "ranges": []}
        hours = {"user_id": str(user), "timezone": "UTC", "overrides": [closed]}
        await desk.outcome(await desk.send("availability.set", user, hours))
    refused = await desk.outcome(await desk.send("appointment.join", ben, about | {"wait": True}))
    assert (refused["code"], refused["errors"][0]["code"]) == ("unavailable", "day_closed")
    own = await desk.send("appointment.join", cara, about | {"ignore_availability": True})
    assert (await desk.outcome(own))["status"] == "accepted"


async def test_a_join_that_is_delivered_twice_takes_one_seat(desk: Desk) -> None:
    _, about = await _a_class(desk, 2)
    ben = desk.person()
    command = await desk.send("appointment.join", ben, about)
    first = await desk.outcome(command)
    await desk.send("appointment.join", ben, about, command_id=command, partition=3)
    await desk.outcome(await desk.send("appointment.join", desk.person(), about))
    full = await desk.outcome(await desk.send("appointment.join", desk.person(), about))
    assert (first["version"], full["code"]) == (2, "full")
    assert (await _state(desk, about, 3))["appointment"]["participant_ids"][0] == str(ben)
