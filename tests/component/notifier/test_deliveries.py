"""From an event to a message, through a real broker, a real database and a real HTTP service."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import icalendar
import orjson

from contracts import topics
from contracts.notifications import Notification
from services.notifier.domain.model import notification_id
from tests.component.notifier.office import ANNA, BEN, CLEO, TOMORROW, Office, an_appointment
from tests.support import eventually


async def test_a_booking_is_confirmed_to_the_organizer_and_the_participant_is_invited(office: Office) -> None:
    state = an_appointment(location="Room 2", custom_fields={"preparation_notes": "Bring the plan"})
    event = await office.tell("created", state)
    messages = await office.messages(4)
    assert {(item["type"], item["recipients"][0], item["channels"][0]) for item in messages} == {
        ("appointment_created", str(ANNA), "email"),
        ("appointment_created", str(ANNA), "in_app"),
        ("appointment_invitation", str(BEN), "email"),
        ("appointment_invitation", str(BEN), "in_app"),
    }
    for item in messages:
        expected = notification_id(event, item["type"], UUID(item["recipients"][0]), item["channels"][0])
        assert item["idempotency_key"] == str(expected)
        assert (item["entity_type"], item["entity_id"]) == ("appointment", state["id"])
    invitation = next(item for item in messages if item["type"] == "appointment_invitation")
    data = invitation["template_data"]
    hour = TOMORROW.astimezone(ZoneInfo("America/New_York")).hour
    assert data["appointment_time"].startswith(f"{hour:02}:00")
    assert data["confirmation_link"] == f"https://hub.example/appointments/{state['id']}"
    to_anna = next(
        item for item in messages if item["recipients"] == [str(ANNA)] and "email" in item["channels"]
    )
    assert (invitation["locale"], to_anna["locale"]) == ("en", "de")
    assert to_anna["rendered"]["email"]["subject"].startswith("Gebucht: Review")
    planned, sent = await office.told("planned", 4), await office.told("sent", 4)
    for body in (*planned, *sent):
        Notification.model_validate(body)
    await office.told("delivered", 4)
    assert await office.states() == {"delivered": 4}


async def test_an_invitation_by_e_mail_brings_its_file_for_the_calendar(office: Office) -> None:
    state = an_appointment()
    await office.tell("created", state)
    messages = await office.messages(2, recipient=str(BEN))
    files = {item["channels"][0]: item["template_data"].get("calendar_file") for item in messages}
    assert files["in_app"] is None
    entries: list[Any] = icalendar.Calendar.from_ical(files["email"]).walk("VEVENT")
    [entry] = entries
    assert (str(entry["UID"]), entry["DTSTART"].dt.astimezone(UTC)) == (state["id"], TOMORROW)
    for item in messages:
        assert not any("VCALENDAR" in text for texts in item["rendered"].values() for text in texts.values())


async def test_who_waited_is_told_of_the_seat_and_the_organizer_of_who_left(office: Office) -> None:
    state = an_appointment(
        version=4, seats=1, participant_ids=[str(CLEO)], confirmation_status={str(CLEO): "confirmed"}
    )
    gone = [{"field": "participant_ids", "old": [str(BEN)], "new": [str(CLEO)]}]
    await office.tell("participant_left", state, changes=gone, actor=BEN, seated=[str(CLEO)])
    sent = {(item["type"], item["recipients"][0], item["priority"]) for item in await office.messages(4)}
    assert sent == {
        ("appointment_updated", str(ANNA), "normal"),
        ("appointment_seat", str(CLEO), "high"),
    }


async def test_the_same_event_again_plans_nothing_more(office: Office) -> None:
    state = an_appointment()
    event = await office.tell("created", state)
    await office.tell("created", state, id=event)
    marker = an_appointment()
    await office.tell("created", marker)
    await office.messages(4, entity_id=marker["id"])
    assert len(await office.messages(4, entity_id=state["id"])) == 4
    planned = [item for item in await office.events() if item["state"] == "planned"]
    assert len(planned) == 8


async def test_an_event_older_than_a_day_writes_to_nobody(office: Office) -> None:
    state = an_appointment()
    await office.tell("created", state, at=datetime.now(UTC) - timedelta(hours=24, minutes=1))
    await office.tell("created", an_appointment())
    await office.told("delivered", 4)
    assert {item["entity_id"] for item in await office.messages(4)} != {state["id"]}
    assert len(await office.messages(4)) == 4


async def test_a_reminder_reaches_its_recipient_on_its_channels(office: Office) -> None:
    start = datetime.now(UTC) + timedelta(minutes=60)
    state = an_appointment(start_time=start.isoformat(), end_time=(start + timedelta(hours=1)).isoformat())
    await office.remind(state, BEN, "email", "sms")
    [message] = await office.messages(1)
    assert (message["type"], message["channels"]) == ("appointment_reminder", ["email"])
    assert message["template_data"]["time_until"] == "in 1 hour"


async def test_preferences_are_set_answered_and_followed(office: Office) -> None:
    body = {"timezone": "Asia/Tokyo", "locale": "de", "channels": {"email": False, "sms": True}}
    first = await office.publish(
        topics.NOTIFIER_COMMANDS.name, "preferences.set", body, actor=str(BEN), reply_partition=3
    )
    same = await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", body, actor=str(BEN))
    again = await office.publish(
        topics.NOTIFIER_COMMANDS.name, "preferences.set", body, actor=str(BEN), id=first
    )
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", {}, actor=str(BEN), id=first)
    broken = await office.publish(
        topics.NOTIFIER_COMMANDS.name, "preferences.set", b"{", actor="service:ingress"
    )
    wrong = await office.publish(
        topics.NOTIFIER_COMMANDS.name, "preferences.set", {"timezone": "Mars"}, actor=str(BEN)
    )

    async def answered() -> list[tuple[str, dict[str, object], int]] | None:
        found = [
            (record.header("ce_type") or "", orjson.loads(record.value or b""), record.partition)
            for record in await office.published(topics.NOTIFIER_OUTCOMES)
        ]
        return found if len(found) == 6 else None

    outcomes = await eventually(answered, 15, 0.1)
    assert outcomes
    of_first = [(kind, body) for kind, body, _ in outcomes if body["command_id"] == str(first)]
    assert again == first
    assert [body["code"] for _, body in of_first if body["status"] == "refused"] == ["command_id_reused"]
    accepted = [body for _, body in of_first if body["status"] == "accepted"]
    assert len(accepted) == 2
    assert accepted[0] == accepted[1]
    assert accepted[0]["version"] == 1
    assert 3 in {partition for kind, body, partition in outcomes if body["command_id"] == str(first)}
    codes = {body["command_id"]: body["code"] for _, body, _ in outcomes}
    assert codes[str(wrong)] == "invalid"
    assert codes[str(broken)] == "not_allowed"
    [unchanged] = [body for _, body, _ in outcomes if body["command_id"] == str(same)]
    assert (unchanged["version"], unchanged["event_ids"]) == (1, [])
    changed = [item for item in await office.events() if item["type_"] == "preferences.changed"]
    assert [item["user_id"] for item in changed] == [str(BEN)]

    await office.tell("cancelled", an_appointment(status="cancelled"), actor=ANNA)
    messages = await office.messages(4, type="appointment_cancelled")
    of_ben = [item for item in messages if item["recipients"] == [str(BEN)]]
    assert {item["channels"][0] for item in of_ben} == {"sms", "in_app"}
    assert "(Asia/Tokyo)" in of_ben[0]["template_data"]["original_time"]


async def test_what_was_cancelled_before_it_was_sent_is_not_sent(closed_office: Office) -> None:
    office = closed_office
    state = an_appointment()
    await office.tell("created", state)
    cancelled = an_appointment(id=state["id"], version=2, status="cancelled")
    await office.tell("cancelled", cancelled)
    past = datetime.now(UTC) - timedelta(hours=2)
    over = an_appointment(
        start_time=past.isoformat(), end_time=(past + timedelta(hours=1)).isoformat(), version=1
    )
    await office.tell("created", over)
    await office.start()
    expired = await office.told("expired", 8)
    assert {item["reason"] for item in expired} == {
        "the appointment was cancelled",
        "the appointment is over",
    }
    assert {item["type"] for item in await office.messages(4)} == {"appointment_cancelled"}


async def test_who_was_removed_or_superseded_is_not_written_to(closed_office: Office) -> None:
    office = closed_office
    state = an_appointment()
    await office.tell("created", state)
    later = (TOMORROW + timedelta(hours=3)).isoformat()
    moved = an_appointment(
        id=state["id"],
        version=2,
        start_time=(TOMORROW + timedelta(hours=2)).isoformat(),
        end_time=later,
        participant_ids=[str(CLEO)],
        confirmation_status={str(CLEO): "pending"},
    )
    change = {"field": "participant_ids", "old": [str(BEN)], "new": [str(CLEO)]}
    await office.tell("rescheduled", moved, changes=[change])
    await office.start()
    assert len(await office.told("expired", 4)) == 4
    messages = await office.messages(4)
    assert {(item["type"], item["recipients"][0]) for item in messages} == {
        ("appointment_cancelled", str(BEN)),
        ("appointment_invitation", str(CLEO)),
    }


async def test_reports_are_told_once_and_strange_ones_ignored(office: Office) -> None:
    data = {
        "entity_type": "appointment",
        "entity_id": str(uuid4()),
        "channel": "email",
        "recipient": str(BEN),
        "timestamp": datetime.now(UTC).isoformat(),
    }
    topic = topics.COMMUNICATION_EVENTS.name
    await office.send(topic, orjson.dumps({"type": "notification.delivered", "data": data}))
    await office.send(topic, orjson.dumps({"type": "message.opened", "data": {}}))
    await office.send(topic, b"not json")
    bounces = {"recipients": [str(BEN), str(CLEO)], "channels": ["email"]}
    await office.communication.put("/sandbox/bounces", json=bounces)
    state = an_appointment()
    await office.tell("updated", state, actor=ANNA)
    [bounced] = await office.told("bounced", 1)
    again = data | {"entity_id": state["id"], "idempotency_key": bounced["notification_id"]}
    report = {"type": "notification.bounced", "data": again}
    await office.send(topic, orjson.dumps(report))
    of_cleo = an_appointment(participant_ids=[str(CLEO)], confirmation_status={str(CLEO): "pending"})
    await office.tell("updated", of_cleo, actor=ANNA)
    await office.told("bounced", 2)
    assert len([item for item in await office.events() if item.get("state") == "bounced"]) == 2
    letters = await office.published(topics.dead_letters("notifier"))
    assert [letter.value for letter in letters] == [b"not json"]
