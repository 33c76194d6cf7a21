"""Letters in the service's database and on the broker: found again byte for byte, and never another log's."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.migrations import prepare
from chassis.database.transactions import Database
from chassis.dead_letters import jobs as dead_letter_jobs
from chassis.dead_letters import store, unresolved
from chassis.dead_letters.store import DISCARDED
from chassis.kafka.publisher import Publisher
from chassis.telemetry import DEAD_LETTERS_OPEN
from chassis.topics.creation import ensure_topics
from contracts.envelope import Message, Record
from contracts.topics import dead_letters
from tests.support import World
from tests.unit.chassis.test_dead_letters import AT, CONSUMER, a_record, letter_of, story_of

SERVICE = "booking"


@pytest.fixture
def settings(cluster: World) -> Settings:
    return Settings(
        kafka_bootstrap_servers=cluster.bootstrap,
        database_url=cluster.database_url,
        topic_prefix=cluster.topic_prefix,
    )


@pytest.fixture
async def database(settings: Settings) -> AsyncIterator[Database]:
    await prepare(SERVICE, settings)
    database = Database(service_database_url(settings, SERVICE), application_name="letters")
    yield database
    await database.dispose()


async def save(database: Database, *records: Record, cluster: str = "c") -> list[Message]:
    letters = [(record, letter_of(record, cluster=cluster)) for record in records]
    async with database.transaction() as tx:
        await store.save(tx, CONSUMER, cluster, letters)
    return [message for _, message in letters]


async def load(database: Database, *records: Record, cluster: str = "c") -> list[Message]:
    async with database.transaction() as tx:
        found = await store.load(tx, CONSUMER, SERVICE, cluster, records)
    return list(found.values())


async def opened(database: Database) -> int:
    async with database.transaction() as tx:
        return sum((await unresolved.count(tx)).values())


async def applied(database: Database, *records: Record) -> None:
    async with database.transaction() as tx:
        await unresolved.close(tx, SERVICE, records)


def on_redrive(*headers: tuple[str, bytes]) -> Record:
    return Record(f"{SERVICE}.redrive", 0, 3, AT, b"k", b"{}", headers)


ODD = a_record(b"\x00\xff", None, (("\udcff", b"\x00"), ("none", None), ("nul\x00", b"")))  # type: ignore[arg-type]
LARGE = a_record(b"a" * 3_000_000)
NULL = a_record(None, None, ())


async def test_a_letter_is_found_again_byte_for_byte(database: Database) -> None:
    records = [replace(record, offset=number) for number, record in enumerate((ODD, LARGE, NULL))]
    assert await load(database, *records) == []
    saved = await save(database, *records)
    assert await save(database, *records) == saved
    assert await load(database, *records) == saved
    assert await opened(database) == 3


@pytest.mark.parametrize("record", [ODD, LARGE, NULL], ids=["odd", "large", "null"])
async def test_the_broker_takes_a_letter_of_any_record(settings: Settings, record: Record) -> None:
    await ensure_topics(settings, (dead_letters(SERVICE),))
    publisher = Publisher(settings, "letters")
    await publisher.start()
    await publisher.publish([letter_of(record)])
    await publisher.stop()


async def test_a_record_of_a_new_cluster_is_not_taken_for_the_letter_at_its_offset(
    database: Database,
) -> None:
    record = a_record()
    [old] = await save(database, record)
    assert await load(database, record, cluster="new") == []
    [new] = await save(database, record, cluster="new")
    assert await load(database, record, cluster="new") == [new]
    assert await load(database, record) == [old]
    assert story_of(old)["dead-letter-id"] != story_of(new)["dead-letter-id"]


async def test_a_letter_is_open_until_its_redriven_record_is_applied(database: Database) -> None:
    [first, second] = await save(database, a_record(), replace(a_record(), offset=18))
    identifier = story_of(first)["dead-letter-id"].encode()
    await applied(database, replace(on_redrive(("redrive-of", identifier)), topic=CONSUMER))
    assert await opened(database) == 2, "a stranger's header on a command closes nothing"
    await applied(database, on_redrive(("redrive-of", b"forged"), ("redrive-of", identifier)))
    assert await opened(database) == 1
    discarded = story_of(second)["dead-letter-id"].encode()
    await applied(database, on_redrive(("ce_type", DISCARDED.encode()), ("discard-of", discarded)))
    assert await opened(database) == 0


@pytest.mark.parametrize(
    ("headers", "note"),
    [
        ([("ce_type", DISCARDED.encode()), ("discard-of", b"1")], True),
        ([("ce_type", DISCARDED.encode()), ("discard-of", b"1"), ("redrive-of", b"2")], False),
        ([("ce_type", b"appointment.create"), ("discard-of", b"1"), ("redrive-of", b"2")], False),
        ([], False),
    ],
)
def test_only_an_operators_note_is_not_decoded(headers: list[tuple[str, bytes]], note: bool) -> None:
    assert unresolved.is_note(on_redrive(*headers), SERVICE) is note


async def test_open_letters_are_shown_and_consumers_without_any_as_zero(database: Database) -> None:
    await save(database, a_record())
    async with database.transaction() as tx:
        await unresolved.note(tx, "notifier.deliveries", [store.identity(NULL, "x", "c")])
    count = dead_letter_jobs.count_open(database, SERVICE, [CONSUMER, "idle"])
    await count()
    assert shown() == {CONSUMER: 1, "idle": 0, "notifier.deliveries": 1}
    async with database.transaction() as tx:
        await tx.driver.execute("DELETE FROM open_dead_letters")
    await count()
    assert shown() == {CONSUMER: 0, "idle": 0, "notifier.deliveries": 0}


def shown() -> dict[str, float]:
    [metric] = DEAD_LETTERS_OPEN.collect()
    return {sample.labels["consumer"]: sample.value for sample in metric.samples}


async def test_old_letters_are_forgotten_slice_by_slice(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save(database, *(replace(a_record(), offset=number) for number in range(7)))
    async with database.transaction() as tx:
        await tx.driver.execute(
            "UPDATE dead_letters SET created_at = now() - interval '31 days' WHERE \"offset\" < 5"
        )
        await tx.driver.execute("UPDATE open_dead_letters SET opened_at = now() - interval '31 days'")
    monkeypatch.setattr(dead_letter_jobs, "_SLICE", 2)
    await dead_letter_jobs.forget_old(database)()
    async with database.transaction() as tx:
        assert await tx.driver.fetchval("SELECT count(*) FROM dead_letters") == 2
    assert await opened(database) == 0


async def test_what_the_release_before_writes_during_an_update_is_found_and_counted(
    database: Database,
) -> None:
    record = a_record()
    message = letter_of(record)
    async with database.transaction() as tx:
        await tx.driver.execute(
            "INSERT INTO progress (consumer, topic, partition, next_offset, published_offset, cluster_id)"
            " VALUES ($1, $2, $3, 0, 0, 'c')",
            CONSUMER,
            record.topic,
            record.partition,
        )
        await tx.driver.execute(
            'INSERT INTO dead_letters (id, consumer, topic, partition, "offset", key, value, headers)'
            " VALUES (gen_random_uuid(), $1, $2, $3, $4, $5, $6, '[]') ON CONFLICT DO NOTHING",
            CONSUMER,
            record.topic,
            record.partition,
            record.offset,
            message.key,
            message.value,
        )
    assert [found.value for found in await load(database, record)] == [message.value]
    assert await opened(database) == 1
