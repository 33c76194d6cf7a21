"""Whether a process is ready follows from what is known durably: starting anew is no progress, idling no standstill."""

import signal
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from chassis.configuration.settings import service_database_url
from tests.faults.driver import Ledgers, Process, check, command, send, settings_of
from tests.faults.test_strangers import metric
from tests.support import eventually

STALLED_AFTER = 3.0
LIVES, LIFE = 4, 2.5  # seconds: no life is as long as the limit
STALLED = "appointments_consumer_stalled_seconds"
PROGRESS = "progress (ledger.commands)"


@asynccontextmanager
async def nothing_can_be_written(ledgers: Ledgers) -> AsyncIterator[None]:
    """Another session keeps the ledger's table locked; each write waits for longer than a process lives."""
    url = service_database_url(settings_of(ledgers.world), "ledger").replace("+asyncpg", "")
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE ledger IN SHARE MODE")
            yield
    finally:
        await connection.close()


async def started(process: Process) -> None:
    """Wait until it has taken its partitions over."""

    async def has_started() -> bool:
        return bool((await process.health()).get("started"))

    await eventually(has_started, 90)


async def ready_seconds(process: Process) -> float:
    """For how long a process said that it was ready, in a life that is counted from its start."""

    await started(process)
    began = last = time.monotonic()
    ready = 0.0
    while last - began < LIFE:
        is_ready = bool((await process.health()).get("ready"))
        now = time.monotonic()
        ready += now - last if is_ready else 0.0
        last = now
    return ready


async def test_a_process_that_is_killed_again_and_again_without_progress_is_not_ready_in_between(
    ledgers: Ledgers,
) -> None:
    sent = [command(n) for n in range(120)]
    process = ledgers.start(stalled_after=STALLED_AFTER)
    await send(ledgers.world, sent[:60])
    await ledgers.entered(60)
    await process.ready()
    async with nothing_can_be_written(ledgers):
        await send(ledgers.world, sent[60:])
        ready = await ready_seconds(process)
        for _ in range(LIVES):
            process.signal(signal.SIGKILL)
            process = ledgers.start(stalled_after=STALLED_AFTER)
            ready += await ready_seconds(process)
        assert ready < STALLED_AFTER + 1
        assert "no progress for" in (await process.health())["reasons"][PROGRESS]
        assert await metric(process, STALLED) > LIVES * LIFE
    await ledgers.entered(len(sent))
    await process.ready()
    await check(ledgers, sent)


async def test_a_record_that_comes_to_an_idle_consumer_has_not_waited_since_the_last_one(
    ledgers: Ledgers,
) -> None:
    first = ledgers.start()
    await send(ledgers.world, [command(n) for n in range(60)])
    await ledgers.entered(60)
    first.signal(signal.SIGTERM)
    await first.exited()
    await ledgers.sql("UPDATE progress SET published_at = published_at - interval '3 hours'")
    async with nothing_can_be_written(ledgers):
        await send(ledgers.world, [command(n) for n in range(60, 120)])
        second = ledgers.start()
        await started(second)
        assert 0 < await eventually(lambda: metric(second, STALLED), 30) < 1_800
