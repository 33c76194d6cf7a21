"""`appointments trace` and `appointments topics` read the log."""

import json
import time
from collections.abc import Callable
from uuid import UUID, uuid4

from chassis.kafka.publisher import Publisher
from contracts.catalog import BY_NAME
from contracts.envelope import Envelope, Message
from contracts.tools.samples import APPOINTMENT, GOOD, GRETA, ORGANIZATION
from contracts.topics import ALL
from tests.component.cli.conftest import Run
from tests.support import eventually


def a_message(name: str, **changes: object) -> Message:
    """The sample of this kind, on its topic."""
    kind = BY_NAME[name]
    envelope = Envelope(
        uuid4(), kind.ce_type, subject=APPOINTMENT, organization=UUID(ORGANIZATION), actor=GRETA
    )
    return envelope.message(kind.topic.name, json.dumps(GOOD[name] | changes).encode())


def _later_than(seconds: float) -> Callable[[], bool]:
    return lambda: time.time() > seconds


async def test_a_story_has_every_record_of_the_appointment_in_order_of_time(
    run: Run, publisher: Publisher
) -> None:
    names = [
        "appointment.created",
        "booking.command.accepted",
        "reminder.due",
        "notification.sent",
        "appointment.rescheduled",
        "appointment.cancelled",
    ]
    for name in names:
        await publisher.publish([a_message(name)])
        await eventually(_later_than(time.time() + 0.002))  # two stamps of the broker can be told apart
    other = str(uuid4())
    await publisher.publish([Message("booking.events", None, json.dumps({"id": other}).encode(), ())])
    answer = await run("trace", APPOINTMENT, "--json")
    assert [line["type"] for line in answer.lines] == [BY_NAME[name].ce_type for name in names]
    words = [line["what"] for line in answer.lines]
    assert words[2] == "Jonas Becker by email, in_app, 60 min before"
    assert words[3] == "invitation, to Jonas Becker by email"
    assert words[5] == "version 2: status pending → cancelled"
    assert {line["who"] for line in answer.lines} == {"Greta Albrecht"}


async def test_an_appointment_nobody_heard_of_is_an_error(run: Run, publisher: Publisher) -> None:
    answer = await run("trace", str(uuid4()))
    assert answer.code == 1
    assert "has no appointment" in answer.err


async def test_an_id_that_is_none_is_a_usage_error(run: Run) -> None:
    assert (await run("trace", "42")).code == 2


async def test_topics_are_created_and_listed_with_what_they_hold(run: Run) -> None:
    answer = await run("topics", "--create", "--json")
    assert answer.code == 0, answer.err
    assert [line["topic"] for line in answer.lines] == [topic.name for topic in ALL]
    assert {line["partitions"] for line in answer.lines} == {6}
