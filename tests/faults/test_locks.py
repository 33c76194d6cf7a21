"""A lock that somebody else holds in one partition: the others wait for it once, and no longer each time it is tried."""

import itertools
from functools import partial

import asyncpg

from chassis.configuration.settings import service_database_url
from tests.faults.driver import ORGANIZATIONS, Ledgers, check, command, send, settings_of
from tests.faults.test_strangers import metric, partition_of
from tests.support import eventually

TRIES = 4
AT_ONCE = 3.0  # seconds: far less than a transaction waits for a lock


async def test_a_partition_that_waits_for_a_lock_does_not_keep_the_others_waiting(ledgers: Ledgers) -> None:
    here = next(one for one in ORGANIZATIONS if partition_of(command(0, one)) == 0)
    elsewhere = next(one for one in ORGANIZATIONS if partition_of(command(0, one)) != 0)
    sent = [command(n) for n in range(60)]
    process = ledgers.start(retry_max=1)
    await send(ledgers.world, sent)
    await ledgers.entered(60)
    url = service_database_url(settings_of(ledgers.world), "ledger").replace("+asyncpg", "")
    other = await asyncpg.connect(url)
    try:
        async with other.transaction():
            await other.execute("SELECT FROM progress WHERE partition = 0 FOR UPDATE")
            sent.append(command(60, here))
            await send(ledgers.world, sent[-1:])

            async def is_held() -> bool:
                reason = (await process.health())["reasons"].get("postgres (ledger.commands)", "")
                return "booking.commands/0" in reason

            await eventually(is_held, 30)
            tried = await metric(process, "appointments_consumer_retries_total")
            for n in itertools.count(61):
                sent.append(command(n, elsewhere))
                await send(ledgers.world, sent[-1:])
                await eventually(partial(_entered, ledgers, n), AT_ONCE)
                if await metric(process, "appointments_consumer_retries_total") >= tried + TRIES:
                    break
    finally:
        await other.close()
    await ledgers.entered(len(sent))
    await check(ledgers, sent)


async def _entered(ledgers: Ledgers, count: int) -> bool:
    return await ledgers.entries() == count
