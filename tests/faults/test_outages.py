"""Kafka, PostgreSQL or another service away for a while: everything is late, nothing is lost."""

import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from contracts import topics
from tests.faults.driver import Ledgers, check, command, ledgers_in, send
from tests.support import eventually
from tests.support.stack import OwnStack


@pytest.fixture
async def fragile(own_stack: OwnStack, tmp_path: Path) -> AsyncIterator[Ledgers]:
    """The ledger on a Kafka and PostgreSQL of its own, which the test may break."""
    await own_stack.heal()
    async with ledgers_in(own_stack.world(), tmp_path) as found:
        yield found
    await own_stack.heal()


@pytest.mark.parametrize("how", ["killed", "suspended"])
async def test_the_broker_goes_away_and_comes_back(fragile: Ledgers, own_stack: OwnStack, how: str) -> None:
    sent = [command(n) for n in range(2_000)]
    await send(fragile.world, sent)
    fragile.start(batch_max_records=20)
    await fragile.entered_more_than(0)
    if how == "killed":
        await own_stack.broker.kill()
        await own_stack.broker.start_ready(60)
    else:
        own_stack.broker.suspend()
        await eventually(_not_ready(fragile), 30)
        own_stack.broker.resume()
    await fragile.entered(len(sent), deadline=90)
    await check(fragile, sent)


async def test_postgres_goes_away_and_comes_back(fragile: Ledgers, own_stack: OwnStack) -> None:
    sent = [command(n) for n in range(2_000)]
    await send(fragile.world, sent)
    process = fragile.start(batch_max_records=20)
    await fragile.entered_more_than(0)
    await own_stack.postgres.kill()

    async def waits() -> bool:
        report = await process.health()
        return report.get("live") is True and "postgres" in report["waiting"]

    await eventually(waits, 30)
    await own_stack.postgres.start_ready(60)
    await fragile.entered(len(sent), deadline=90)
    await check(fragile, sent)
    assert process.popen.poll() is None, "the same process went on"


async def test_started_before_anything_else_it_waits(fragile: Ledgers, own_stack: OwnStack) -> None:
    sent = [command(n) for n in range(50)]
    await send(fragile.world, sent)
    await own_stack.broker.stop()
    await own_stack.postgres.stop()
    process = fragile.start()

    async def waits() -> bool:
        report = await process.health()
        return report.get("live") is True and {"kafka", "postgres"} <= set(report["waiting"])

    await eventually(waits, 30)
    await own_stack.heal()
    await fragile.entered(len(sent), deadline=60)
    await check(fragile, sent)


async def test_a_dependency_that_is_down_delays_and_loses_nothing(ledgers: Ledgers, tmp_path: Path) -> None:
    switch = tmp_path / "down"
    switch.touch()
    sent = [command(n) for n in range(200)]
    await send(ledgers.world, sent)
    process = ledgers.start(dependency_file=switch, retry_base=0.02, retry_max=0.2)

    async def waits() -> bool:
        report = await process.health()
        return report.get("waiting") == ["oracle (ledger.commands)"] and report["lag"] == 200

    await eventually(waits, 30)
    assert await ledgers.entries() == 0
    switch.unlink()
    await ledgers.entered(len(sent))
    await check(ledgers, sent)
    assert (await process.health())["ready"]


async def test_what_was_read_ahead_does_not_overtake_a_batch_that_failed(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(600)]
    await send(ledgers.world, sent)
    ledgers.start(batch_max_records=10, stumble_every=5, retry_base=0.01, retry_max=0.02)
    await ledgers.entered(len(sent))
    await check(ledgers, sent)


async def test_deleted_records_halt_their_partition_only(ledgers: Ledgers) -> None:
    world = ledgers.world
    sent = [command(n) for n in range(600)]
    await send(world, sent[:300])
    first = ledgers.start()
    await ledgers.entered(300)
    first.signal(signal.SIGTERM)
    await first.exited()
    await send(world, sent[300:])
    admin = AIOKafkaAdminClient(bootstrap_servers=world.bootstrap)
    await admin.start()
    hurt = TopicPartition(world.topic_prefix + topics.BOOKING_COMMANDS.name, 0)
    try:
        (row,) = await ledgers.sql("SELECT next_offset FROM progress WHERE partition = 0")
        await admin.delete_records({hurt: RecordsToDelete(before_offset=row["next_offset"] + 1)})
    finally:
        await admin.close()
    second = ledgers.start()

    async def halted() -> bool:
        report = await second.health()
        return report.get("live") is True and [item["partition"] for item in report["halted"]] == [0]

    await eventually(halted, 30)
    elsewhere = await ledgers.sql("SELECT count(*) FROM progress WHERE partition > 0 AND next_offset > 0")
    assert elsewhere[0][0] > 0
    (still,) = await ledgers.sql("SELECT next_offset FROM progress WHERE partition = 0")
    assert still["next_offset"] == row["next_offset"], "the halted partition did not move"


def _not_ready(ledgers: Ledgers):  # type: ignore[no-untyped-def]
    async def check_health() -> bool:
        return not (await ledgers.processes[0].health()).get("ready", True)

    return check_health
