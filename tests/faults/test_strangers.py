"""Records that break Kafka's own format, or its proportions: they cost their sender, and nobody else."""

import asyncio
import hashlib
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from chassis.kafka.publisher import partition_of as by_murmur2
from chassis.topics import administration
from chassis.topics.drift import TIMESTAMP
from contracts import topics
from contracts.envelope import Message
from tests.faults.driver import ORGANIZATIONS, Ledgers, Process, check, command, read_all, send, settings_of
from tests.support import eventually
from tests.support.batches import MIB, packed_by_zstd

TOPIC = topics.BOOKING_COMMANDS.name
LETTERS = topics.dead_letters("ledger").name


async def send_with_a_name_that_is_not_text(ledgers: Ledgers, partition: int) -> None:
    """No client of Python's writes such a header; kcat does."""
    kcat = await asyncio.create_subprocess_exec(
        *("kcat", "-P", "-b", ledgers.world.bootstrap, "-t", ledgers.world.topic_prefix + TOPIC),
        *("-p", str(partition), "-H", b"\xff\xfe=1", "-H", "ce_type=appointment.create"),
        stdin=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(kcat.communicate(b"{}"), 30)
    assert kcat.returncode == 0


async def send_packed(ledgers: Ledgers, value: bytes, partition: int = 0, codec: str = "gzip") -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=ledgers.world.bootstrap,
        compression_type=codec,
        max_request_size=1 << 30,
        max_batch_size=1 << 30,
    )
    await producer.start()
    try:
        await producer.send_and_wait(ledgers.world.topic_prefix + TOPIC, value, partition=partition)
    finally:
        await producer.stop()


async def metric(process: Process, name: str) -> float:
    """The sum of a metric over its labels."""
    async with httpx.AsyncClient() as client:
        lines = (await client.get(f"http://127.0.0.1:{process.port}/metrics", timeout=5)).text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name) and line[0] != "#")


async def test_an_odd_header_name_costs_no_other_command(ledgers: Ledgers) -> None:
    sent = [command(n) for n in range(300)]
    await send(ledgers.world, sent[:150])
    await send_with_a_name_that_is_not_text(ledgers, 3)
    await send(ledgers.world, sent[150:])
    process = ledgers.start(batch_max_records=40)
    await ledgers.entered(len(sent))
    await check(ledgers, sent)
    (letter,) = await read_all(ledgers.world, LETTERS)
    headers = dict(letter.headers)
    assert headers["dead-letter-stage"] == b"fetch"
    assert headers["dead-letter-partition"] == b"3"
    assert b"not UTF-8" in headers["dead-letter-message"]
    assert await metric(process, "appointments_consumer_unreadable_total") == 1
    assert await metric(process, "appointments_consumer_gaps_total") == 0


@pytest.mark.parametrize("codec", ["gzip", "zstd"])
async def test_a_value_that_grows_a_thousandfold_takes_no_memory(ledgers: Ledgers, codec: str) -> None:
    huge = b"a" * 200_000_000
    process = ledgers.start()
    await send(ledgers.world, [command(0)])
    await ledgers.entered(1)
    before = peak_memory(process)
    await send_packed(ledgers, huge, codec=codec)
    sent = [command(n) for n in range(1, 60)]
    await send(ledgers.world, sent)
    await ledgers.entered(60)

    async def set_aside() -> list[Any]:
        return await read_all(ledgers.world, LETTERS)

    (letter,) = await eventually(set_aside, 30)
    assert dict(letter.headers)["dead-letter-value-size"] == str(len(huge)).encode()
    assert dict(letter.headers)["dead-letter-value-sha256"] == hashlib.sha256(huge).hexdigest().encode()
    assert peak_memory(process) - before < 64 * MIB


async def send_in_one_batch(ledgers: Ledgers, messages: Sequence[Message], window: int) -> None:
    """As a producer does whose compression level asks for a window of so many MiB; all go to the first one's partition."""
    producer = AIOKafkaProducer(
        bootstrap_servers=ledgers.world.bootstrap, max_request_size=1 << 30, max_batch_size=1 << 30
    )
    await producer.start()
    try:
        batch = producer.create_batch()
        for one in messages:
            assert batch.append(timestamp=None, key=one.key, value=one.value, headers=list(one.headers))
        batch._buffer = bytearray(packed_by_zstd(batch._builder.build(), window))
        batch.close()
        topic = ledgers.world.topic_prefix + TOPIC
        await (await producer.send_batch(batch, topic, partition=partition_of(messages[0])))
    finally:
        await producer.stop()


@pytest.mark.parametrize(
    ("window", "mib"), [pytest.param(128, 23, id="level 22"), pytest.param(32, 120, id="level 20")]
)
async def test_each_command_of_a_large_batch_is_entered_whatever_its_window(
    ledgers: Ledgers, window: int, mib: int
) -> None:
    ours, others = ORGANIZATIONS[0], ORGANIZATIONS[1]
    process = ledgers.start()
    await send(ledgers.world, [command(0, others)])
    await ledgers.entered(1)
    before = peak_memory(process)
    many = [command(n, ours, pad="x" * (MIB // 4)) for n in range(4 * mib)]
    await send_in_one_batch(ledgers, many, window)
    after = [command(n, others) for n in range(1, 20)]
    await send(ledgers.world, after)
    await ledgers.entered(1 + len(many) + len(after))
    assert await read_all(ledgers.world, LETTERS) == []
    assert peak_memory(process) - before < 64 * MIB


def peak_memory(process: Process) -> int:
    """Bytes that the process has had in memory at most."""
    status = Path(f"/proc/{process.popen.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM")) * 1024


@pytest.mark.parametrize("size", [1_900_000, 2 * MIB, 3_000_000])
async def test_a_value_that_is_too_large_for_the_dead_letters_is_cut(ledgers: Ledgers, size: int) -> None:
    await send_packed(ledgers, b"a" * size)
    sent = [command(n) for n in range(60)]
    await send(ledgers.world, sent)
    ledgers.start()
    await ledgers.entered(len(sent))
    (letter,) = await read_all(ledgers.world, LETTERS)
    headers = dict(letter.headers)
    if len(letter.value) < size:
        assert headers["dead-letter-value-size"] == str(size).encode()


async def test_a_refused_letter_holds_its_own_partition_and_goes_out_when_the_topic_takes_it(
    ledgers: Ledgers,
) -> None:
    await letters_take(ledgers, 2_000)
    garbage = Message(TOPIC, None, b'"' + b"x" * 10_000, (), partition=2)
    sent = [command(n) for n in range(120)]
    process = ledgers.start(stalled_after=2, retry_max=0.5)
    await process.ready()
    await send(ledgers.world, [garbage, *sent])
    elsewhere = [message for message in sent if partition_of(message) != 2]

    async def others_went_on() -> bool:
        rows = await ledgers.sql(
            "SELECT sum(next_offset) AS n FROM progress WHERE partition <> 2 AND next_offset = published_offset"
        )
        return bool(rows[0]["n"] == len(elsewhere))

    await eventually(others_went_on, 30)

    async def says_why() -> bool:
        report = await process.health()
        reasons = report["reasons"]
        return (
            not report["ready"]
            and "MessageSizeTooLarge" in reasons.get("kafka (ledger.commands)", "")
            and "booking.commands/2" in reasons.get("progress (ledger.commands)", "")
        )

    await eventually(says_why, 30)
    await letters_take(ledgers, 2 * MIB)
    await ledgers.entered(len(sent))
    await check(ledgers, sent)
    assert len(await read_all(ledgers.world, LETTERS)) >= 1
    assert process.popen.poll() is None, "the same process went on"
    await process.ready()


def partition_of(message: Message) -> int:
    """Where the default partitioner sends it, of six."""
    return by_murmur2(message.key or b"", 6)


async def letters_take(ledgers: Ledgers, size: int) -> None:
    """Set the largest record that the topic of dead letters takes."""
    admin = AIOKafkaAdminClient(bootstrap_servers=ledgers.world.bootstrap)
    await admin.start()
    try:
        name = ledgers.world.topic_prefix + LETTERS
        await admin.alter_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name, configs={"max.message.bytes": str(size)})]
        )
    finally:
        await admin.close()


async def test_an_open_transaction_that_holds_a_partition_up_is_named(ledgers: Ledgers) -> None:
    world = ledgers.world
    process = ledgers.start(stalled_after=2)
    before = [command(n) for n in range(60)]
    await send(world, before)
    await ledgers.entered(60)
    producer = AIOKafkaProducer(
        bootstrap_servers=world.bootstrap, transactional_id=f"{world.topic_prefix}slow"
    )
    await producer.start()
    try:
        await producer.begin_transaction()
        await producer.send_and_wait(world.topic_prefix + TOPIC, b"{}", partition=0)
        behind = [command(n) for n in range(60, 120)]
        await send(world, behind)

        async def named() -> bool:
            report = await process.health()
            reason = report["reasons"].get("open transaction (ledger.commands)", "")
            return not report["ready"] and f"{world.topic_prefix}{TOPIC}/0 at offset" in reason

        await eventually(named, 30)
        await producer.abort_transaction()
    finally:
        await producer.stop()
    await ledgers.entered(120)
    await check(ledgers, before + behind)
    await process.ready()


async def test_nothing_is_decided_by_its_writers_clock(ledgers: Ledgers) -> None:
    settings = settings_of(ledgers.world)
    process = ledgers.start()
    await process.ready()
    producer = AIOKafkaProducer(bootstrap_servers=ledgers.world.bootstrap)
    await producer.start()
    stamped: list[Message] = []
    yesterday = int((time.time() - 86_400) * 1000)

    async def kept_its_writers_time() -> bool:
        one = command(len(stamped))
        stamped.append(one)
        given = {"key": one.key, "headers": list(one.headers), "timestamp_ms": yesterday}
        ack = await producer.send_and_wait(settings.topic_prefix + TOPIC, one.value, **given)
        return bool(ack.timestamp_type == 0)

    try:
        await administration.set_settings(settings, {TOPIC: {TIMESTAMP: "CreateTime"}})
        await eventually(kept_its_writers_time, 30)
    finally:
        await producer.stop()
    sent = stamped[:-1]
    await ledgers.entered(len(sent))

    async def set_aside() -> list[Any]:
        return await read_all(ledgers.world, LETTERS)

    (letter,) = await eventually(set_aside, 30)
    assert b"its time is its writer's" in dict(letter.headers)["dead-letter-message"]
    await administration.set_settings(settings, {TOPIC: {TIMESTAMP: "LogAppendTime"}})
    assert await ledgers.entries() == len(sent), "it is not entered"
    await process.ready(60)


UNLUCKY = (
    "CREATE TABLE unlucky (code text)",
    """
    CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE code text := (SELECT u.code FROM unlucky u ORDER BY random() LIMIT 1);
    BEGIN
        IF code IS NOT NULL THEN RAISE EXCEPTION 'unlucky' USING ERRCODE = code; END IF;
        RETURN NEW;
    END $$
    """,
    "CREATE TRIGGER lose BEFORE INSERT ON ledger FOR EACH STATEMENT EXECUTE FUNCTION lose()",
    "INSERT INTO unlucky VALUES ('40P01'), ('40001')",
)


async def test_lost_races_and_deadlocks_set_nothing_aside(ledgers: Ledgers) -> None:
    for statement in UNLUCKY:
        await ledgers.sql(statement)
    sent = [command(n) for n in range(60)]
    await send(ledgers.world, sent)
    process = ledgers.start(retry_base=0.01, retry_max=0.05)
    await process.ready()

    async def often_unlucky() -> bool:
        return await metric(process, "appointments_consumer_retries_total") > 60

    await eventually(often_unlucky, 60)
    await ledgers.sql("DELETE FROM unlucky")
    await ledgers.entered(len(sent))
    await check(ledgers, sent)
    assert await read_all(ledgers.world, LETTERS) == []
