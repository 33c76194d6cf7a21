"""Booking's dead letters after an operator acts: open until then, and no note is ever decided."""

from hashlib import sha256
from typing import Any

from aiokafka import AIOKafkaProducer

from cli.dead_letters.letter import Letter
from cli.dead_letters.reading import gathered
from contracts import topics
from contracts.envelope import Message
from tests.component.booking.desk import Desk
from tests.support import eventually

LETTERS, REDRIVE = topics.dead_letters("booking").name, topics.redrive("booking").name


async def set_aside(desk: Desk, count: int = 1) -> list[Letter]:
    """The letters of booking, as soon as there are so many."""

    async def enough() -> list[Letter] | None:
        found = gathered([*await desk.published(LETTERS), *await desk.published(REDRIVE)])
        return found if len(found) >= count else None

    return await eventually(enough, 30, 0.1) or []


async def publish(desk: Desk, message: Message) -> None:
    """Publish what the command line would."""
    await desk.producer.send_and_wait(
        desk.settings.topic_prefix + message.topic,
        message.value,
        key=message.key,
        headers=list(message.headers),
    )


async def opened(desk: Desk) -> list[Any]:
    """The ids of letters that nobody has dealt with."""
    async with desk.services[0].database.transaction() as tx:
        return [str(row["id"]) for row in await tx.driver.fetch("SELECT id FROM open_dead_letters")]


async def test_a_letter_is_closed_by_a_discard_that_is_no_command(desk: Desk) -> None:
    await desk.send("appointment.create", desk.person(), {}, ce_id="none")
    [letter] = await set_aside(desk)
    assert await opened(desk) == [letter.id]
    await publish(desk, letter.discarded("a test of ours", "greta"))
    await eventually(lambda: nothing_open(desk), 30)
    assert (await desk.outcome(await desk.book(desk.person())))["status"] == "accepted"
    [same] = await set_aside(desk)
    assert (same.id, [note.done for note in same.notes]) == (letter.id, ["discarded"])
    assert len(await desk.published(topics.BOOKING_OUTCOMES.name)) == 1


async def test_a_redriven_letter_that_fails_again_is_another_open_letter(desk: Desk) -> None:
    await desk.send("appointment.create", desk.person(), {}, ce_id="none")
    [letter] = await set_aside(desk)
    await publish(desk, letter.again("once more", "greta"))
    [_, second] = await set_aside(desk, 2)
    assert (second.earlier, await opened(desk)) == (letter.id, [second.id])


async def test_a_record_that_is_larger_than_its_letter_may_be_is_cut_and_its_neighbours_go_on(
    desk: Desk,
) -> None:
    value = b'{"title": "' + b"a" * 3_000_000 + b'"}'  # 3 KB on the wire
    name = desk.settings.topic_prefix + topics.BOOKING_COMMANDS.name
    producer = AIOKafkaProducer(
        bootstrap_servers=desk.settings.kafka_bootstrap_servers,
        compression_type="gzip",
        max_request_size=20_000_000,
    )
    await producer.start()
    key = str(desk.organization).encode()
    await producer.send_and_wait(name, value, key=key, headers=[("ce_type", b"appointment.create")])
    await producer.stop()
    outcome = await desk.outcome(await desk.book(desk.person()))
    [letter] = await set_aside(desk)
    assert (outcome["status"], letter.cut) == ("accepted", ("value",))
    assert letter.story["value-size"] == str(len(value))
    assert letter.story["value-sha256"] == sha256(value).hexdigest()


async def nothing_open(desk: Desk) -> bool:
    return not await opened(desk)
