"""The local PostgreSQL and Kafka: what they acknowledged survives kill -9, and two stacks live side by side."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from tests.support.stack import OwnStack
from tests.support.world import World, at_database

RECORDS = 200


async def create_topic(bootstrap: str, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, num_partitions=1, replication_factor=1)])
    finally:
        await admin.close()


async def read_all(bootstrap: str, topic: str, count: int) -> list[bytes | None]:
    consumer = AIOKafkaConsumer(topic, bootstrap_servers=bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        return [(await consumer.getone()).value for _ in range(count)]
    finally:
        await consumer.stop()


async def publish(bootstrap: str, topic: str, values: list[bytes]) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all", enable_idempotence=True)
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(topic, value)
    finally:
        await producer.stop()


async def test_kafka_keeps_what_it_acknowledged_before_a_kill(own_stack: OwnStack) -> None:
    topic = f"{own_stack.world().topic_prefix}kept"
    values = [f"record {n}".encode() for n in range(RECORDS)]
    await create_topic(own_stack.bootstrap, topic)
    await publish(own_stack.bootstrap, topic, values)
    await own_stack.broker.kill()
    await own_stack.broker.start_ready()
    assert await read_all(own_stack.bootstrap, topic, RECORDS) == values


async def test_postgres_keeps_what_it_committed_before_a_kill(own_stack: OwnStack) -> None:
    url = at_database(own_stack.database_server, "postgres")
    connection = await asyncpg.connect(url)
    await connection.execute("CREATE TABLE kept AS SELECT n FROM generate_series(1, 200) AS n")
    await own_stack.postgres.kill()
    connection.terminate()
    await own_stack.postgres.start_ready()
    connection = await asyncpg.connect(url)
    try:
        assert await connection.fetchval("SELECT count(*) FROM kept") == RECORDS
    finally:
        await connection.close()


async def test_postgres_demands_the_password(own_stack: OwnStack) -> None:
    url = at_database(own_stack.database_server, "postgres").replace("appointments:", "appointments:wrong", 1)
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(url)


async def test_a_suspended_server_answers_nobody_until_it_is_resumed(own_stack: OwnStack) -> None:
    own_stack.postgres.suspend()
    own_stack.broker.suspend()
    try:
        assert not await own_stack.postgres.program.ready()
        assert not await own_stack.broker.program.ready()
    finally:
        own_stack.postgres.resume()
        own_stack.broker.resume()
    assert await own_stack.postgres.program.ready()


async def test_a_second_stack_beside_the_first_is_another_one(own_stack: OwnStack, cluster: World) -> None:
    topic = f"{cluster.topic_prefix}elsewhere"
    await create_topic(cluster.bootstrap, topic)
    admin = AIOKafkaAdminClient(bootstrap_servers=own_stack.bootstrap)
    await admin.start()
    try:
        assert topic not in await admin.list_topics()
    finally:
        await admin.close()
