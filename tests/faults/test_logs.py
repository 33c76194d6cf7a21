"""Logs and databases that are not what they were: restored, made anew, damaged on disk."""

import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from chassis.configuration.settings import service_database_url
from chassis.consuming.partition_takeover import TakeOver
from chassis.consuming.positions import Positions
from chassis.database.transactions import Database
from chassis.health import Health
from chassis.topics.creation import ensure_topics
from contracts import topics
from tests.faults.driver import USED, Ledgers, check, command, ledgers_in, send, settings_of
from tests.support import eventually
from tests.support.stack import OwnStack

TOPIC = topics.BOOKING_COMMANDS.name
TAKE_OVERS = int(os.environ.get("TAKE_OVERS", "60"))  # of all partitions at once
BATCH_PAYLOAD = 61  # bytes before the records of a batch
BATCH_OVERHEAD = 12  # bytes before those that a batch's length counts


@pytest.fixture
async def fragile(own_stack: OwnStack, tmp_path: Path) -> AsyncIterator[Ledgers]:
    """The ledger on a Kafka and PostgreSQL of its own, which the test may break."""
    await own_stack.heal()
    async with ledgers_in(own_stack.world(), tmp_path) as found:
        yield found
    await own_stack.heal()


async def test_a_database_restored_under_an_idle_service_is_fed_again(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(60)]
    await send(ledgers.world, sent)
    process = ledgers.start()
    await ledgers.entered(60)

    async def noted() -> bool:
        rows = await ledgers.sql("SELECT count(*) FROM progress WHERE next_offset <> published_offset")
        return bool(rows[0][0] == 0)

    await eventually(noted, 20)
    await ledgers.sql(
        "WITH gone AS (DELETE FROM ledger) UPDATE progress SET next_offset = 0, published_offset = 0"
    )
    await ledgers.entered(60, deadline=60)
    await check(ledgers, sent)
    await process.ready()


async def test_a_take_over_while_the_former_owner_still_applies_halts_nothing(ledgers: Ledgers) -> None:
    """The variable TAKE_OVERS sets how many there are."""
    settings = settings_of(ledgers.world)
    process = ledgers.start(batch_max_records=5)
    await process.ready()
    partitions = {TopicPartition(settings.topic_prefix + TOPIC, n) for n in range(6)}
    database = Database(service_database_url(settings, "ledger"), application_name="second")
    consumer = AIOKafkaConsumer(bootstrap_servers=ledgers.world.bootstrap, enable_auto_commit=False)
    await consumer.start()
    sent = [command(n) for n in range(50 * TAKE_OVERS)]
    try:
        consumer.assign(list(partitions))
        health = Health("second")
        for first in range(0, len(sent), 50):
            await send(ledgers.world, sent[first : first + 50])
            takeover = TakeOver(
                "ledger.commands", settings, database, Positions(), health, lambda: consumer, lambda *_: None
            )
            await takeover.run(partitions)
            assert takeover.halted == set(), await health.report()
    finally:
        await consumer.stop()
        await database.dispose()
    await ledgers.entered(len(sent), deadline=60 + TAKE_OVERS)
    await check(ledgers, sent)


async def test_a_log_that_was_made_anew_and_has_grown_past_the_old_position_halts(ledgers: Ledgers) -> None:
    settings = settings_of(ledgers.world)
    await send(ledgers.world, [command(n) for n in range(60)])
    first = ledgers.start()
    await ledgers.entered(60)
    first.signal(signal.SIGTERM)
    await first.exited()
    admin = AIOKafkaAdminClient(bootstrap_servers=ledgers.world.bootstrap)
    await admin.start()
    try:
        await admin.delete_topics([settings.topic_prefix + TOPIC])

        async def gone() -> bool:
            return settings.topic_prefix + TOPIC not in await admin.list_topics()

        await eventually(gone, 30)
    finally:
        await admin.close()
    await ensure_topics(settings, USED)
    await send(ledgers.world, [command(n) for n in range(600)])
    second = ledgers.start()

    async def halted() -> bool:
        report = await second.health()
        return len(report.get("halted", [])) == 6 and "made anew" in str(report["halted"])

    await eventually(halted, 30)
    assert await ledgers.entries() == 60


async def test_a_batch_that_is_damaged_on_disk_halts_its_partition_until_it_is_mended(
    fragile: Ledgers, own_stack: OwnStack
) -> None:
    sent = [command(n) for n in range(240)]
    await send(fragile.world, sent[:120])
    await flip_a_bit(fragile, own_stack, partition=0)
    await send(fragile.world, sent[120:])
    process = fragile.start(retry_max=0.5)

    async def halted() -> bool:
        report = await process.health()
        found = [(item["partition"], "checksum" in item["reason"]) for item in report.get("halted", [])]
        return report.get("live") is True and not report["ready"] and found == [(0, True)]

    await eventually(halted, 60)

    async def others_went_on() -> bool:
        rows = await fragile.sql("SELECT count(DISTINCT partition) FROM progress WHERE next_offset > 0")
        return bool(rows[0][0] >= 4)

    await eventually(others_went_on, 30)
    await flip_a_bit(fragile, own_stack, partition=0)
    await fragile.entered(len(sent), deadline=90)
    await check(fragile, sent)
    assert process.popen.poll() is None, "the same process went on"
    await process.ready()


async def flip_a_bit(fragile: Ledgers, own_stack: OwnStack, partition: int) -> None:
    """In the first batch of the partition's log; a broker that was stopped in good order does not look at it again."""
    await own_stack.broker.stop()
    flip_in(own_stack.home / "kafka" / f"{fragile.world.topic_prefix}{TOPIC}-{partition}")
    await own_stack.broker.start_ready(60)


def flip_in(folder: Path, batch: int = 0) -> None:
    """A bit in that batch of the only segment; the same one each time, so that twice is as before."""
    (segment,) = folder.glob("*.log")
    content = bytearray(segment.read_bytes())
    begins, at = [], 0
    while at < len(content):
        begins.append(at)
        at += BATCH_OVERHEAD + int.from_bytes(content[at + 8 : at + BATCH_OVERHEAD])
    content[begins[batch] + BATCH_PAYLOAD + 2] ^= 0x40
    segment.write_bytes(content)
