"""Organization preferences, through a real broker, a real database and real HTTP services."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from contracts import topics
from tests.component.booking.identity import Identity
from tests.component.notifier.office import ANNA, BEN, Office, an_appointment

MANDATORY = {"mandatory": {"appointment_cancelled": ["email"]}}


@pytest.fixture
async def identity(closed_office: Office) -> AsyncIterator[Identity]:
    """Identity, in which Anna is an admin and Ben is not; the notifier at work beside it."""
    identity = Identity()
    identity.add(ANNA, closed_office.organization, roles=["member", "admin"])
    identity.add(BEN, closed_office.organization)
    await identity.start()
    await closed_office.start(identity_url=identity.url)
    yield identity
    await identity.stop()


async def rule(office: Office, actor: UUID, body: dict[str, Any]) -> UUID:
    return await office.publish(
        topics.NOTIFIER_COMMANDS.name, "organization_preferences.set", body, actor=str(actor)
    )


async def test_what_is_mandatory_reaches_whoever_switched_it_off_and_nothing_else_does(
    closed_office: Office, identity: Identity
) -> None:
    office = closed_office
    off = {"channels": {"email": False}}
    await office.publish(topics.NOTIFIER_COMMANDS.name, "preferences.set", off, actor=str(BEN))
    refused = await rule(office, BEN, MANDATORY)
    accepted = await rule(office, ANNA, MANDATORY)
    answers = {item["command_id"]: item for item in await office.answers(3)}
    assert answers[str(refused)]["code"] == "not_allowed"
    assert answers[str(accepted)]["organization_preferences"]["mandatory"] == MANDATORY["mandatory"]
    [changed] = [
        event for event in await office.events() if event["type_"] == "organization_preferences.changed"
    ]
    assert (changed["organization_id"], changed["version"]) == (str(office.organization), 1)

    here = {"organization_id": str(office.organization)}
    await office.tell("updated", an_appointment(**here), actor=ANNA)
    await office.tell("cancelled", an_appointment(**here, status="cancelled"), actor=ANNA)
    messages = await office.messages(4)
    of_ben = {(item["type"], item["channels"][0]) for item in messages if item["recipients"] == [str(BEN)]}
    assert of_ben == {
        ("appointment_updated", "in_app"),
        ("appointment_cancelled", "in_app"),
        ("appointment_cancelled", "email"),
    }
    planned = await office.told("planned", 5)
    [why] = [
        item["decision"] for item in planned if (item["recipient_id"], item["channel"]) == (str(BEN), "email")
    ]
    assert why == "mandatory in the organization"


async def test_while_identity_is_away_the_command_waits_and_is_not_lost(
    closed_office: Office, identity: Identity
) -> None:
    office = closed_office
    identity.mode = "error"
    command = await rule(office, ANNA, MANDATORY)
    await office.tell("updated", an_appointment(), actor=ANNA)
    assert len(await office.messages(2)) == 2, "messages go out meanwhile"
    assert await office.sql("SELECT * FROM organizations") == []
    identity.mode = "ok"
    [answer] = await office.answers(1)
    assert (answer["command_id"], answer["status"]) == (str(command), "accepted")
