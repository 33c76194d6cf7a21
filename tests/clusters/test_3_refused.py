"""A lasting refusal: one sentence about it, from a process that lives, waits and is not ready."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from chassis.topics import acls
from deploy.local.ports import HOST
from tests.clusters.brokers import Brokers
from tests.clusters.certificates import Authority
from tests.clusters.fleet import DATABASE, DENIED, POOR
from tests.clusters.process import booking
from tests.clusters.servers import Servers
from tests.support import eventually
from tests.support.cli import Cli


@asynccontextmanager
async def tls_server(authority: Authority, *, expired: bool) -> AsyncIterator[str]:
    """A server that shows a certificate and then says nothing."""
    pair = authority.sign("silent", expired=expired)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair.certificate, pair.key)

    async def nothing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()

    server = await asyncio.start_server(nothing, HOST, 0, ssl=context)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def test_a_wrong_password_for_kafka(place: Path, environment: dict[str, str], brokers: Brokers) -> None:
    async with booking(place, environment, BOOKING_KAFKA_SASL_PASSWORD="wrong") as process:
        sentence = await process.says("kafka", "User:booking", "BOOKING_KAFKA_SASL_PASSWORD")
        assert "wrong-secret" not in sentence
        assert brokers.programs[1].bootstrap in sentence


async def test_a_certificate_of_kafka_that_nobody_here_trusts(
    place: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other").certificate
    async with booking(place, environment, KAFKA_SSL_CAFILE=str(other)) as process:
        await process.says("kafka", "not trusted", "KAFKA_SSL_CAFILE")


async def test_a_certificate_of_kafka_that_has_expired(
    place: Path, environment: dict[str, str], authority: Authority
) -> None:
    async with (
        tls_server(authority, expired=True) as server,
        booking(place, environment, KAFKA_BOOTSTRAP_SERVERS=server) as process,
    ):
        await process.says("kafka", "has expired", server)


async def test_a_missing_acl_is_waited_for(
    place: Path, environment: dict[str, str], brokers: Brokers, fleet: Cli
) -> None:
    other = {"BOOKING_KAFKA_SASL_USERNAME": DENIED, "BOOKING_KAFKA_SASL_PASSWORD": f"{DENIED}-secret"}
    identity = (await fleet.env())["IDENTITY_URL"]
    async with booking(place, environment | other, IDENTITY_URL=identity) as process:
        await process.says("kafka", f"User:{DENIED}", "booking.commands", "topics --acls")
        await brokers.allow(f"User:{DENIED}", acls.of("booking"))
        await eventually(process.child.program.ready, 90, interval=0.2)


async def test_a_wrong_password_for_postgres(
    place: Path, environment: dict[str, str], servers: Servers
) -> None:
    url = servers.url(f"{DATABASE}_booking", "fleet_booking", "wrong")
    async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
        await process.says("postgres", "fleet_booking", "refuses the password", "BOOKING_DATABASE_URL")


async def test_a_missing_privilege_in_postgres(
    place: Path, environment: dict[str, str], servers: Servers
) -> None:
    await servers.sql(f"CREATE ROLE {POOR} LOGIN PASSWORD '{POOR}-secret'")
    url = servers.url(f"{DATABASE}_booking", POOR, f"{POOR}-secret")
    async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
        await process.says("postgres", POOR, "tables ", " more", "migrations", "BOOKING_DATABASE_URL")


async def test_a_certificate_of_postgres_that_nobody_here_trusts(
    place: Path, environment: dict[str, str], servers: Servers, tmp_path: Path
) -> None:
    other = Authority(tmp_path, "other").certificate
    trusted = str(servers.authority.certificate).replace("/", "%2F")
    url = environment["BOOKING_DATABASE_URL"].replace(trusted, str(other).replace("/", "%2F"))
    async with booking(place, environment, BOOKING_DATABASE_URL=url) as process:
        await process.says("postgres", "not trusted", "sslrootcert in BOOKING_DATABASE_URL")


@pytest.mark.parametrize("arguments", [("topics",), ("dlq", "ls")])
async def test_the_command_line_says_it_in_a_sentence(
    fleet: Cli, environment: dict[str, str], arguments: tuple[str, ...]
) -> None:
    wrong = Cli(fleet.home, fleet.offset, environment | {"KAFKA_SASL_PASSWORD": "wrong"})
    answer = await wrong(*arguments)
    assert answer.returncode == 6, answer.stderr
    assert "User:cli" in answer.stderr
    assert "KAFKA_SASL_PASSWORD" in answer.stderr
    assert "Traceback" not in answer.stderr
