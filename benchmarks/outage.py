"""An outage of the Communication Service under load: bookings go on, all notifications reach an end
afterwards.

The fleet runs as in `http`. First bookings at 20/s without faults; then the same with the Communication
Service answering 503, for BENCH_OUTAGE_SECONDS (60); then with a fifth of its answers an error, and another
run in which it loses half of the answers to accepted calls. Then the faults end, and the fleet is left alone
until every notification has reached an end: sent, expired or dead-lettered.
"""

import asyncio
import os
import time
from collections import Counter
from typing import Any

import aiohttp
import orjson

from benchmarks.http import QUICK_SECONDS, SECONDS, Client, Fleet, at_rate, book_each, running_fleet, tokens
from benchmarks.world import World
from chassis.database.connecting import connect

Sending = tuple[str, str, str, str]
"""A notification: appointment, type, channel, recipient."""

OUTAGE_SECONDS = 60.0
RATE = 20
OPEN_STATES = ("planned", "held", "retrying")
SENT_STATES = ("sent", "delivered", "bounced")
ENDED_WITHIN = 300.0
DOWN = {"status": 503, "rate": 1.0}
ERRORS = {"status": 500, "rate": 0.2}
LOST_ANSWERS = {"status": None, "drop_after_accept": True, "rate": 0.5}


async def run(world: World) -> dict[str, Any]:
    """Start the fleet on this world's servers, break the service it calls, and count the ends of
    notifications.
    """
    seconds = QUICK_SECONDS if world.quick else SECONDS
    outage = float(os.environ.get("BENCH_OUTAGE_SECONDS", QUICK_SECONDS if world.quick else OUTAGE_SECONDS))
    async with (
        running_fleet(world) as fleet,
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session,
    ):
        client = Client(fleet.ingress_url, session, await tokens(session, fleet.identity_url))
        await asyncio.gather(*(book_each(client, 60) for _ in range(16)))
        await fleet.settle()
        faults = f"{fleet.communication_url}/sandbox/faults"
        well = await at_rate(client.book_only, RATE, seconds)
        await session.put(faults, json=DOWN)
        down = await at_rate(client.book_only, RATE, outage)
        await session.put(faults, json=ERRORS)
        errors = await at_rate(client.book_only, RATE, seconds)
        await session.put(faults, json=LOST_ANSWERS)
        lost_answers = await at_rate(client.book_only, RATE, seconds)
        await session.delete(faults)
        ended, arrived = await _ended(world), await _arrived(session, fleet)
        planned, sent = await _noted(world)
        return {
            "seconds": outage,
            "well": well,
            "down": down,
            "errors": errors,
            "lost_answers": lost_answers,
            **ended,
            **compared(planned, sent, arrived),
        }


def compared(planned: Counter[Sending], sent: Counter[Sending], arrived: Counter[Sending]) -> dict[str, int]:
    """Return the numbers of arrived, lost and doubled ones, each by itself: a lost one never offsets a
    doubled one.

    `planned`: all notifications; `sent`: those that the notifier noted as sent. An abandoned one may have
    arrived all the same, when the answer was lost.
    """
    return {
        "arrived": arrived.total(),
        "lost": (sent - arrived).total(),
        "doubled": (arrived - planned).total(),
    }


async def _ended(world: World) -> dict[str, Any]:
    """Wait until no delivery is open; return the seconds and the number of each end."""
    began = time.monotonic()
    connection = await connect(f"{world.database_url}_notifier")
    try:
        while True:
            rows = await connection.fetch(
                "SELECT state, count(*) AS deliveries FROM deliveries GROUP BY state"
            )
            ends = {row["state"]: row["deliveries"] for row in rows}
            still_open = sum(ends.get(state, 0) for state in OPEN_STATES)
            waited = time.monotonic() - began
            if not still_open or waited > ENDED_WITHIN:
                return {"ended_s": round(waited, 1), "open": still_open, "ends": ends}
            await asyncio.sleep(0.5)
    finally:
        await connection.close()


async def _noted(world: World) -> tuple[Counter[Sending], Counter[Sending]]:
    """Return the notifications that the notifier planned, and those of them that it noted as sent."""
    connection = await connect(f"{world.database_url}_notifier")
    try:
        rows = await connection.fetch(
            "SELECT appointment_id, type, channel, recipient_id, state FROM deliveries"
        )
    finally:
        await connection.close()
    rows = [
        ((str(row["appointment_id"]), row["type"], row["channel"], str(row["recipient_id"])), row["state"])
        for row in rows
    ]
    return Counter(one for one, _ in rows), Counter(one for one, state in rows if state in SENT_STATES)


async def _arrived(session: aiohttp.ClientSession, fleet: Fleet) -> Counter[Sending]:
    """Return the arrived messages: appointment, type, channel, recipient."""
    async with session.get(f"{fleet.communication_url}/sandbox/messages") as response:
        messages = orjson.loads(await response.read())
    return Counter(
        (message["entity_id"], message["type"], channel, recipient)
        for message in messages
        for channel in message["channels"]
        for recipient in message["recipients"]
    )
