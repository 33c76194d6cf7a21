"""`appointments rebuild booking`: a lost database comes back from the log, and decides as the lost one would have."""

from collections import Counter
from collections.abc import AsyncGenerator, Callable

import pytest

from chassis import clock
from chassis.database.transactions import Database
from chassis.kafka.client import cluster_id
from contracts import topics
from contracts.envelope import Message, Record
from services.booking.clients.identity import Directory
from services.booking.handlers import Handlers
from services.booking.messages.commands import decode
from services.booking.rebuild.run import rebuild
from tests.component.booking.conftest import closed_desk, desk, identity
from tests.component.booking.desk import Desk
from tests.component.booking.test_weights import SixPartitions
from tests.restore.drill import (
    State,
    appointments_of,
    command_line,
    copied,
    database_of,
    differences,
    empty,
    lost,
    patient,
    rebuilt,
    restored,
    state_of,
)
from tests.restore.scenario import (
    DAY,
    HOUR,
    MONDAY_9,
    Morning,
    a_busy_morning,
    contend,
    times,
)
from tests.support import eventually

__all__ = ["closed_desk", "desk", "identity"]


@pytest.fixture
async def morning(desk: Desk) -> Morning:
    """A busy one; booking still runs."""
    found = Morning(desk)
    await a_busy_morning(found)
    return found


async def _more(morning: Morning) -> None:
    """Send commands after the loss that meet everything from before it."""
    for appointment in await appointments_of(morning.desk, 40):
        await morning.to("confirm", "ben", appointment)
        await morning.to("update", "anna", appointment, scope="all", description="Later")
        await morning.to("confirm", "anna", appointment, scope="following")
    for who in ("anna", "ben", "cara", "dora", "hanna", "ida", "jan", "kim"):
        for hours in (0, 1, 3, 5, 9, 24, 72, 144, 145):
            await morning.book(who, at=MONDAY_9 + hours * HOUR)
        await morning.ask("feed.set", who, {"token_hash": 32 * "44"})
        busy = [{"uid": "c", **times(MONDAY_9 + 2 * DAY)}, {"uid": "d", **times(MONDAY_9 + 3 * DAY)}]
        await morning.ask("busy_times.import", who, {"busy_times": busy, "removed": ["a", "b"]})
    await morning.ask("hold.place", "jan", times(MONDAY_9 + 6 * DAY + 5 * HOUR))
    for command in list(morning.asked[:60]):  # ids that were decided before the loss
        await morning.book("lea", at=MONDAY_9 + 20 * DAY, command_id=command)
    await morning.decided()


async def _control(desk: Desk, url: str, records: list[Record]) -> list[Message]:
    """Return the messages that the lost database would have made of these commands, by partition."""
    database = Database(url, application_name="control")
    directory = Directory(desk.settings.identity_url, timeout=5, remember_for=300)
    handlers = Handlers(desk.settings, SixPartitions(), directory)
    messages: list[Message] = []
    try:
        for record in records:
            async with database.transaction() as tx:
                messages += await handlers.handle(tx, [(record, decode(record))])
            handlers.committed()
    finally:
        await directory.close()
        await database.dispose()
    return messages


def _content(one: Record | Message) -> tuple[object, ...]:
    return one.topic, one.key, one.value, tuple(one.headers)


async def _published(desk: Desk) -> list[Record]:
    names = (topics.BOOKING_EVENTS.name, topics.BOOKING_OUTCOMES.name)
    return [record for name in names for record in await desk.published(name)]


async def test_a_lost_database_is_rebuilt_as_it_was_and_goes_on_as_it_would_have(morning: Morning) -> None:
    desk = morning.desk
    await desk.stop()
    before: State = await state_of(database_of(desk))
    assert all(before.values()), "each table has something to lose"
    control = await copied(desk, "control")
    await lost(desk)
    await empty(desk.settings)
    dry = await rebuilt(desk, "--dry-run")
    assert not (await state_of(database_of(desk)))["appointments"], "a dry run changes nothing"
    summary = await rebuilt(desk)
    assert differences(before, await state_of(database_of(desk))) == {}
    assert summary["counts"] == dry["counts"]
    assert summary["counts"]["decisions to be made again"] == 0

    heard = len(await desk.published(topics.BOOKING_COMMANDS.name))
    published = {_content(one) for one in await _published(desk)}
    await desk.start()
    await _more(morning)
    await desk.stop()
    commands = sorted(
        await desk.published(topics.BOOKING_COMMANDS.name), key=lambda one: (one.timestamp, one.offset)
    )
    new = {_content(one) for one in await _published(desk)} - published
    expected = await _control(desk, control, commands[heard:])
    assert new == {_content(one) for one in expected} - published
    assert len(new) > 100
    assert differences(await state_of(control), await state_of(database_of(desk)), but=("progress",)) == {}


async def test_it_refuses_to_run_beside_booking_or_into_a_database_with_something_in_it(
    morning: Morning,
) -> None:
    beside = await command_line(morning.desk, "rebuild", "booking")
    assert (beside.returncode, "booking is running" in beside.stderr) == (7, True), beside.stderr
    await morning.desk.stop()
    filled = await command_line(morning.desk, "rebuild", "booking")
    assert (filled.returncode, "not empty" in filled.stderr) == (7, True), filled.stderr
    await lost(morning.desk)
    await empty(morning.desk.settings)
    forward = await command_line(morning.desk, "rebuild", "booking", "--forward")
    assert (forward.returncode, "is empty" in forward.stderr) == (7, True), forward.stderr


async def test_a_database_that_was_lost_decides_nothing_before_it_is_rebuilt(morning: Morning) -> None:
    desk = morning.desk
    await desk.stop()
    published = len(await _published(desk))
    await lost(desk)
    await empty(desk.settings)
    service = await desk.start()

    async def halted() -> bool:
        report = await service.health.report()
        return any("rebuild booking" in one["reason"] for one in report["halted"])

    await eventually(halted, 60, interval=0.2)
    await desk.stop()
    assert not (await state_of(database_of(desk)))["decisions"]
    assert len(await _published(desk)) == published, "nothing is told anew"
    await rebuilt(desk)
    await desk.start()
    await morning.book("ben", at=MONDAY_9 + HOUR / 2)
    late = (await morning.decided())[-1]
    assert late["code"] == "conflict", "it knows again who is busy"


async def test_a_backup_is_rolled_forward_to_what_was_lost(morning: Morning) -> None:
    desk = morning.desk
    await desk.stop()
    backup = await copied(desk, "backup")
    await desk.start()
    await _more(morning)
    await contend(morning)
    await desk.stop()
    before = await state_of(database_of(desk))
    published = len(await _published(desk))
    await restored(desk, backup)
    summary = await rebuilt(desk, "--forward")
    assert differences(before, await state_of(database_of(desk))) == {}
    assert summary["counts"]["decisions known already"] > 50
    await desk.start()
    await desk.stop()
    assert len(await _published(desk)) == published, "nothing is decided or published again"


async def test_a_backup_alone_decides_again_alike(morning: Morning) -> None:
    """Without a rebuild the commands since the backup are decided again: second copies are byte-identical."""
    desk = morning.desk
    await desk.stop()
    backup = await copied(desk, "backup")
    await desk.start()
    await _more(morning)
    await desk.stop()
    before, published = await state_of(database_of(desk)), await _published(desk)
    await restored(desk, backup)
    service = await desk.start()

    async def nothing_left() -> bool:
        return bool((await service.health.report())["lag"] == 0)

    await eventually(nothing_left, 60, interval=0.2)
    await desk.stop()
    assert differences(before, await state_of(database_of(desk))) == {}
    after = await _published(desk)
    assert len(after) > len(published)
    assert {_content(one) for one in after} == {_content(one) for one in published}


class Torn:
    """The log of a desk as it was when the last batch was on its way: some of its outcomes, none, or half are missing."""

    def __init__(self, desk: Desk, missing: Callable[[Record], bool]) -> None:
        self._desk = desk
        self._missing = missing

    async def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """Yield the records that had been published by then."""
        for record in await self._desk.published(topic):
            if not self._missing(record):
                yield record

    async def ends(self, topic: str) -> dict[int, int]:
        """Of the partitions as they are."""
        ends = dict.fromkeys(range(6), 0)
        return ends | {record.partition: record.offset + 1 for record in await self._desk.published(topic)}


async def test_what_was_decided_and_not_told_is_decided_again_alike(morning: Morning) -> None:
    """Booking dies while it publishes its last batch, and its database is lost: second copies are byte-identical."""
    desk = morning.desk
    await desk.stop()
    before = await state_of(database_of(desk))
    published = await _published(desk)
    commands = [
        record
        for record in await desk.published(topics.BOOKING_COMMANDS.name)
        if record.key == str(desk.organization).encode()
    ]
    last = max(Counter(record.partition for record in commands).items(), key=lambda item: item[1])[0]
    end = max(record.offset for record in commands if record.partition == last)

    def missing(record: Record) -> bool:
        """Of the partition's last commands every third outcome, and the events of the last few."""
        topic, partition, offset = (record.header("cause") or "//").split("/")
        if topic != topics.BOOKING_COMMANDS.name or int(partition) != last:
            return False
        late = int(offset) > end - 20
        outcome = record.topic == topics.BOOKING_OUTCOMES.name
        return late and (int(offset) % 3 == 0 if outcome else int(offset) > end - 8)

    await lost(desk)
    await empty(desk.settings)
    database = patient(desk)
    cluster = await cluster_id(desk.settings)
    directory = Directory(desk.settings.identity_url, timeout=5.0, remember_for=3600.0)
    summary = await rebuild(
        database,
        Torn(desk, missing),
        cluster,
        clock.now(),
        prefix=desk.settings.topic_prefix,
        directory=directory,
    )
    await directory.close()
    await database.dispose()
    first = min(offset for offset in range(end - 19, end + 1) if offset % 3 == 0)
    assert summary.positions[f"{topics.BOOKING_COMMANDS.name}/{last}"] == first
    assert summary.counts["events to come again"] > 0
    await desk.start()
    await morning.book("cara", at=MONDAY_9 + 30 * DAY)
    await morning.decided()
    await desk.stop()
    after = await _published(desk)
    assert len(after) > len(published) + 2, "some came again"
    new = {_content(one) for one in after} - {_content(one) for one in published}
    assert {dict(one.headers)["ce_type"] for one in after if _content(one) in new} == {
        b"appointment.created",
        b"command.accepted",
    }
    assert len(new) == 2, "all others are byte-identical copies"
    after_all = differences(before, await state_of(database_of(desk)), but=("progress",))
    assert not any(missing for missing, _ in after_all.values()), after_all
