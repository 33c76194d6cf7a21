"""Quiet hours, through a real broker, a real database and a real HTTP service."""

from datetime import UTC, datetime, timedelta
from typing import Any

from contracts import topics
from services.notifier.store import deliveries
from tests.component.notifier.office import ANNA, BEN, Office, an_appointment


def quiet_now() -> dict[str, Any]:
    """Preferences with quiet hours from an hour ago to two hours from now."""
    now = datetime.now(UTC)
    start, end = now - timedelta(hours=1), now + timedelta(hours=2)
    return {"timezone": "UTC", "quiet_hours": {"start": f"{start:%H:%M}", "end": f"{end:%H:%M}"}}


async def prefer(office: Office, body: dict[str, Any]) -> None:
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", body, actor=str(BEN))


async def test_what_comes_in_quiet_hours_waits_until_they_end_or_are_called_off(office: Office) -> None:
    wanted = quiet_now()
    await prefer(office, wanted)
    await office.answers(1)
    state = an_appointment(organization_id=str(office.organization))
    await office.tell("updated", state, actor=ANNA)
    [held] = await office.told("held", 1)
    assert (held["channel"], held["recipient_id"]) == ("email", str(BEN))
    assert held["reason"].startswith("quiet hours until ")
    assert held["next_attempt_at"][11:16] == wanted["quiet_hours"]["end"]
    [at_once] = await office.messages(1)
    assert at_once["channels"] == ["in_app"], "in-app is written at once"
    # What is urgent disturbs.
    await office.tell("cancelled", an_appointment(status="cancelled"), actor=ANNA)
    await office.messages(4, type="appointment_cancelled")
    # The mail waits; a longer night moves it, and no night lets it go.
    later = datetime.now(UTC) + timedelta(hours=3)
    wanted["quiet_hours"]["end"] = f"{later:%H:%M}"
    await prefer(office, wanted)
    moved = (await office.told("held", 2))[1]
    assert moved["next_attempt_at"][11:16] == wanted["quiet_hours"]["end"]
    assert len(await office.messages(1, type="appointment_updated")) == 1
    other = an_appointment(organization_id=str(office.organization))
    await office.tell("confirmed", other, actor=ANNA)
    await office.told("held", 3)
    await prefer(office, wanted | {"types": {"appointment_confirmed": {"email": False}}})
    [called_off] = await office.told("expired", 1)
    assert called_off["reason"] == "switched off by the person for this type"
    async with office.services[0].database.transaction() as tx:
        assert await deliveries.waiting(tx) == (1, 1)
    await prefer(office, {"quiet_hours": None})
    assert len(await office.messages(2, type="appointment_updated")) == 2
    await office.wait_for_state("delivered", 9)


async def test_a_message_that_is_tried_again_in_quiet_hours_waits_for_their_end(
    closed_office: Office,
) -> None:
    office = closed_office
    await office.start(breaker_threshold=1_000)
    await office.faults(status=503, rate=1.0)
    await office.tell("updated", an_appointment(), actor=ANNA)
    await office.wait_for_state("retrying", 2)
    await prefer(office, quiet_now())
    await office.answers(1)
    await office.faults()
    [held] = await office.told("held", 1)
    assert held["attempts"] >= 1
    assert [item["channels"] for item in await office.messages(1)] == [["in_app"]]
