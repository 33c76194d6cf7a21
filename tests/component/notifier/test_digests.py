"""One message a day instead of many, through a real broker, a real database and a real HTTP service."""

import signal
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import asyncpg
from prometheus_client import REGISTRY

from contracts import topics
from services.notifier.domain.digests import digest_id
from services.notifier.jobs import count_waiting
from services.notifier.store import digests as store
from tests.component.notifier.office import ANNA, BEN, Office, an_appointment, database_of
from tests.component.notifier.test_failures import a_process
from tests.support import eventually

# A zone in which it is about noon, so that six in the morning is over and eight in the evening is to come.
_HOURS = 12 - datetime.now(UTC).hour
NOON = f"Etc/GMT{-_HOURS:+d}"
TODAY = (datetime.now(UTC) + timedelta(hours=_HOURS)).date()


def an_appointment_in(office: Office, days: float, **different: Any) -> dict[str, Any]:
    different["organization_id"] = str(office.organization)
    start = datetime.now(UTC) + timedelta(days=days)
    times = {"start_time": start.isoformat(), "end_time": (start + timedelta(hours=1)).isoformat()}
    return an_appointment(**times, **different)


async def prefer(office: Office, at: str | None, answers: int, **more: Any) -> None:
    """Let Ben have a digest at that hour, or none, and wait until that holds."""
    body = {"timezone": NOON, "digest": {"enabled": at is not None, "at": at or "18:00"}, **more}
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", body, actor=str(BEN))
    await office.answers(answers)


async def digests(office: Office, count: int) -> list[dict[str, Any]]:
    return await office.messages(count, type="appointment_digest")


async def test_what_is_not_urgent_comes_once_at_the_persons_hour(closed_office: Office) -> None:
    office = closed_office
    for _ in range(2):
        await office.start()
    await prefer(office, "20:00", 1)
    review, lunch, soon, off = (
        an_appointment_in(office, 3, title="Review"),
        an_appointment_in(office, 2, title="Lunch <3"),
        an_appointment_in(office, 0.1, title="Soon"),
        an_appointment_in(office, 3, title="Off"),
    )
    for state in (review, lunch, soon, off):
        await office.tell("updated", state, actor=ANNA)
    held = await office.told("held", 3)
    assert {item["channel"] for item in held} == {"email"}
    assert held[0]["reason"] == f"waits for the digest at 20:00 ({NOON})"
    await office.told("delivered", 5)
    at_once = [(item["channels"][0], item["entity_id"]) for item in await office.messages(5)]
    assert sorted(channel for channel, _ in at_once) == ["email", *["in_app"] * 4]
    assert ("email", soon["id"]) in at_once, "it starts before the digest's hour"
    cancelled = off | {"version": 2, "status": "cancelled"}
    await office.tell("cancelled", cancelled, actor=ANNA)
    urgent = await office.messages(4, type="appointment_cancelled")
    assert str(BEN) in {item["recipients"][0] for item in urgent if item["channels"] == ["email"]}
    # Its hour comes (by being moved to one that is over).
    await prefer(office, "06:00", 2)
    [digest] = await digests(office, 1)
    assert (digest["idempotency_key"], digest["channels"]) == (str(digest_id(BEN, TODAY)), ["email"])
    data = digest["template_data"]
    assert (data["recipient_name"], data["digest_count"]) == ("Ben", "2")
    assert "“Review”" in data["digest_text"]
    assert "Lunch &lt;3" in digest["rendered"]["email"]["html_body"]
    assert "Off" not in data["digest_text"]
    [left_out] = await office.told("expired", 1)
    assert left_out["reason"] == "the appointment was cancelled"
    carried = [
        item
        for item in await office.told("delivered", 12)
        if item["appointment_id"] in (review["id"], lunch["id"]) and item["channel"] == "email"
    ]
    assert {item["reason"] for item in carried} == {f"in the digest of {TODAY.isoformat()}"}
    assert len(carried) == 2
    # What comes now waits for the next day's; another hour gives no second one today.
    await office.tell("updated", an_appointment_in(office, 5), actor=ANNA)
    await office.told("held", 4)
    await prefer(office, "20:00", 3)
    await office.told("held", 5)
    assert len(await digests(office, 1)) == 1
    # Without a digest it goes out by itself.
    await prefer(office, None, 4)
    await office.messages(7, type="appointment_updated", recipient=str(BEN))
    await office.settled(15)
    assert len(await digests(office, 1)) == 1


async def test_what_is_beyond_the_threshold_waits(closed_office: Office) -> None:
    office = closed_office
    await office.start(digest_threshold=3)
    await prefer(office, None, 1, channels={"sms": True})
    for _ in range(5):
        await office.tell("updated", an_appointment_in(office, 3), actor=ANNA)
    held = await office.told("held", 4)
    assert sorted(item["channel"] for item in held) == ["email", "email", "sms", "sms"]
    await office.messages(5 + 2 * 3)
    assert (await office.states())["held"] == 4
    database = office.services[0].database
    await count_waiting(database)
    assert REGISTRY.get_sample_value("appointments_notifier_held_deliveries") == 4
    [row] = await office.sql("SELECT by_choice FROM digests")
    assert not row["by_choice"]
    await office.sql("UPDATE digests SET due_at = now()")

    async def postponed() -> bool:
        return bool(await office.sql("SELECT FROM digests WHERE due_at > now()"))

    await eventually(postponed, 10)
    assert (await office.states())["held"] == 4, "looked at too early it waits on"
    moved = {"timezone": NOON, "digest": {"enabled": False, "at": "06:00"}, "channels": {"sms": True}}
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", moved, actor=str(BEN))
    [digest] = await digests(office, 1)
    assert digest["template_data"]["digest_count"] == "2", "a message is one line, whatever its channels"
    await office.told("delivered", 5 + 2 * 3 + 1 + 4)
    await count_waiting(database)
    assert REGISTRY.get_sample_value("appointments_notifier_held_deliveries") == 0
    long_after = TODAY + timedelta(days=90)
    await store.forget(database, long_after)
    await store.forget_counts(database, long_after)
    for table in ("digests", "digest_entries", "told_daily"):
        assert not await office.sql(f"SELECT FROM {table}")


async def test_a_digest_survives_a_crash_before_and_after_it_is_sent(closed_office: Office) -> None:
    office = closed_office
    with a_process(office) as process:
        await prefer(office, "20:00", 1)
        states = [an_appointment_in(office, 3) for _ in range(4)]
        for state in states:
            await office.tell("updated", state, actor=ANNA)
        await office.told("held", 4, deadline=30)
        await office.messages(4)
        await office.faults(latency_ms=700)
        await prefer(office, "06:00", 2)

        async def claimed() -> bool:
            return len(await office.sql("SELECT FROM queue WHERE lease IS NOT NULL")) == 1

        await eventually(claimed, 15)
        connection = await asyncpg.connect(database_of(office.settings))
        try:
            async with connection.transaction():
                await connection.execute(
                    "SELECT FROM queue FOR UPDATE"
                )  # nobody can write down that it is sent
                await digests(office, 1)
                process.send_signal(signal.SIGKILL)
                process.wait()
        finally:
            await connection.close()
    await office.faults()
    await office.start()
    await office.told("delivered", 4 + 4 + 1, deadline=30)
    [digest] = await digests(office, 1)
    assert digest["attempts"] in (1, 2), "called again under the same key, unless its report was read before"
    assert digest["template_data"]["digest_count"] == "4"
    # The same events again, as after a reset: nothing waits twice, nothing more is sent.
    await office.tell(
        "updated", states[0], actor=ANNA, id=uuid4(), at=datetime.now(UTC) - timedelta(hours=25)
    )
    assert len(await digests(office, 1)) == 1
