"""Series over real Kafka and PostgreSQL: nothing doubles them, and what is told of them is told again byte for byte."""

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest
from sqlalchemy import text

from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database, Transaction
from chassis.errors import PublishFailed
from contracts import topics
from contracts.appointments import AppointmentEvent
from contracts.envelope import Message, Record
from contracts.outcomes import Outcome
from contracts.series import SeriesEvent
from services.booking import jobs
from tests.component.booking.desk import NOON, Desk, an_hour
from tests.support import eventually

HOUR, WEEK = timedelta(hours=1), timedelta(weeks=1)
WEEKLY = {"rrule": "FREQ=WEEKLY;COUNT=4"}


@asynccontextmanager
async def tables(desk: Desk) -> AsyncIterator[Transaction]:
    """Booking's database."""
    database = Database(service_database_url(desk.settings, "booking"), application_name="test")
    try:
        async with database.transaction() as tx:
            yield tx
    finally:
        await database.dispose()


async def counts(desk: Desk) -> dict[str, int]:
    """How many rows there are."""
    async with tables(desk) as tx:
        return {
            name: int(await tx.scalar(text(f"SELECT count(*) FROM {name}")) or 0)
            for name in ("appointments", "occurrences", "series", "occupancy")
        }


async def told_of(desk: Desk, count: int) -> list[Record]:
    """Everything on booking.events, as soon as it is so much."""

    async def all_there() -> list[Record] | None:
        records = await desk.published(topics.BOOKING_EVENTS.name)
        return records if len(records) >= count else None

    found = await eventually(all_there, 20, 0.2)
    assert found is not None
    assert len(found) == count
    return found


def kinds(records: list[Record]) -> Counter[str | None]:
    return Counter(record.header("ce_type") for record in records)


def times(start: datetime) -> dict[str, Any]:
    return {"start_time": start.isoformat(), "end_time": (start + HOUR).isoformat()}


async def test_a_series_of_five_hundred_with_its_events_and_its_cancellation(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    pattern = {"frequency": "daily", "count": 500}
    made = await desk.outcome(await desk.book(anna, ben, recurring_pattern=pattern))
    assert made["status"] == "accepted"
    assert len(Outcome.model_validate(made).occurrences) == 500
    assert await counts(desk) == {"appointments": 500, "occurrences": 500, "series": 1, "occupancy": 1000}
    about = {"appointment_id": made["appointment_id"], "reason": "ill"}
    gone = await desk.outcome(await desk.send("appointment.cancel", anna, about | {"scope": "all"}))
    assert len(gone["occurrences"]) == 500
    assert (await counts(desk))["occupancy"] == 0
    records = await told_of(desk, 1002)
    assert kinds(records) == {
        "appointment.created": 500,
        "appointment.cancelled": 500,
        "series.changed": 2,
    }
    for record in records:
        if record.header("ce_type") == "series.changed":
            assert record.header("ce_subject") == made["series_id"]
            event = SeriesEvent.model_validate_json(record.value or b"")
            assert len(event.occurrences) == 500
            assert [person.id for person in event.people] == [anna, ben]
        else:
            AppointmentEvent.model_validate_json(record.value or b"")


async def test_two_commands_of_one_batch_to_the_same_series_are_decided_one_after_the_other(
    closed_desk: Desk,
) -> None:
    desk = closed_desk
    anna, ben, cara = desk.person(), desk.person(), desk.person()
    await desk.start()
    made = await desk.outcome(
        await desk.book(anna, ben, recurring_pattern=WEEKLY, timezone="UTC", partition=0)
    )
    second = made["occurrences"][1]
    busy = await desk.book(cara, at=NOON + 2 * HOUR + WEEK, partition=0)
    await desk.outcome(busy)
    await desk.stop()
    about = {"appointment_id": second["appointment_id"], "scope": "all"}
    alone = {"appointment_id": made["appointment_id"]}
    commands = [
        await desk.send("appointment.update", anna, about | times(NOON + WEEK + HOUR), partition=0),
        await desk.send("appointment.update", anna, alone | times(NOON + 5 * HOUR), partition=0),
        await desk.send("appointment.update", anna, about | times(NOON + WEEK + 2 * HOUR), partition=0),
        await desk.send(
            "appointment.update",
            anna,
            about | {"participant_ids": [str(cara)], **times(NOON + WEEK + 2 * HOUR)},
            partition=0,
        ),
        await desk.send("appointment.cancel", anna, about | {"scope": "following"}, partition=0),
    ]
    await desk.start()
    outcomes = await desk.outcomes(*commands)
    assert [outcome["code"] for outcome in outcomes] == [None, None, None, "conflict", None]
    assert [error["field"] for error in outcomes[3]["errors"]] == ["occurrences.1"]
    assert [one["start_time"] for one in outcomes[2]["occurrences"]] == [
        told_as(NOON + 6 * HOUR),
        told_as(NOON + WEEK + 2 * HOUR),
        told_as(NOON + 2 * WEEK + 2 * HOUR),
        told_as(NOON + 3 * WEEK + 2 * HOUR),
    ]
    assert len(outcomes[4]["occurrences"]) == 3


def told_as(instant: datetime) -> str:
    return instant.isoformat().replace("+00:00", "Z")


async def test_a_crash_between_save_and_publish_tells_the_same_bytes(
    closed_desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk = closed_desk
    anna, ben = desk.person(), desk.person()
    service = await desk.start()
    given: list[Message] = []

    async def lost(messages: list[Message]) -> None:
        given.extend(message for message in messages if message.topic == topics.BOOKING_EVENTS.name)
        raise PublishFailed("the process died here")

    monkeypatch.setattr(service.publisher, "publish", lost)
    command = await desk.book(anna, ben, recurring_pattern=WEEKLY)

    async def saved() -> bool:
        return len(given) >= 5

    await eventually(saved, 20, 0.1)
    assert (await counts(desk))["appointments"] == 4
    assert await desk.published(topics.BOOKING_EVENTS.name) == []
    await desk.stop()
    await desk.start()
    assert (await desk.outcome(command))["status"] == "accepted"
    again = await told_of(desk, 5)
    assert [(message.value, message.headers) for message in given[:5]] == [
        (record.value, record.headers) for record in again
    ]
    assert await counts(desk) == {"appointments": 4, "occurrences": 4, "series": 1, "occupancy": 8}


async def test_the_same_command_again_doubles_nothing(desk: Desk) -> None:
    anna = desk.person()
    command = await desk.book(anna, recurring_pattern=WEEKLY)
    await desk.outcome(command)
    await desk.book(anna, recurring_pattern=WEEKLY, command_id=command, partition=3)
    last = await desk.outcome(await desk.book(anna, recurring_pattern=WEEKLY, partition=3))
    assert last["code"] == "conflict"
    assert [error["field"] for error in last["errors"]] == [f"occurrences.{number}" for number in range(4)]
    await told_of(desk, 5)
    assert (await counts(desk))["appointments"] == 4


async def test_a_nightly_job_books_what_has_come_within_reach_once(desk: Desk) -> None:
    anna, ben = desk.person(), desk.person()
    pattern = {"frequency": "weekly"}
    made = await desk.outcome(await desk.book(anna, ben, recurring_pattern=pattern, timezone="UTC"))
    before = len(made["occurrences"])
    late = made["occurrences"][-4:]
    await _four_weeks_earlier(desk, UUID(made["series_id"]), late)
    await told_of(desk, before + 1)
    [service] = desk.services
    extend = jobs.extend_series(service.database, service.publisher)
    await extend()
    records = await told_of(desk, before + 1 + 3 + 1)
    assert kinds(records) == {"appointment.created": before + 3, "series.changed": 2}
    changes = [
        orjson.loads(record.value or b"")
        for record in records
        if record.header("ce_type") == "series.changed"
    ]
    assert (changes[1]["change"], changes[1]["version"], changes[1]["actor"]) == (
        "extended",
        2,
        "service:booking",
    )
    assert changes[1]["occurrences"] == late[:3], "a year ahead of now, not of the first occurrence"
    assert (await counts(desk))["occurrences"] == before - 1
    await extend()  # the same night, another process
    await desk.outcome(await desk.book(ben, at=NOON + 3 * HOUR))
    await told_of(desk, before + 1 + 3 + 1 + 1)


async def test_a_series_that_lost_its_place_is_not_doubled(desk: Desk) -> None:
    anna = desk.person()
    made = await desk.outcome(await desk.book(anna, recurring_pattern={"frequency": "weekly"}))
    async with tables(desk) as tx:
        await tx.execute(text("UPDATE series SET booked_until = booked_until - interval '5 weeks'"))
    [service] = desk.services
    await jobs.extend_series(service.database, service.publisher)()
    records = await told_of(desk, len(made["occurrences"]) + 2)
    changes = [
        orjson.loads(record.value or b"")
        for record in records
        if record.header("ce_type") == "series.changed"
    ]
    assert changes[1]["occurrences"] == []
    assert {one["code"] for one in changes[1]["skipped"]} == {"exists"}
    assert (await counts(desk))["occurrences"] == len(made["occurrences"])


async def test_a_person_cannot_extend_a_series_nor_another_service(desk: Desk) -> None:
    anna = desk.person()
    made = await desk.outcome(await desk.book(anna, recurring_pattern={"frequency": "weekly"}))
    body = {"series_id": made["series_id"]}
    commands = [await desk.send("series.extend", who, body) for who in (anna, "service:reminders")]
    assert [outcome["code"] for outcome in await desk.outcomes(*commands)] == 2 * ["not_allowed"]


async def test_many_series_at_once_are_all_decided(closed_desk: Desk) -> None:
    desk = closed_desk
    people = [desk.person() for _ in range(12)]
    pattern = {"frequency": "daily", "count": 300}
    commands = [
        await desk.send(
            "appointment.create", person, an_hour(NOON) | {"recurring_pattern": pattern}, partition=0
        )
        for person in people
    ]
    await desk.start()
    assert {outcome["status"] for outcome in await desk.outcomes(*commands, deadline=60)} == {"accepted"}
    assert (await counts(desk))["occurrences"] == 12 * 300


async def _four_weeks_earlier(desk: Desk, series: UUID, last: list[dict[str, Any]]) -> None:
    """As if the series had been made four weeks ago."""
    ids = [UUID(one["appointment_id"]) for one in last]
    async with tables(desk) as tx:
        for name, column in (
            ("appointments", "id"),
            ("occupancy", "appointment_id"),
            ("occurrences", "appointment_id"),
        ):
            await tx.execute(
                text(f"DELETE FROM {name} WHERE {column} = ANY(CAST(:ids AS uuid[]))"), {"ids": ids}
            )
        await tx.execute(
            text("UPDATE series SET booked_until = booked_until - interval '4 weeks' WHERE id = :id"),
            {"id": series},
        )
