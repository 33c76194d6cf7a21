"""kill -9 at each step of a batch: nothing is lost, nothing is applied twice."""

import signal
from pathlib import Path

import pytest

from tests.faults import ledger
from tests.faults.driver import Ledgers, check, command, send


@pytest.mark.parametrize("step", ledger.STEPS)
async def test_killed_at_each_step(ledgers: Ledgers, tmp_path: Path, step: str) -> None:
    once = tmp_path / "crash"
    once.touch()
    sent = [command(n) for n in range(600)]
    await send(ledgers.world, sent)
    first = ledgers.start(crash_at=step, crash_once=once, batch_max_records=50)
    assert await first.exited() == -signal.SIGKILL
    ledgers.start(batch_max_records=50)
    await ledgers.entered(len(sent))
    copies = await check(ledgers, sent)
    if step in ("mid-publish", "after-acks"):
        assert copies > 0, "what was published before the crash is published again"


async def test_killed_again_and_again(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(3_000)]
    await send(ledgers.world, sent)
    for _ in range(4):
        process = ledgers.start(batch_max_records=20)
        before = await ledgers.entries()
        await process.ready()
        await ledgers.entered_more_than(before)
        process.signal(signal.SIGKILL)
        await process.exited()
    ledgers.start()
    await ledgers.entered(len(sent))
    await check(ledgers, sent)


async def test_a_clean_stop_leaves_nothing_to_repeat(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(500)]
    await send(ledgers.world, sent)
    process = ledgers.start()
    await ledgers.entered(len(sent))
    process.signal(signal.SIGTERM)
    assert await process.exited() == 0
    again = ledgers.start()
    more = [command(n) for n in range(500, 600)]
    await send(ledgers.world, more)
    await again.ready()
    await ledgers.entered(600)
    assert await check(ledgers, sent + more) == 0
