"""kill -9 at each step of a batch: nothing is lost, nothing is applied twice."""

import signal
from pathlib import Path

import pytest

from contracts import topics
from tests.faults import ledger
from tests.faults.driver import ORGANIZATIONS, Ledgers, check, command, read_all, send


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


async def test_what_was_set_aside_before_a_crash_is_told_as_nothing_else(
    ledgers: Ledgers, tmp_path: Path
) -> None:
    once = tmp_path / "crash"
    once.touch()
    good = [command(n, ORGANIZATIONS[0]) for n in range(10)]
    await send(ledgers.world, [command(99, ORGANIZATIONS[0], poison=True), *good])
    first = ledgers.start(crash_at="after-acks", crash_once=once, retry_base=0.01)
    assert await first.exited() == -signal.SIGKILL
    ledgers.start()
    await ledgers.entered(len(good))
    await check(ledgers, good)
    letters = await read_all(ledgers.world, topics.dead_letters("ledger").name)
    assert len(letters) > 1
    assert len({(letter.value, tuple(letter.headers)) for letter in letters}) == 1


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
