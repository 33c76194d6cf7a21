"""From command to event and outcome, over real Kafka and PostgreSQL."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from contracts import topics
from contracts.appointments import AppointmentEvent
from contracts.outcomes import Outcome
from tests.component.booking.desk import NOON, Desk, an_hour
from tests.support import eventually

HOUR = timedelta(hours=1)


async def test_an_appointments_life(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    created = await desk.outcome(await desk.book(anna, ben))
    about: dict[str, Any] = {"appointment_id": created["appointment_id"]}
    await desk.send("appointment.confirm", ben, about)
    await desk.send("appointment.confirm", ben, about)
    later = {"start_time": (NOON + HOUR).isoformat(), "end_time": (NOON + 2 * HOUR).isoformat()}
    await desk.send("appointment.reschedule", anna, about | later | {"expected_version": 2})
    await desk.send("appointment.update", anna, about | {"title": "Other", "participant_ids": []})
    cancelled = await desk.outcome(await desk.send("appointment.cancel", anna, about | {"reason": "ill"}))
    assert cancelled["version"] == 5
    events = (await desk.events(5))[created["appointment_id"]]
    assert [(event["type"].removeprefix("appointment."), event["version"]) for event in events] == [
        ("created", 1),
        ("confirmed", 2),
        ("rescheduled", 3),
        ("updated", 4),
        ("cancelled", 5),
    ]
    assert events[3]["appointment"]["status"] == "confirmed"
    assert {person["id"] for person in events[3]["people"]} == {str(anna), str(ben)}
    assert events[-1]["appointment"]["cancellation_reason"] == "ill"


async def test_all_that_is_published_fits_the_contracts(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    commands = [await desk.book(anna, ben), await desk.book(ben), await desk.book(anna, uuid4())]
    assert [outcome["code"] for outcome in await desk.outcomes(*commands)] == [
        None,
        "conflict",
        "unknown_user",
    ]
    for record in await desk.published(topics.BOOKING_OUTCOMES.name):
        Outcome.model_validate_json(record.value or b"")
    for record in await desk.published(topics.BOOKING_EVENTS.name):
        AppointmentEvent.model_validate_json(record.value or b"")


async def test_of_a_thousand_commands_for_one_slot_on_all_partitions_exactly_one_wins(desk: Desk) -> None:
    await desk.start()  # two owners at once: only the database can judge
    room = desk.person()
    people = [desk.person() for _ in range(50)]
    commands = await asyncio.gather(
        *(
            desk.book(
                people[number % 50], room, at=NOON + timedelta(minutes=number % 60), partition=number % 6
            )
            for number in range(1000)
        )
    )
    outcomes = await desk.outcomes(*commands, deadline=60)
    winners = [outcome for outcome in outcomes if outcome["status"] == "accepted"]
    assert len(winners) == 1
    assert {outcome["code"] for outcome in outcomes if outcome["status"] == "refused"} == {"conflict"}
    assert len(await desk.events(1)) == 1


async def test_the_same_command_again_gets_the_same_outcome_and_no_second_event(desk: Desk) -> None:
    anna, command = desk.person(), uuid4()
    body = an_hour(NOON)
    await desk.send("appointment.create", anna, body, command_id=command, reply_partition="1")
    await desk.outcome(command)
    await desk.send("appointment.create", anna, body, command_id=command, reply_partition="2", partition=3)
    await desk.send("appointment.create", anna, dict(reversed(body.items())), command_id=command)

    async def three() -> list[Any] | None:
        found = await desk.published(topics.BOOKING_OUTCOMES.name)
        return found if len(found) == 3 else None

    found = await eventually(three, 15)
    assert found
    assert len({(record.value, record.headers) for record in found}) == 1
    assert {1, 2} <= {record.partition for record in found}
    assert len(await desk.events(1)) == 1


async def test_the_same_id_for_something_else_is_refused(desk: Desk) -> None:
    anna, command = desk.person(), uuid4()
    await desk.book(anna, command_id=command)
    await desk.outcome(command)
    await desk.book(anna, at=NOON + 5 * HOUR, command_id=command)

    async def codes() -> list[Any]:
        records = await desk.published(topics.BOOKING_OUTCOMES.name)
        found = [orjson.loads(record.value or b"")["code"] for record in records]
        return found if len(found) == 2 else []

    assert await eventually(codes, 15) == [None, "command_id_reused"]
    assert len(await desk.events(1)) == 1


async def test_two_appointments_swap_their_slots_in_one_batch(closed_desk: Desk) -> None:
    anna = closed_desk.person()
    first, second = uuid4(), uuid4()
    await closed_desk.book(anna, appointment_id=str(first))
    await closed_desk.book(anna, at=NOON + HOUR, appointment_id=str(second))
    commands = []
    for appointment, start in ((first, NOON + 9 * HOUR), (second, NOON), (first, NOON + HOUR)):
        times = {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}
        body = {"appointment_id": str(appointment)} | times
        commands.append(await closed_desk.send("appointment.reschedule", anna, body))
    await closed_desk.start()  # finds all five at once
    assert [outcome["status"] for outcome in await closed_desk.outcomes(*commands)] == ["accepted"] * 3
    # and what was saved is what was decided: both slots are taken, the first one's place aside is free
    again = [await closed_desk.book(anna, at=NOON + shift * HOUR) for shift in (0, 1, 9)]
    assert [outcome["code"] for outcome in await closed_desk.outcomes(*again)] == [
        "conflict",
        "conflict",
        None,
    ]


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        pytest.param(b"{", {}, "malformed", id="not JSON"),
        pytest.param(b"[]", {}, "invalid", id="not an object"),
        pytest.param(b'{"title": "\\u0000"}', {}, "invalid", id="NUL"),
        pytest.param(b"[" * 5000, {}, "malformed", id="brackets"),
        pytest.param(b"{}", {"ce_type": "appointment.explode"}, "malformed", id="unknown type"),
        pytest.param(b"{}", {"actor": "bob"}, "malformed", id="unreadable actor"),
        pytest.param(b"{}", {"organization": "acme"}, "malformed", id="unreadable organization"),
        pytest.param(b" " * 300_000, {}, "invalid", id="300 KB"),
        pytest.param(b"{}", {"correlation_id": "\0"}, "invalid", id="NUL in a header"),
    ],
)
async def test_whatever_has_an_id_gets_one_outcome(
    desk: Desk, value: bytes, headers: dict[str, Any], code: str
) -> None:
    others = dict(headers)
    actor = others.pop("actor", str(desk.person()))
    bad = await desk.send("appointment.create", actor, value=value, **others)
    good = await desk.book(desk.person())
    answered, fine = await desk.outcomes(bad, good)
    assert (answered["code"], fine["status"]) == (code, "accepted")


async def test_a_command_without_an_id_is_set_aside_and_its_neighbours_go_on(desk: Desk) -> None:
    anna = desk.person()
    await desk.send("appointment.create", anna, {}, ce_id="none")
    name = desk.settings.topic_prefix + topics.BOOKING_COMMANDS.name
    await desk.producer.send_and_wait(name, b"{}", headers=[("ce_type", b"appointment.create")])
    assert (await desk.outcome(await desk.book(anna)))["status"] == "accepted"

    async def letters() -> bool:
        return len(await desk.published(topics.dead_letters("booking").name)) == 2

    await eventually(letters, 15)


async def test_another_organizations_appointment_does_not_exist(desk: Desk) -> None:
    anna, stranger, elsewhere = desk.person(), uuid4(), uuid4()
    desk.identity.add(stranger, elsewhere, roles=["member", "admin"])
    created = await desk.outcome(await desk.book(anna))
    own, about = desk.organization, {"appointment_id": created["appointment_id"]}
    inside = await desk.send("appointment.cancel", stranger, about)
    desk.organization = elsewhere
    outside = await desk.send("appointment.cancel", stranger, about)
    taken = await desk.book(stranger, **about)
    desk.organization = own
    outcomes = await desk.outcomes(inside, outside, taken)
    assert [outcome["code"] for outcome in outcomes] == ["not_allowed", "not_found", "invalid"]
    assert all(outcome["appointment"] is None for outcome in outcomes)


async def test_five_hundred_participants(desk: Desk) -> None:
    anna, crowd = desk.person(), [desk.person() for _ in range(500)]
    created = await desk.outcome(await desk.book(anna, *crowd))
    assert len(created["appointment"]["participant_ids"]) == 500
    busy = await desk.outcome(await desk.book(crowd[-1]))
    assert busy["conflicts"][0]["appointment_id"] == created["appointment_id"]


async def test_names_are_told_after_a_restart_too(closed_desk: Desk) -> None:
    anna, ben = closed_desk.person(name="Anna\0\nB."), closed_desk.person(name="Ben")
    await closed_desk.start()
    created = await closed_desk.outcome(await closed_desk.book(anna, ben))
    await closed_desk.stop()
    await closed_desk.start()
    about = {"appointment_id": created["appointment_id"]}
    await closed_desk.outcome(await closed_desk.send("appointment.cancel", anna, about))
    [events] = (await closed_desk.events(2)).values()
    assert [person["name"] for person in events[1]["people"]] == ["Anna  B.", "Ben"]
    assert UUID(events[1]["people"][1]["id"]) == ben


async def test_an_announcement_is_told_and_counted(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    created = await desk.outcome(await desk.book(anna, ben))
    about: dict[str, Any] = {"appointment_id": created["appointment_id"], "message": "Bring passports."}
    asked = [await desk.send("appointment.announce", anna, about) for _ in range(21)]
    answers = await desk.outcomes(*asked, await desk.send("appointment.announce", ben, about))
    codes = [answer["code"] for answer in answers]
    assert codes == [None] * 20 + ["rate_limited", "not_allowed"]
    [_, first, *_] = (await desk.events(21))[created["appointment_id"]]
    assert (first["type"], first["version"], first["announcement"]) == (
        "appointment.announced",
        2,
        "Bring passports.",
    )
