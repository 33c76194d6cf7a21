"""One command to many appointments."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from contracts.envelope import Envelope
from tests.component.ingress.fleet import accepted, an_appointment, refused
from tests.component.ingress.people import ANNA, STRANGER, Someone
from tests.component.ingress.running import Ingress


@pytest.mark.parametrize("person", [ANNA, STRANGER])
async def test_each_appointment_has_an_outcome_of_its_own(ingress: Ingress, person: Someone) -> None:
    good, bad, silent = (str(uuid4()) for _ in range(3))

    def answer(envelope: Envelope, body: dict[str, Any]) -> dict[str, Any] | None:
        if body["appointment_id"] == silent:
            return None
        if body["appointment_id"] == bad:
            return refused("invalid_transition")
        return accepted(an_appointment(person, (), id=good, version=2), events=0)

    ingress.fleet.answer = answer
    body = {"operation": "decline", "ids": [good, bad, silent, good], "reason": "Ill"}
    headers = {"Idempotency-Key": "b-1"}
    first = await ingress.call(person, "POST", "/bulk", json=body, headers=headers)
    assert first.status_code == 200
    found = [(item["id"], item["status"], item["code"], item["version"]) for item in first.json()["items"]]
    assert found == [
        (good, "accepted", None, 2),
        (bad, "refused", "invalid_transition", None),
        (silent, "pending", None, None),
    ]
    pending = first.json()["items"][2]["outcome"].removeprefix("/api/appointments")
    assert (await ingress.json(person, pending))["status"] == "pending"
    sent = {UUID(body["appointment_id"]): envelope for _, envelope, body in ingress.fleet.commands}
    assert {envelope.type for envelope in sent.values()} == {"appointment.decline"}
    assert {envelope.organization for envelope in sent.values()} == {person.organization}
    assert all(body["reason"] == "Ill" for _, _, body in ingress.fleet.commands)
    await ingress.call(person, "POST", "/bulk", json=body, headers=headers)
    again = {UUID(body["appointment_id"]): envelope for _, envelope, body in ingress.fleet.commands[3:]}
    assert {key: envelope.id for key, envelope in again.items()} == {
        key: envelope.id for key, envelope in sent.items()
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"operation": "confirm", "ids": []}, "ids"),
        ({"operation": "confirm", "ids": [str(uuid4()) for _ in range(51)]}, "ids"),
        ({"operation": "complete", "ids": [str(uuid4())]}, "operation"),
        ({"operation": "confirm", "ids": [str(uuid4())], "reason": "Yes"}, "reason"),
    ],
)
async def test_a_request_that_cannot_be_carried_out_is_refused_as_a_whole(
    ingress: Ingress, body: dict[str, Any], field: str
) -> None:
    response = await ingress.call(ANNA, "POST", "/bulk", json=body)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, field)
    assert not ingress.fleet.commands
