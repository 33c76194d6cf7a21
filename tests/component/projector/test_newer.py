"""A projector that is older than those whose events it shows, as in the midst of a rolling update."""

from dataclasses import replace
from typing import Any

import orjson
import pytest
from prometheus_client import REGISTRY

from contracts.envelope import Message
from services.projector.rebuild.run import Refused, rebuild
from tests.component.projector.driver import Projector
from tests.support import eventually
from tests.unit.projector.builders import ANNA, a_notification, an_event, an_outcome

LATER = "of_a_later_release"


def with_type(message: Message, kind: str) -> Message:
    """The same message, called otherwise."""
    headers = tuple((name, kind.encode() if name == "ce_type" else value) for name, value in message.headers)
    return replace(message, headers=headers)


def with_values(message: Message, where: str = "", **changed: Any) -> Message:
    """The same message with other values in its body, or in the object `where` in it."""
    body = orjson.loads(message.value or b"")
    (body[where] if where else body).update(changed)
    return replace(message, value=orjson.dumps(body))


async def test_what_is_unknown_shows_as_it_came_live_and_rebuilt(projector: Projector) -> None:
    await projector.start()
    await projector.publish(
        with_values(an_event(name="one"), "appointment", status=LATER, mood="fine"),
        with_values(an_event(name="two"), "appointment", confirmation_status={str(ANNA): LATER}),
        with_type(an_event("updated", name="three"), "appointment.postponed"),
        with_values(a_notification(state="sent"), channel=LATER, type=LATER, mood="fine"),
        with_values(a_notification("other", state="sent"), state=LATER),
        with_values(an_outcome(status="refused", code="conflict"), code=LATER, status=LATER),
    )
    await projector.caught_up()
    live = await projector.rows()
    shown = await projector.sql.fetch("SELECT status FROM views.appointments ORDER BY status")
    assert [row["status"] for row in shown] == [LATER, "pending", "pending"]
    assert (
        await projector.sql.fetchval("SELECT count(*) FROM views.attendees WHERE response = $1", LATER) == 1
    )
    assert await projector.sql.fetchval("SELECT count(*) FROM views.history WHERE change = 'postponed'") == 1
    states = await projector.sql.fetch(
        "SELECT channel, state FROM views.notifications ORDER BY state, channel"
    )
    assert [tuple(row) for row in states] == [("email", LATER), (LATER, "sent")]
    assert LATER in await projector.sql.fetchval("SELECT body FROM views.commands")
    assert any(LATER.encode() in record.value for record in await projector.statuses())
    await rebuild(projector.settings, "all")
    assert await projector.rows() == live


async def test_an_unknown_family_is_counted_and_passed_over(projector: Projector) -> None:
    labels = {"service": "projector", "topic": "booking.events"}
    name = "appointments_consumer_unknown_events_total"
    before = REGISTRY.get_sample_value(name, labels) or 0
    await projector.start()
    await projector.publish(with_type(an_event(name="one"), "room.created"), an_event(name="two"))
    await projector.caught_up()
    assert await projector.sql.fetchval("SELECT count(*) FROM views.appointments") == 1
    assert REGISTRY.get_sample_value(name, labels) == before + 1


async def test_what_only_a_newer_release_can_read_waits_for_it(projector: Projector) -> None:
    """No hole, and no dead letter: health names the record, and a rebuild refuses to step over it."""
    await projector.start()
    service = projector.service
    assert service
    await projector.publish(an_event(name="before"))
    await projector.caught_up()
    unreadable = with_type(replace(an_event(name="unreadable"), value=b'{"room": 7}'), "appointment.housed")
    await projector.publish(unreadable, an_event(name="behind"))

    async def waits() -> bool:
        report = orjson.dumps(await service.health.report(), default=str).decode()
        return "a newer release" in report and "appointment.housed" in report

    await eventually(waits, 20)
    with pytest.raises(Refused, match=r"appointment\.housed"):
        await rebuild(projector.settings, "calendar")
    assert await projector.sql.fetchval("SELECT count(*) FROM views.appointments") == 1
    assert await projector.sql.fetchval("SELECT count(*) FROM dead_letters") == 0
