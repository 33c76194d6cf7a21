"""An address bounces: its channel rests for that person until they say something new about it."""

from typing import Any

import orjson

from contracts import topics
from contracts.notifications import ChannelSuspension
from tests.component.notifier.office import ANNA, BEN, Office, an_appointment
from tests.component.notifier.test_quiet_hours import quiet_now
from tests.support import eventually


async def changes(office: Office, count: int) -> list[dict[str, Any]]:
    """Return the events about channels, once there are `count`."""

    async def all_there() -> list[dict[str, Any]]:
        found = [event for event in await office.events() if str(event["type_"]).startswith("channel.")]
        assert len(found) >= count, f"{len(found)} of {count}"
        return found

    return await eventually(all_there, 15, 0.1)


async def channels_of(office: Office, kind: str, **state: Any) -> set[str]:
    """On which channels Ben is told of that: all are known when the last is planned, in one transaction."""
    appointment = an_appointment(organization_id=str(office.organization), **state)
    await office.tell(kind, appointment, actor=ANNA)

    async def planned() -> set[str]:
        rows = await office.sql(
            "SELECT channel FROM deliveries WHERE appointment_id = CAST($1 AS uuid) AND recipient_id = $2",
            appointment["id"],
            BEN,
        )
        return {row["channel"] for row in rows}

    return await eventually(planned, 15, 0.05)


async def prefer(office: Office, count: int, **preferences: Any) -> None:
    """Ben's command number `count`; it is carried out when this returns."""
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", preferences, actor=str(BEN))
    await office.answers(count)


async def test_a_bounced_address_is_left_alone_until_its_owner_says_something_new_about_it(
    office: Office,
) -> None:
    await office.communication.put("/sandbox/bounces", json={"recipients": [str(BEN)], "channels": ["email"]})
    assert await channels_of(office, "updated") == {"email", "in_app"}
    [suspended] = await changes(office, 1)
    [bounced] = await office.told("bounced", 1)
    assert (suspended["type_"], suspended["user_id"], suspended["channel"], suspended["version"]) == (
        "channel.suspended",
        str(BEN),
        "email",
        1,
    )
    assert suspended["notification_id"] == bounced["notification_id"]
    ChannelSuspension.model_validate(suspended)
    assert await channels_of(office, "updated") == {"in_app"}

    await prefer(office, 1, locale="de", channels={"sms": True})
    assert await channels_of(office, "updated") == {"in_app", "sms"}, "he spoke of another channel"
    await prefer(office, 2, locale="de", channels={"sms": True, "email": True})
    both = await changes(office, 2)
    assert [(item["type_"], item["version"]) for item in both] == [
        ("channel.suspended", 1),
        ("channel.restored", 2),
    ]
    assert both[1]["restored_at"] > both[1]["since"]
    # What had been sent before he spoke may bounce now: that is no news.
    [late] = await office.sql(
        "SELECT id FROM deliveries WHERE recipient_id = $1 AND channel = 'sms' AND state <> 'bounced'", BEN
    )
    data = {
        "entity_type": "appointment",
        "entity_id": bounced["appointment_id"],
        "channel": "sms",
        "recipient": str(BEN),
        "timestamp": bounced["sent_at"],
        "idempotency_key": str(late["id"]),
    }
    await office.sql(
        "INSERT INTO suspensions SELECT user_id, 'sms', organization_id, 2, since, reason, notification_id, now() "
        "FROM suspensions"
    )
    await office.send(
        topics.COMMUNICATION_EVENTS.name, orjson.dumps({"type": "notification.bounced", "data": data})
    )
    assert await channels_of(office, "updated") == {"email", "in_app", "sms"}
    assert {item["channel"] for item in await office.told("bounced", 3)} == {"email", "sms"}
    # The new e-mail bounces as well: suspended anew, once.
    assert [(item["type_"], item["version"]) for item in await changes(office, 3)][2:] == [
        ("channel.suspended", 3)
    ]


async def test_an_urgent_message_that_bounces_turns_to_the_next_channel_once(office: Office) -> None:
    await office.communication.put("/sandbox/bounces", json={"recipients": [str(BEN)], "channels": ["email"]})
    state = an_appointment(status="cancelled")
    await office.tell("cancelled", state, actor=ANNA)
    [bounced] = await office.told("bounced", 1)
    report = {
        "type": "notification.bounced",
        "data": {
            "entity_type": "appointment",
            "entity_id": state["id"],
            "channel": "email",
            "recipient": str(BEN),
            "timestamp": bounced["sent_at"],
            "idempotency_key": bounced["notification_id"],
        },
    }
    for _ in range(3):
        await office.send(topics.COMMUNICATION_EVENTS.name, orjson.dumps(report))
    assert await channels_of(office, "cancelled", status="cancelled") == {"in_app"}
    messages = await office.messages(4, entity_id=state["id"])
    of_ben = sorted(item["channels"][0] for item in messages if item["recipients"] == [str(BEN)])
    assert of_ben == ["email", "in_app", "sms"]
    assert len(await changes(office, 1)) == 1


async def test_what_waits_for_the_morning_is_not_sent_to_an_address_that_bounced(office: Office) -> None:
    await prefer(office, 1, **quiet_now())
    await office.tell("updated", an_appointment(organization_id=str(office.organization)), actor=ANNA)
    [held] = await office.told("held", 1)
    await office.communication.put("/sandbox/bounces", json={"recipients": [str(BEN)], "channels": ["email"]})
    await office.tell("cancelled", an_appointment(status="cancelled"), actor=ANNA)
    await office.told("bounced", 1)
    await prefer(office, 2, quiet_hours=None)
    [expired] = await office.told("expired", 1)
    assert (expired["notification_id"], expired["reason"]) == (
        held["notification_id"],
        "the address of the channel bounced",
    )
