"""Foreign records on a topic: dead-lettered with their cause, never in the way of its neighbours."""

import asyncio
import signal
from uuid import uuid4

import orjson
import pytest
from aiokafka import AIOKafkaProducer

from chassis.kafka.publisher import partition_of as by_murmur2
from contracts import topics
from contracts.envelope import Envelope, Message
from tests.faults.driver import ORGANIZATIONS, Ledgers, check, command, read_all, send
from tests.support import eventually

TOPIC = topics.BOOKING_COMMANDS.name
KEY = str(ORGANIZATIONS[0]).encode()
HEAD = Envelope(id=uuid4(), type="ledger.enter", organization=ORGANIZATIONS[0]).headers()
WITHOUT_ID = tuple(pair for pair in HEAD if pair[0] != "ce_id")

GARBAGE = [
    pytest.param(Message(TOPIC, KEY, b"{not json", HEAD), "JSON", id="undecodable JSON"),
    pytest.param(
        Message(TOPIC, KEY, b"{}", (*WITHOUT_ID, ("ce_id", b"\xff\xfe"))), "ce_id", id="undecodable header"
    ),
    pytest.param(Message(TOPIC, KEY, None, HEAD), "JSON", id="null value"),
    pytest.param(Message(TOPIC, KEY, b"[1]", HEAD), "AttributeError", id="handler fails on it"),
    pytest.param(Message(TOPIC, KEY, b'{"poison": true}', HEAD), "poison", id="handler refuses it"),
    pytest.param(Message(TOPIC, None, b"", ()), "ce_id", id="nothing at all"),
    pytest.param(
        Message(TOPIC, KEY, b'"' + b"x" * 1_040_000, HEAD), "JSON", id="as large as a record may be"
    ),
]


@pytest.mark.parametrize(("garbage", "cause"), GARBAGE)
async def test_garbage_becomes_a_dead_letter(ledgers: Ledgers, garbage: Message, cause: str) -> None:
    good = [command(n, ORGANIZATIONS[0]) for n in range(20)]
    await send(ledgers.world, [*good[:10], garbage, *good[10:]], max_request_size=2_000_000)
    process = ledgers.start(retry_base=0.01)
    await ledgers.entered(len(good))
    await check(ledgers, good)
    process.signal(signal.SIGTERM)
    await process.exited()
    (letter,) = await read_all(ledgers.world, topics.dead_letters("ledger").name)
    headers = dict(letter.headers)
    assert (letter.key, letter.value) == (garbage.key, garbage.value)
    assert all(pair in letter.headers for pair in garbage.headers), "the record's own headers are untouched"
    assert headers["dead-letter-topic"].decode() == TOPIC
    assert cause in headers["dead-letter-error"].decode() + headers["dead-letter-message"].decode()


async def test_a_record_that_is_not_for_us_is_passed_by(ledgers: Ledgers) -> None:
    ignored = Envelope(id=uuid4(), type="ignored", organization=ORGANIZATIONS[0]).message(TOPIC, b"{}")
    good = [command(n) for n in range(10)]
    await send(ledgers.world, [ignored, *good])
    ledgers.start()
    await ledgers.entered(len(good))
    assert await read_all(ledgers.world, topics.dead_letters("ledger").name) == []


async def test_too_many_failures_halt_instead_of_draining_the_topic(ledgers: Ledgers) -> None:
    others = [command(n) for n in range(60) if by_murmur2(command(n).key or b"", 6) != by_murmur2(KEY, 6)]
    await send(ledgers.world, [*(command(n, ORGANIZATIONS[0], poison=True) for n in range(12)), *others])
    process = ledgers.start(dead_letter_cap=3, retry_base=0.001)

    async def halted() -> bool:
        report = await process.health()
        return report.get("live") is True and "more than 3 records failed" in str(report["halted"])

    await eventually(halted, 40)
    await ledgers.entered(len(others))
    assert [item["partition"] for item in (await process.health())["halted"]] == [by_murmur2(KEY, 6)]
    assert len(await read_all(ledgers.world, topics.dead_letters("ledger").name)) == 3, (
        "those that were set aside before the halt are published"
    )


async def test_a_strangers_garbage_never_halts(ledgers: Ledgers) -> None:
    garbage = [Message(TOPIC, KEY, b"{", HEAD) for _ in range(60)]
    good = [command(n) for n in range(10)]
    await send(ledgers.world, [*garbage, *good])
    process = ledgers.start(dead_letter_cap=3)
    await ledgers.entered(len(good))
    assert (await process.health())["ready"]
    assert len(await read_all(ledgers.world, topics.dead_letters("ledger").name)) == 60


@pytest.mark.parametrize(
    "key",
    [
        pytest.param(str(ORGANIZATIONS[0]), id="its own partitioner"),
        pytest.param("wrong", id="a wrong key"),
        None,
    ],
)
async def test_kcat_publishes_with_no_code_of_ours(ledgers: Ledgers, key: str | None) -> None:
    head = {
        "ce_id": str(uuid4()),
        "ce_type": "ledger.enter",
        "organization": str(ORGANIZATIONS[0]),
        "reply-partition": "-77",
    }
    flags = [flag for name, value in head.items() for flag in ("-H", f"{name}={value}")]
    key_flag = ["-k", key] if key else []
    topic = ledgers.world.topic_prefix + TOPIC
    kcat = await asyncio.create_subprocess_exec(
        "kcat",
        "-P",
        "-b",
        ledgers.world.bootstrap,
        "-t",
        topic,
        *flags,
        *key_flag,
        stdin=asyncio.subprocess.PIPE,
    )
    await asyncio.wait_for(kcat.communicate(orjson.dumps({"n": 1})), 30)
    assert kcat.returncode == 0
    ledgers.start()
    await ledgers.entered(1)
    (event,) = await read_all(ledgers.world, topics.BOOKING_EVENTS.name)
    assert event.key == str(ORGANIZATIONS[0]).encode(), (
        "what follows goes to the organization's own partition"
    )


async def test_an_aborted_transaction_leaves_a_harmless_gap(ledgers: Ledgers) -> None:
    world = ledgers.world
    before = [command(n) for n in range(60)]
    after = [command(n) for n in range(60, 120)]
    ledgers.start()
    await send(world, before)
    await ledgers.entered(60)
    producer = AIOKafkaProducer(
        bootstrap_servers=world.bootstrap, transactional_id=f"{world.topic_prefix}foreign"
    )
    await producer.start()
    try:
        for commit in (False, True, False):
            await producer.begin_transaction()
            for partition in range(6):
                await producer.send(
                    world.topic_prefix + TOPIC, b"{}", partition=partition, headers=[("ce_type", b"x")]
                )
            await (producer.commit_transaction() if commit else producer.abort_transaction())
    finally:
        await producer.stop()
    await send(world, after)
    await ledgers.entered(120)
    process = ledgers.processes[0]

    async def idle() -> bool:
        report = await process.health()
        assert report["ready"], report
        return bool(report["lag"] == 0)

    await eventually(idle, 20)
    await check(ledgers, before + after)
    assert len(await read_all(world, topics.dead_letters("ledger").name)) == 6, (
        "the committed ones have no ce_id"
    )
