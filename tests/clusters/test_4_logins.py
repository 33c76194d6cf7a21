"""Every way to log in to Kafka that the settings know, against brokers that demand it."""

import asyncio
import base64
import json
import time
from pathlib import Path
from typing import Any

import pytest
from aiokafka import AIOKafkaProducer
from faststream.kafka import KafkaBroker

from chassis.configuration.settings import Settings
from chassis.kafka.client import broker_connection, cluster_id, connection
from chassis.topics import acls
from tests.clusters.brokers import Brokers
from tests.clusters.certificates import Authority

USER = {"kafka_sasl_username": "booking", "kafka_sasl_password": "booking-secret"}


def unsigned_token(subject: str) -> str:
    """A token that Kafka takes where it is told to trust anybody."""
    now = int(time.time())
    parts = ({"alg": "none"}, {"sub": subject, "iat": now, "exp": now + 600})
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    return ".".join(encoded) + "."


async def gets_in(settings: Settings) -> None:
    """A producer, an admin client and FastStream's broker all connect."""
    producer = AIOKafkaProducer(**connection(settings), acks="all", enable_idempotence=True)
    await producer.start()
    try:
        assert await producer.partitions_for("booking.outcomes")
    finally:
        await producer.stop()
    assert await cluster_id(settings)
    broker = KafkaBroker(**broker_connection(settings), consumer_only=True, logger=None)
    subscriber = broker.subscriber("booking.commands", group_id="booking.logins", no_reply=True)

    @subscriber
    async def ignore(body: bytes) -> None:
        """A consumer is what connects."""

    try:
        await asyncio.wait_for(broker.start(), 60)
    finally:
        await broker.stop()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_by_password(brokers: Brokers, environment: dict[str, str], mechanism: str) -> None:
    await gets_in(brokers.settings(kafka_sasl_mechanism=mechanism, **USER))


async def test_by_a_token_from_a_file(brokers: Brokers, environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(unsigned_token("booking") + "\n")
    given: dict[str, Any] = {"kafka_sasl_oauthbearer_token_file": str(file)}
    await gets_in(brokers.settings(kafka_sasl_mechanism="OAUTHBEARER", **given))


async def test_by_a_clients_certificate(
    brokers: Brokers, environment: dict[str, str], authority: Authority
) -> None:
    pair = authority.sign("certified")
    await brokers.allow("User:CN=certified", acls.of("booking"))
    await gets_in(
        Settings(
            kafka_bootstrap_servers=brokers.certificate_bootstrap,
            kafka_security_protocol="SSL",
            kafka_ssl_cafile=str(authority.certificate),
            kafka_ssl_certfile=str(pair.certificate),
            kafka_ssl_keyfile=str(pair.key),
        )
    )
