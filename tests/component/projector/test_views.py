"""Views after events, in order and out of order, once and again."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import asyncpg
import orjson
import pytest
from aiokafka import ConsumerRecord

from contracts.envelope import Message, header
from services.projector import jobs
from tests.component.projector.driver import TABLES, Projector, Rows
from tests.support import eventually
from tests.unit.projector.builders import (
    ANNA,
    BEN,
    DECIDED,
    HUB,
    MONDAY_9,
    ORGANIZER,
    a_hold,
    a_notification,
    a_preferences_outcome,
    a_suspension,
    an_event,
    an_id,
    an_outcome,
    availability_changed,
    busy_times_changed,
    feed_changed,
    organization_preferences_changed,
    preferences_changed,
    series_changed,
)

PLANNING = an_id("planning")


def a_story() -> list[Message]:
    """Booked, Ben out and moved to Tuesday, confirmed by Anna, cancelled; told to Anna, who prefers German
    and says when she is there.
    """
    later = {"participant_ids": [ANNA], "start_time": MONDAY_9 + timedelta(days=1)}
    later["end_time"] = MONDAY_9 + timedelta(days=1, hours=1)
    said_yes = {"confirmation_status": {ANNA: "confirmed"}}
    return [
        an_outcome("book"),
        a_hold(),
        an_event("created", hold_id=an_id("hold")),
        a_notification("mail", "planned"),
        an_event("rescheduled", version=2, removed=[BEN], **later),
        a_notification("mail", "sent", 1, sent_at=DECIDED),
        an_event("confirmed", version=3, status="confirmed", **later, **said_yes),
        a_notification("mail", "delivered", 1, sent_at=DECIDED, delivered_at=DECIDED),
        preferences_changed(1),
        a_preferences_outcome(),
        organization_preferences_changed(2),
        organization_preferences_changed(1),
        a_suspension(1),
        a_suspension(2, restored=True),
        a_suspension(1, "sms"),
        availability_changed(2, buffer_after=10),
        availability_changed(1),
        busy_times_changed(1, "a", "b"),
        busy_times_changed(2, "b", removed=["a"]),
        a_hold("placed", "form"),
        a_hold("placed", "given back"),
        a_hold("released", "given back"),
        series_changed(),
        feed_changed(2, None),
        feed_changed(1),
        an_event("cancelled", version=4, status="cancelled", **later, **said_yes),
    ]


async def test_a_story_is_shown(projector: Projector) -> None:
    """Everything that happened stands in its view."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()
    sql = projector.sql

    shown = await sql.fetchrow("SELECT * FROM views.appointments")
    assert (shown["id"], shown["version"], shown["status"]) == (PLANNING, 4, "cancelled")
    assert shown["start_time"] == MONDAY_9 + timedelta(days=1)
    assert orjson.loads(shown["body"])["confirmation_status"] == {str(ANNA): "confirmed"}
    people = await sql.fetch("SELECT user_id, response, status FROM views.attendees ORDER BY response")
    assert [tuple(row) for row in people] == [
        (ANNA, "confirmed", "cancelled"),
        (ORGANIZER, "organizer", "cancelled"),
    ]
    history = await sql.fetch("SELECT version, change, at FROM views.history ORDER BY version")
    assert [(row["version"], row["change"]) for row in history] == [
        (1, "created"),
        (2, "rescheduled"),
        (3, "confirmed"),
        (4, "cancelled"),
    ]
    assert history[0]["at"] == DECIDED + timedelta(minutes=1)
    counts = await sql.fetch("SELECT day, change, count FROM views.appointments_daily ORDER BY change")
    assert [tuple(row) for row in counts] == [
        (date(2026, 12, 1), change, 1) for change in ("cancelled", "confirmed", "created", "rescheduled")
    ]
    mail = await sql.fetchrow("SELECT state, attempts, delivered_at FROM views.notifications")
    assert tuple(mail) == ("delivered", 1, DECIDED)
    states = await sql.fetch("SELECT state, count FROM views.notifications_daily WHERE count <> 0")
    assert [tuple(row) for row in states] == [("delivered", 1)]
    commands = await sql.fetch("SELECT id, actor, organization_id FROM views.commands ORDER BY actor")
    assert [tuple(row) for row in commands] == [
        (an_id("book"), str(ORGANIZER), HUB),
        (an_id("prefer"), str(ANNA), HUB),
    ]
    assert orjson.loads(await sql.fetchval("SELECT body FROM views.preferences"))["locale"] == "de"
    rules = await sql.fetchrow("SELECT organization_id, version, body FROM views.organization_preferences")
    assert (rules["organization_id"], rules["version"]) == (HUB, 2)
    assert orjson.loads(rules["body"])["mandatory"] == {"appointment_cancelled": ["email"]}
    suspended = await sql.fetch(
        "SELECT user_id, channel, since FROM views.suspensions WHERE restored_at IS NULL"
    )
    assert [tuple(row) for row in suspended] == [(ANNA, "sms", DECIDED)]


async def test_peoples_time_is_shown(projector: Projector) -> None:
    """Availability, time taken elsewhere, holds and series stand in their views, in their newest version."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()
    sql = projector.sql
    hours = await sql.fetch("SELECT user_id, organization_id, version, margin FROM views.availability")
    assert [tuple(row) for row in hours] == [(ANNA, HUB, 2, 600)]
    elsewhere = await sql.fetch(
        "SELECT uid, start_time, version FROM views.busy_times WHERE user_id = $1 "
        "AND tstzrange(start_time, end_time) && tstzrange($2, $3)",
        ANNA,
        MONDAY_9,
        MONDAY_9 + timedelta(days=30),
    )
    assert [tuple(row) for row in elsewhere] == [("b", MONDAY_9 + timedelta(hours=2), 2)]
    assert await sql.fetchval("SELECT version FROM views.busy_versions WHERE user_id = $1", ANNA) == 2
    holds = await sql.fetch("SELECT id, user_ids FROM views.holds WHERE version = 1")
    assert [tuple(row) for row in holds] == [(an_id("form"), [ANNA, BEN])]
    assert await sql.fetchval("SELECT count(*) FROM views.holds WHERE version = 2") == 2
    assert await sql.fetchval("SELECT id FROM views.series") == an_id("weekly")
    feeds = await sql.fetch("SELECT user_id, organization_id, version, token_hash FROM views.feeds")
    assert [tuple(row) for row in feeds] == [(ANNA, HUB, 2, None)], "a revoked address does not come back"


async def test_who_waits_for_a_seat_sees_it(projector: Projector) -> None:
    """They have a place that occupies nothing; with a seat they take part, and then they may be gone."""
    await projector.start()
    seats: dict[str, Any] = {"seats": 1, "series_id": an_id("weekly")}
    await projector.publish(an_event(participant_ids=[ANNA], waiting=[BEN], **seats))
    await projector.caught_up()
    response = "SELECT response FROM views.attendees WHERE user_id = $1"
    assert await projector.sql.fetchval(response, BEN) == "waiting"
    assert await projector.sql.fetchval("SELECT series_id FROM views.appointments") == an_id("weekly")
    await projector.publish(an_event("participant_left", version=2, participant_ids=[BEN], **seats))
    await projector.caught_up()
    assert await projector.sql.fetchval(response, BEN) == "pending"
    assert await projector.sql.fetchval(response, ANNA) is None


async def test_what_is_over_is_forgotten_the_day_after(projector: Projector) -> None:
    """Holds and ranges that are gone are kept until no older word on them can come; other ranges stay."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()
    long_ago = "2026-01-01T00:00:00Z"
    await projector.sql.execute(
        f"UPDATE views.holds SET expires_at = '{long_ago}' WHERE version = 2;"
        f"UPDATE views.busy_times SET start_time = '{long_ago}', end_time = '{long_ago}' WHERE uid = 'a';"
        "UPDATE views.holds SET expires_at = now() WHERE version = 1;"
    )
    assert projector.service is not None
    await jobs.forget(projector.service.database, projector.settings)
    left = await projector.rows()
    assert [row[0] for row in left["holds"]] == [an_id("form")]
    assert [row[1] for row in left["busy_times"]] == ["b"]


async def test_who_takes_part_or_did_is_told(projector: Projector) -> None:
    """Each change is told once the views show it, to those whom it concerns."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()

    async def all_told() -> bool:
        return len(await projector.published()) == 17

    await eventually(all_told)
    messages = await projector.published()
    calendar = [orjson.loads(record.value) for record in messages if _type(record) == "calendar.changed"]
    assert [(change["version"], change["change"]) for change in calendar] == [
        (1, "created"),
        (2, "rescheduled"),
        (3, "confirmed"),
        (4, "cancelled"),
    ]
    assert set(calendar[1]["user_ids"]) == {str(ORGANIZER), str(ANNA), str(BEN)}
    assert set(calendar[2]["user_ids"]) == {str(ORGANIZER), str(ANNA)}
    assert [orjson.loads(record.value) for record in messages if _type(record) == "preferences.shown"] == [
        {"user_id": str(ANNA), "version": 1}
    ]
    of_all = [record for record in messages if _type(record) == "organization_preferences.shown"]
    assert [orjson.loads(record.value) for record in of_all] == [
        {"organization_id": str(HUB), "version": version} for version in (2, 1)
    ]
    assert Counter(_type(record) for record in messages) == {
        "calendar.changed": 4,
        "preferences.shown": 1,
        "organization_preferences.shown": 2,
        "availability.shown": 2,
        "busy_times.shown": 2,
        "hold.shown": 4,
        "feed.shown": 2,
    }
    assert {record.key for record in messages} == {str(HUB).encode()}
    first = next(record for record in messages if _type(record) == "calendar.changed")
    assert header(first.headers, "correlation-id") == "a-request"


def _type(record: Any) -> str | None:
    return header(record.headers, "ce_type")


async def test_swapped_versions_end_the_same(projector: Projector) -> None:
    """Whatever order versions and states arrive in, the newest is shown and no version is missing from history."""
    story = a_story()
    await projector.start()
    await projector.publish(*story)
    await projector.caught_up()
    in_order = await projector.rows()
    await projector.stop()
    await projector.sql.execute("".join(f"TRUNCATE views.{table};" for table in TABLES))

    await projector.start()
    for message in Random(5).sample(story, len(story)):
        await projector.publish(message)
        await projector.caught_up()
    shuffled = await projector.rows()
    assert _without_times(shuffled) == _without_times(in_order)


def _without_times(rows: dict[str, Rows]) -> dict[str, Rows]:
    """When an outcome was appended, and when something was over, differs."""
    return {
        **rows,
        "holds": [row for row in rows["holds"] if row[2] == 1],
        "busy_times": [row for row in rows["busy_times"] if row[3] != row[4]],
        "commands": [row[:-1] for row in rows["commands"]],
    }


async def test_an_overtaken_version_is_missing_until_it_arrives(projector: Projector) -> None:
    """Version 4 after 1 is shown at once; 2 and 3 are noted, and crossed off as they come."""
    await projector.start()
    one, two, three, four = (an_event("updated", version=number) for number in (1, 2, 3, 4))
    await projector.publish(one, four)
    await projector.caught_up()
    assert await projector.sql.fetchval("SELECT version FROM views.appointments") == 4
    assert [row["version"] for row in await _missing(projector)] == [2, 3]

    await projector.publish(three)
    await projector.caught_up()
    assert [row["version"] for row in await _missing(projector)] == [2]
    assert await projector.sql.fetchval("SELECT version FROM views.appointments") == 4

    await projector.publish(two)
    await projector.caught_up()
    assert await _missing(projector) == []
    assert await projector.sql.fetchval("SELECT count(*) FROM views.history") == 4


async def _missing(projector: Projector) -> list[asyncpg.Record]:
    return list(await projector.sql.fetch("SELECT version FROM views.missing_versions ORDER BY version"))


async def test_redelivery_changes_nothing(projector: Projector) -> None:
    """Progress that is lost feeds everything again: the rows stay, and what is told again is byte-identical."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()
    before = await projector.rows()
    await projector.stop()
    first = await projector.published()
    await projector.sql.execute("UPDATE progress SET next_offset = 0, published_offset = 0")

    await projector.start()
    await projector.caught_up()
    await projector.stop()
    assert await projector.rows() == before
    assert _copies(await projector.published()) == dict.fromkeys(_copies(first), 2)


def _copies(records: list[ConsumerRecord]) -> Counter[tuple[Any, ...]]:
    return Counter((record.partition, record.key, record.value, record.headers) for record in records)


async def test_the_first_outcome_of_a_command_stays(projector: Projector) -> None:
    """A reused command id does not hide what became of its first use."""
    await projector.start()
    await projector.publish(
        an_outcome("book"), an_outcome("book", "refused", code="command_id_reused", detail="Used before.")
    )
    await projector.caught_up()
    bodies = await projector.sql.fetch("SELECT body FROM views.commands")
    assert [orjson.loads(row["body"])["status"] for row in bodies] == ["accepted"]


async def test_what_is_redriven_is_shown(projector: Projector) -> None:
    """Records of any topic come back through projector.redrive."""
    await projector.start()
    messages = [replace(message, topic="projector.redrive") for message in a_story()]
    await projector.publish(*messages)
    await projector.caught_up()
    rows = await projector.rows()
    assert {
        table: len(rows[table]) for table in ("appointments", "history", "notifications", "commands")
    } == {
        "appointments": 1,
        "history": 4,
        "notifications": 1,
        "commands": 2,
    }


async def test_garbage_is_set_aside_and_its_neighbours_are_shown(projector: Projector) -> None:
    """Unreadable and unwritable records become dead letters."""
    good = an_event()
    nul = replace(an_event("created", name="nul"), value=good.value.replace(b"Planning", b"Pl\\u0000an"))  # type: ignore[union-attr]
    await projector.start()
    await projector.publish(
        replace(good, value=b"{"),
        replace(good, value=None),
        replace(good, headers=()),
        replace(good, value=b'{"appointment_id": "x"}'),
        nul,
        good,
    )
    await projector.caught_up()
    assert await projector.sql.fetchval("SELECT count(*) FROM dead_letters") == 5
    assert await projector.sql.fetchval("SELECT title FROM views.appointments") == "Planning"


async def test_the_reader_reads_and_cannot_write(projector: Projector) -> None:
    """The ingress's role sees the views and can change nothing, nor see anything else."""
    await projector.start()
    await projector.publish(*a_story())
    await projector.caught_up()
    reader = await projector.as_reader()
    try:
        for table in TABLES:
            count = await reader.fetchval(f"SELECT count(*) FROM views.{table}")
            assert count >= (table != "missing_versions"), table
        await reader.execute("SET default_transaction_read_only = off")
        for forbidden in (
            "DELETE FROM views.appointments",
            "UPDATE views.commands SET body = ''",
            "CREATE TABLE views.mine (id int)",
            "SELECT * FROM progress",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await reader.execute(forbidden)
    finally:
        await reader.close()


async def test_states_of_deliveries_are_told_in_a_few_records(projector: Projector) -> None:
    """Three states of two hundred deliveries, and of their fifty appointments, cost a record for each batch."""
    names = [f"mail {number}" for number in range(200)]
    of: dict[str, dict[str, Any]] = {
        name: {"appointment_id": an_id(number % 50)} for number, name in enumerate(names)
    }
    await projector.start()
    await projector.publish(*(an_event("created", number) for number in range(50)))
    await projector.caught_up()
    await projector.publish(
        *(a_notification(name, **of[name]) for name in names),
        *(a_notification(name, "sent", 1, sent_at=DECIDED, **of[name]) for name in names),
        *(
            a_notification(name, "delivered", 1, sent_at=DECIDED, delivered_at=DECIDED, **of[name])
            for name in names
        ),
    )
    await projector.caught_up()

    async def all_told() -> dict[str, str]:
        states: dict[str, str] = {}
        for record in await projector.statuses():
            for appointment in orjson.loads(record.value)["appointments"]:
                assert appointment["organizer_id"] == str(ORGANIZER)
                states |= {one["id"]: one["state"] for one in appointment["notifications"]}
        assert len(states) == 200
        return states

    states = await eventually(all_told)
    assert set(states.values()) == {"delivered"}
    assert len(await projector.statuses()) <= 5
    assert len(await projector.published()) == 50, "a change of a calendar has a message of its own"
