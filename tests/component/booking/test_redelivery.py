"""Results that were applied but perhaps not published are published again, byte for byte."""

from sqlalchemy import text

from chassis.configuration.settings import service_database_url
from chassis.database.transactions import Database
from contracts import topics
from contracts.envelope import Record
from tests.component.booking.desk import NOON, Desk
from tests.support import eventually


def _content(record: Record) -> tuple[object, ...]:
    return record.partition, record.key, record.value, record.headers


async def test_everything_that_was_not_noted_as_published_comes_again_and_nothing_is_applied_twice(
    desk: Desk,
) -> None:
    anna, ben = desk.person(), desk.person()
    made = await desk.book(anna, ben, partition=0)
    refused = await desk.book(ben, partition=0)
    broken = await desk.send("appointment.create", anna, value=b"{", partition=0, reply_partition="4")
    await desk.outcomes(made, refused, broken)
    await desk.book(
        anna, at=NOON.replace(hour=20), command_id=made, partition=0
    )  # the id again, for something else
    last = await desk.book(anna, at=NOON.replace(hour=22), partition=0)
    await desk.outcome(last)
    first = {name: await desk.published(name) for name in ("booking.events", "booking.outcomes")}
    assert {name: len(records) for name, records in first.items()} == {
        "booking.events": 2,
        "booking.outcomes": 5,
    }
    await desk.stop()
    await _forget_what_was_published(desk)
    await desk.start()
    for name, records in first.items():

        async def twice(name: str = name, count: int = 2 * len(records)) -> bool:
            return len(await desk.published(name)) == count

        await eventually(twice, 20, 0.2)
        assert sorted(map(repr, map(_content, await desk.published(name)))) == sorted(
            2 * [repr(_content(record)) for record in records]
        )
    later = await desk.outcome(await desk.book(anna, at=NOON.replace(hour=23)))
    assert later["version"] == 1
    assert len(await desk.published(topics.BOOKING_EVENTS.name)) == 5


async def _forget_what_was_published(desk: Desk) -> None:
    database = Database(service_database_url(desk.settings, "booking"), application_name="test")
    async with database.transaction() as tx:
        await tx.execute(text("UPDATE progress SET published_offset = 0"))
    await database.dispose()
