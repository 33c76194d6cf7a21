"""A notifier that was away sends only after it has read everything that was published meanwhile."""

import asyncio
from uuid import uuid4

from tests.component.notifier.office import ANNA, Office, an_appointment
from tests.support import eventually

BACKLOG = 1_500  # events in front of the cancellation: many batches


async def test_nobody_is_invited_to_what_was_called_off_meanwhile(closed_office: Office) -> None:
    office = closed_office
    state = an_appointment(id=str(uuid4()))
    await office.faults(status=503)
    await office.start()
    await office.tell("created", state)
    await eventually(lambda: _planned(office), 20)
    await office.stop()
    others = [office.tell("checked_in", an_appointment()) for _ in range(BACKLOG)]
    await asyncio.gather(*others)
    await office.tell("cancelled", state | {"version": 2, "status": "cancelled"}, actor=ANNA)
    await office.faults()
    await office.start()
    sent = await office.messages(1, 60, entity_id=state["id"])
    await eventually(lambda: _settled(office), 60)
    sent = await office.messages(1, entity_id=state["id"])
    assert {message["type"] for message in sent} == {"appointment_cancelled"}


async def _planned(office: Office) -> bool:
    states = await office.states()
    return sum(states.values()) > 0


async def _settled(office: Office) -> bool:
    """Everything is read, and every delivery has come to its end."""
    [row] = await office.sql("SELECT count(*) FROM appointments")
    assert row["count"] == BACKLOG + 1
    states = await office.states()
    assert not states.keys() & {"planned", "retrying", "held"}, states
    return True
