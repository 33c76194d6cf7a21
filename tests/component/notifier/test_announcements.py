"""Announcements to all participants, and that hundreds of them stand in nobody's way."""

from uuid import uuid4
from zoneinfo import available_timezones

from tests.component.notifier.office import ANNA, BEN, CLEO, PEOPLE, Office, an_appointment


async def test_an_announcement_reaches_the_participants_in_its_own_words(office: Office) -> None:
    answers = {str(BEN): "confirmed", str(CLEO): "declined"}
    state = an_appointment(participant_ids=list(answers), confirmation_status=answers)
    await office.tell("announced", state, announcement="Bring <b>passports</b>.")
    messages = await office.messages(2)
    await office.told("delivered", 2)
    assert {(item["type"], item["recipients"][0]) for item in messages} == {
        ("appointment_announcement", str(BEN))
    }
    for item in messages:
        assert item["template_data"]["announcement"] == "Bring <b>passports</b>."
    [mail] = [item for item in messages if item["channels"] == ["email"]]
    assert "Bring &lt;b&gt;passports&lt;/b&gt;." in mail["rendered"]["email"]["html_body"]


async def test_an_announcement_to_hundreds_does_not_delay_anothers_message(closed_office: Office) -> None:
    office = closed_office
    await office.faults(latency_ms=20)
    await office.start(deliveries_in_flight=4, claim_max=64)
    crowd = [str(uuid4()) for _ in range(250)]
    zones = sorted(
        name for name in available_timezones() if name.startswith(("Africa/", "America/", "Asia/"))
    )
    # Everybody has a zone of their own, so that no two of them share a call.
    people = [
        PEOPLE[0],
        *({**PEOPLE[1], "id": user, "timezone": zone} for user, zone in zip(crowd, zones, strict=False)),
    ]
    assert len(people) == 251
    giant = an_appointment(participant_ids=crowd, confirmation_status=dict.fromkeys(crowd, "pending"))
    await office.tell("announced", giant, announcement="The bus leaves at eight.", people=people)
    await office.messages(10, entity_id=giant["id"])
    small = an_appointment()
    await office.tell("updated", small, actor=ANNA)
    await office.messages(2, entity_id=small["id"])
    received = [item["entity_id"] for item in await office.messages(2)]
    last = max(place for place, entity in enumerate(received) if entity == small["id"])
    assert last < 300, "the other organization's two were sent with hundreds still waiting before them"
