"""Two owners of one partition, a frozen one, and positions that somebody else wrote."""

import signal
from pathlib import Path

from aiokafka import AIOKafkaConsumer, TopicPartition

from contracts import topics
from contracts.envelope import Message
from tests.faults.driver import Ledgers, check, command, send
from tests.support import eventually


async def test_a_second_owner_joins_and_the_first_leaves(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(4_000)]
    first = ledgers.start(batch_max_records=20)
    await first.ready()
    await send(ledgers.world, sent[:2_000])
    second = ledgers.start(batch_max_records=20)
    await send(ledgers.world, sent[2_000:])
    await second.ready()
    first.signal(signal.SIGTERM)
    assert await first.exited() == 0
    await ledgers.entered(len(sent))
    await check(ledgers, sent)


async def test_a_frozen_owner_is_replaced_and_harms_nothing_when_it_wakes(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(1_500)]
    frozen = ledgers.start(batch_max_records=10, session_timeout_ms=6000)
    await frozen.ready()
    await send(ledgers.world, sent[:1_000])
    await ledgers.entered_more_than(0)
    frozen.signal(signal.SIGSTOP)
    ledgers.start(session_timeout_ms=6000)
    await ledgers.entered(1_000, deadline=60)  # longer than the session timeout, because of the rebalance
    frozen.signal(signal.SIGCONT)
    await send(ledgers.world, sent[1_000:])
    await ledgers.entered(len(sent), deadline=60)

    async def both_are_idle() -> bool:
        reports = [await process.health() for process in ledgers.processes]
        return all(report.get("ready") and report["lag"] == 0 for report in reports)

    await eventually(both_are_idle, 60)
    await check(ledgers, sent)


async def _wakes_when_a_successor_is_at_work(
    ledgers: Ledgers, tmp_path: Path, without: str = ""
) -> list[Message]:
    """An owner stands still between its entries and its commit, is replaced, and goes on; returns what was sent."""
    once = tmp_path / "freeze"
    once.touch()
    sent = [command(n) for n in range(200)]
    frozen = ledgers.start(batch_max_records=200, freeze_once=once, without=without)
    await frozen.ready()
    await send(ledgers.world, sent)
    await eventually(lambda: not once.exists(), 30)
    ledgers.start(batch_max_records=200, without=without)

    async def successor_is_at_work() -> bool:
        return await ledgers.someone_waits_for_a_row() or await ledgers.entries() > 0

    await eventually(successor_is_at_work, 60)
    if without:
        await ledgers.entered_more_than(0)
    frozen.signal(signal.SIGCONT)
    await ledgers.entered(len(sent), deadline=60)
    return sent


async def test_an_owner_that_stood_still_before_its_commit_applies_nothing_twice(
    ledgers: Ledgers, tmp_path: Path
) -> None:
    await check(ledgers, await _wakes_when_a_successor_is_at_work(ledgers, tmp_path))


async def test_without_the_row_lock_it_applies_twice(ledgers: Ledgers, tmp_path: Path) -> None:
    """A negative control: the ledger must be able to show what the lock prevents."""
    sent = await _wakes_when_a_successor_is_at_work(ledgers, tmp_path, without="row lock")

    async def seen_twice() -> bool:
        try:
            await check(ledgers, sent)
        except AssertionError as error:
            return "applied twice" in str(error)
        return False

    await eventually(seen_twice, 30)


async def test_committed_offsets_reset_to_zero_change_nothing(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(300)]
    await send(ledgers.world, sent)
    first = ledgers.start()
    await ledgers.entered(len(sent))
    first.signal(signal.SIGTERM)
    await first.exited()
    await _commit_zero(ledgers)
    second = ledgers.start()
    await second.ready()
    more = [command(n) for n in range(300, 400)]
    await send(ledgers.world, more)
    await ledgers.entered(400)
    assert await check(ledgers, sent + more) == 0


async def _commit_zero(ledgers: Ledgers) -> None:
    group = ledgers.world.topic_prefix + "ledger.commands"
    consumer = AIOKafkaConsumer(
        bootstrap_servers=ledgers.world.bootstrap, group_id=group, enable_auto_commit=False
    )
    await consumer.start()
    try:
        partitions = [
            TopicPartition(ledgers.world.topic_prefix + topics.BOOKING_COMMANDS.name, n) for n in range(6)
        ]
        consumer.assign(partitions)
        await consumer.commit(dict.fromkeys(partitions, 0))
        assert await consumer.committed(partitions[0]) == 0
    finally:
        await consumer.stop()


async def test_a_database_restored_from_yesterday_is_fed_again(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(300)]
    await send(ledgers.world, sent)
    process = ledgers.start()
    await ledgers.entered(len(sent))
    await ledgers.sql(
        "WITH gone AS (DELETE FROM ledger) UPDATE progress SET next_offset = 0, published_offset = 0"
    )
    await send(ledgers.world, [command(n) for n in range(300, 312)])
    await ledgers.entered(312)
    assert (await process.health())["ready"]


async def test_a_database_restored_under_a_running_service_is_not_taken_for_what_it_was(
    ledgers: Ledgers,
) -> None:
    """Published offsets are noted when idle, but not for a restored database that has not applied the records."""
    process = ledgers.start()
    sent: list[Message] = []
    for first in range(0, 200, 10):
        fresh = [command(n) for n in range(first, first + 10)]
        await send(ledgers.world, fresh)
        sent += fresh
        await ledgers.entered_more_than(len(sent) - 1)
        if await ledgers.restored_to_nothing_before_noted():
            break
    else:
        raise AssertionError("it was always noted before")
    await ledgers.entered_more_than(len(sent) - 1)
    await ledgers.entered(len(sent))
    await check(ledgers, sent)
    await process.ready()


async def test_another_clusters_progress_halts(ledgers: Ledgers) -> None:
    await send(ledgers.world, [command(n) for n in range(20)])
    first = ledgers.start()
    await ledgers.entered(20)
    first.signal(signal.SIGTERM)
    await first.exited()
    await ledgers.sql("UPDATE progress SET cluster_id = 'another'")
    second = ledgers.start()

    async def halted() -> bool:
        report = await second.health()
        return report.get("live") is True and not report["ready"] and "cluster" in str(report["halted"])

    await eventually(halted, 30)
