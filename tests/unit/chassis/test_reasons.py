"""Why a connection fails: one sentence that names server, variable and remedy."""

import logging
import socket
import ssl
from typing import Any

import asyncpg
import pytest
from aiokafka.errors import (
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
)

from chassis import reasons
from chassis.access import DatabaseDenies
from chassis.configuration.settings import Settings
from chassis.database.connecting import NoSuchHost
from chassis.reasons import explain


class BookingSettings(Settings):
    """Those of one service."""

    service = "booking"


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setattr(reasons._failures, "_latest", [])
    monkeypatch.setenv("BOOKING_KAFKA_SASL_USERNAME", "booking")
    return BookingSettings(
        kafka_bootstrap_servers="k1:1,k2:2",
        kafka_security_protocol="SASL_PLAINTEXT",
        kafka_sasl_mechanism="PLAIN",
        kafka_sasl_password="hidden",
        database_url="postgresql://me:hidden@db1:1,db2:2/base",
    )


def certificate_error(message: str) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, message)
    error.verify_message = message
    return error


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (SaslAuthenticationFailed(), ("User:booking", "BOOKING_KAFKA_SASL_USERNAME", "k1:1, k2:2")),
        (certificate_error("certificate has expired"), ("has expired", "k1:1")),
        (certificate_error("self-signed certificate in chain"), ("not trusted", "KAFKA_SSL_CAFILE")),
        (certificate_error("Hostname mismatch"), ("another name",)),
        (TopicAuthorizationFailedError("booking.commands"), ("topic booking.commands;", "topics --acls")),
        (TopicAuthorizationFailedError({"b", "a"}), ("use the topic a, b;",)),
        (TopicAuthorizationFailedError(), ("use a topic;",)),
        (GroupAuthorizationFailedError("booking.commands"), ("group", "booking.commands", "User:booking")),
        (socket.gaierror("Name or service not known"), ("name of a server", "KAFKA_BOOTSTRAP_SERVERS")),
        (KafkaConnectionError("Unable to bootstrap"), ("does not answer", "KAFKA_BOOTSTRAP_SERVERS")),
    ],
)
def test_kafka(error: Exception, words: tuple[str, ...], settings: Settings) -> None:
    found = explain(error, settings)
    assert all(word in found for word in words), found
    assert "hidden" not in found
    assert "\n" not in found


def test_what_the_client_only_logs_is_the_reason(settings: Settings) -> None:
    try:
        raise ConnectionRefusedError(111, "refused")
    except OSError as error:
        refused = error
    log = logging.getLogger("aiokafka.client")
    log.error('Unable connect to "%s:%s": %s', "k1", 1, SaslAuthenticationFailed())
    log.error('Unable connect to "%s:%s": %s', "k2", 2, refused)
    assert "refuses the login" in explain(KafkaConnectionError("Unable to bootstrap"), settings)


def test_a_failure_of_long_ago_is_no_reason(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    logging.getLogger("aiokafka.client").error("%s", SaslAuthenticationFailed())
    monkeypatch.setattr(reasons, "RECENT", -1.0)
    assert "does not answer" in explain(KafkaConnectionError("Unable to bootstrap"), settings)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (asyncpg.InvalidPasswordError("no"), ("refuses the password of me", "DATABASE_URL")),
        (asyncpg.InvalidAuthorizationSpecificationError("role"), ("does not let me in", "DATABASE_URL")),
        (asyncpg.InvalidCatalogNameError("gone"), ("does not exist", "appointments migrate")),
        (asyncpg.InsufficientPrivilegeError("progress"), ("progress", "as the owner")),
        (DatabaseDenies("progress, decisions"), ("progress, decisions", "as the owner")),
        (certificate_error("certificate has expired"), ("has expired",)),
        (certificate_error("unable to get local issuer"), ("not trusted", "sslrootcert in DATABASE_URL")),
        (NoSuchHost("db1:1 is not primary"), ("no server there", "waiting")),
        (TimeoutError(), ("does not answer", "DATABASE_URL")),
        (asyncpg.CannotConnectNowError("starting up"), ("does not answer", "starting up")),
        (asyncpg.DeadlockDetectedError("deadlock"), ("base_booking at db1:1, db2:2: Deadlock", "deadlock")),
    ],
)
def test_postgres(error: Exception, words: tuple[str, ...], settings: Settings) -> None:
    found = explain(error, settings, "postgres (booking.commands)")
    assert all(word in found for word in (*words, "base_booking at db1:1, db2:2")), found
    assert "hidden" not in found


def test_the_variable_is_the_one_that_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_DATABASE_URL", "postgresql://b:hidden@own:1/mine")
    given: dict[str, Any] = {"database_url": "postgresql://me:hidden@db/base"}
    found = explain(asyncpg.InvalidPasswordError("no"), BookingSettings(**given), "postgres")
    assert "mine at own:1" in found
    assert "BOOKING_DATABASE_URL" in found
