"""Logins and rights that change under a running process: it says so in a sentence, lives on, and heals."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import quote
from uuid import UUID, uuid4

import pytest
from aiokafka import AIOKafkaProducer

from chassis.kafka.client import connection
from chassis.topics import acls
from chassis.topics.acls import Acl
from contracts import topics
from tests.clusters.brokers import Brokers
from tests.clusters.certificates import Authority, Pair
from tests.clusters.fleet import DATABASE, DENIED, each_has_one_outcome
from tests.clusters.process import Booking, booking
from tests.clusters.servers import Servers
from tests.clusters.tls import tls_before

OTHER_LOGIN = {"BOOKING_KAFKA_SASL_USERNAME": DENIED, "BOOKING_KAFKA_SASL_PASSWORD": f"{DENIED}-secret"}


@asynccontextmanager
async def certificates_only(servers: Servers, authority: Authority) -> AsyncIterator[str]:
    """The address of booking's database behind a server that takes nobody without a certificate."""
    pair = authority.sign("strict")
    async with tls_before(servers.writable, pair, clients=authority.certificate) as port:
        trusted = quote(str(authority.certificate), safe="")
        login = "fleet_booking:booking-secret"
        yield (
            f"postgresql://{login}@127.0.0.1:{port}/{DATABASE}_booking?sslmode=verify-full&sslrootcert={trusted}"
        )


async def test_a_clients_certificate_for_postgres(
    place: Path, environment: dict[str, str], servers: Servers, authority: Authority
) -> None:
    pair = authority.sign("client-of-postgres")
    async with certificates_only(servers, authority) as url:
        url = with_certificate(url, pair)
        async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
            await process.ready()


def with_certificate(url: str, pair: Pair) -> str:
    """The address with a client's certificate."""
    return f"{url}&sslcert={quote(str(pair.certificate), safe='')}&sslkey={quote(str(pair.key), safe='')}"


async def test_no_clients_certificate_where_postgres_demands_one(
    place: Path, environment: dict[str, str], servers: Servers, authority: Authority
) -> None:
    async with (
        certificates_only(servers, authority) as url,
        booking(place, environment, BOOKING_DATABASE_URL=url) as process,
    ):
        await process.says("postgres", "refuses our certificate", "sslcert in BOOKING_DATABASE_URL")


async def test_a_clients_certificate_that_has_expired_is_renewed_without_a_restart(
    place: Path, environment: dict[str, str], servers: Servers, authority: Authority
) -> None:
    old, new = authority.sign("expired-client", expired=True), authority.sign("renewed-client")
    async with certificates_only(servers, authority) as url:
        url = with_certificate(url, old)
        async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
            await process.says("postgres", "refuses our certificate", "sslcert in BOOKING_DATABASE_URL")
            old.key.write_bytes(new.key.read_bytes())
            old.certificate.write_bytes(new.certificate.read_bytes())
            await process.ready()


async def changed_password(servers: Servers, role: str, password: str) -> None:
    """The role has another password, and its sessions are broken off."""
    await servers.sql(f"ALTER ROLE {role} PASSWORD '{password}'")
    await servers.sql(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{role}'")


async def test_a_password_of_postgres_that_changes_under_a_running_process(
    place: Path, environment: dict[str, str], servers: Servers
) -> None:
    role = "rotated"
    await servers.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'first' IN ROLE fleet_booking")
    url = servers.url(f"{DATABASE}_booking", role, "first")
    async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
        await process.ready()
        await changed_password(servers, role, "second")
        sentence = await process.says("postgres", role, "refuses the password", "BOOKING_DATABASE_URL")
        assert "first" not in sentence
    url = servers.url(f"{DATABASE}_booking", role, "second")
    async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
        await process.ready()


async def test_a_password_of_postgres_in_a_file_needs_no_restart(
    place: Path, environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    role, file = "from_a_file", tmp_path / "passwords"
    await servers.sql(f"CREATE ROLE {role} LOGIN PASSWORD 'first' IN ROLE fleet_booking")
    file.write_text(f"*:*:*:{role}:first\n")
    file.chmod(0o600)
    url = servers.url(f"{DATABASE}_booking", role, "-").replace(f"{role}:-@", f"{role}@")
    async with booking(place, environment, BOOKING_DATABASE_URL=f"{url}&passfile={file}") as process:
        await process.ready()
        await changed_password(servers, role, "second")
        await process.says("postgres", role, "refuses the password", "BOOKING_DATABASE_URL")
        file.write_text(f"*:*:*:{role}:second\n")
        await process.ready()


def one_right(resource: str, name: str, operation: str) -> list[Acl]:
    """Of booking's ACLs the one operation on that resource."""
    [found] = [one for one in acls.of("booking") if (one.resource, one.name) == (resource, name)]
    return [Acl("booking", found.resource, found.name, (operation,), found.pattern)]


@pytest.fixture
async def stranger(place: Path, environment: dict[str, str], brokers: Brokers) -> AsyncIterator[Booking]:
    """A process of booking that is ready, with a principal of its own."""
    await brokers.allow(f"User:{DENIED}", acls.of("booking"))
    async with booking(place, environment | OTHER_LOGIN) as process:
        await process.ready()
        yield process


async def test_the_right_to_read_is_withdrawn(stranger: Booking, brokers: Brokers) -> None:
    right = one_right("topic", topics.BOOKING_COMMANDS.name, "Read")
    await brokers.withdraw(f"User:{DENIED}", right)
    await stranger.says("rights (kafka)", f"User:{DENIED}", "Read topic booking.commands", "topics --acls")
    await brokers.allow(f"User:{DENIED}", right)
    await stranger.ready()


async def test_the_right_to_write_is_withdrawn(stranger: Booking, brokers: Brokers) -> None:
    right = one_right("topic", topics.BOOKING_OUTCOMES.name, "Write")
    await brokers.withdraw(f"User:{DENIED}", right)
    sent = await malformed_commands(brokers)
    await stranger.says("kafka (booking.commands)", f"User:{DENIED}", "topics --acls")
    await stranger.says("rights (kafka)", f"User:{DENIED}", "Write topic booking.outcomes", "topics --acls")
    await brokers.allow(f"User:{DENIED}", right)
    await stranger.ready()
    await each_has_one_outcome(brokers, sent, 60)


async def test_the_right_to_be_in_its_group_is_withdrawn(stranger: Booking, brokers: Brokers) -> None:
    right = one_right("group", "booking.", "Read")
    await brokers.withdraw(f"User:{DENIED}", right)
    await stranger.says("rights (kafka)", f"User:{DENIED}", "Read group booking.commands", "topics --acls")
    await brokers.allow(f"User:{DENIED}", right)
    await stranger.ready()
    await each_has_one_outcome(brokers, await malformed_commands(brokers), 60)


async def malformed_commands(brokers: Brokers) -> list[UUID | None]:
    """One on each partition, so that some come to any process; their outcomes need no Identity. Returns their ids."""
    producer = AIOKafkaProducer(**connection(brokers.settings()), acks="all")
    await producer.start()
    sent: list[UUID | None] = []
    try:
        for partition in range(6):
            sent.append(uuid4())
            headers = [("ce_id", str(sent[-1]).encode()), ("ce_type", b"appointment.create")]
            await producer.send_and_wait(
                topics.BOOKING_COMMANDS.name, b"{", headers=headers, partition=partition
            )
    finally:
        await producer.stop()
    return sent
