"""Reasons for a failing connection, in one sentence for the operator: server, variable, remedy."""

import asyncio
import logging
import os
import socket
import ssl
import time
from collections.abc import Iterator
from typing import Any

import asyncpg
from aiokafka.errors import (
    AuthenticationFailedError,
    ClusterAuthorizationFailedError,
    GroupAuthorizationFailedError,
    KafkaConnectionError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnsupportedSaslMechanismError,
)

from chassis.access import DatabaseDenies, KafkaDenies, denied_sentence
from chassis.configuration import dsn
from chassis.configuration.environment import variable
from chassis.configuration.settings import Settings, database_variable, service_database_url
from chassis.database.connecting import NoSuchHost
from chassis.database.roles import READ_BY_INGRESS, reader_url
from chassis.kafka.client import principal
from chassis.kafka.oauth import NoToken
from contracts.topics import WORKERS

_AWAY = ("08", "53", "57")  # SQLSTATE classes: connection, resources, shutting down or starting
RECENT = 60.0  # seconds for which a client's own report of a failure counts


class _Failures(logging.Handler):
    """The result of the latest connection to each server: the client only logs it, and raises something vaguer."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._latest: list[tuple[float, BaseException]] = []

    def emit(self, record: logging.LogRecord) -> None:
        arguments = record.args if isinstance(record.args, tuple) else ()
        for argument in arguments:
            if isinstance(argument, BaseException):
                self._latest = [*self._latest[-9:], (time.monotonic(), argument)]

    def recent(self) -> list[BaseException]:
        """The failures of the last minute, newest first."""
        since = time.monotonic() - RECENT
        return [error for at, error in reversed(self._latest) if at >= since]


_failures = _Failures()
logging.getLogger("aiokafka").addHandler(_failures)


def explain(error: BaseException, settings: Settings, dependency: str = "kafka") -> str:
    """Why Kafka or PostgreSQL (`dependency`: `postgres`) cannot be used, in one sentence without secrets."""
    of_database = (asyncpg.PostgresError, asyncpg.InterfaceError, NoSuchHost, DatabaseDenies)
    if dependency.startswith("postgres") or isinstance(error, of_database):
        return _database(error, settings)
    causes = list(_chain(error))
    if isinstance(error, KafkaConnectionError | asyncio.TimeoutError):
        causes += [cause for failure in _failures.recent() for cause in _chain(failure)]
    found = (sentence for cause in causes if (sentence := _kafka(cause, settings)))
    where = f"Kafka at {', '.join(settings.kafka_servers)}"
    return next(found, "") or f"{where} does not answer ({_short(causes[-1])}): KAFKA_BOOTSTRAP_SERVERS"


def _kafka(error: BaseException, settings: Settings) -> str | None:
    where = f"Kafka at {', '.join(settings.kafka_servers)}"
    if isinstance(error, KafkaDenies | NoToken):
        return str(error)
    if isinstance(error, TopicAuthorizationFailedError | GroupAuthorizationFailedError):
        kind = "group" if isinstance(error, GroupAuthorizationFailedError) else "topic"
        return denied_sentence(settings, f"use {_denied(error, kind)}")
    if isinstance(error, ClusterAuthorizationFailedError):
        return denied_sentence(settings, "publish (Write on a topic, or IdempotentWrite on the cluster)")
    if isinstance(error, SaslAuthenticationFailed | AuthenticationFailedError):
        return (
            f"{where} refuses the login of {principal(settings)}: {_credentials(settings)} wrong or expired"
        )
    if isinstance(error, UnsupportedSaslMechanismError):
        return f"{where} does not offer {settings.kafka_sasl_mechanism}: {variable(settings, 'kafka_sasl_mechanism')}"
    if isinstance(error, ssl.SSLError):
        own = variable(settings, "kafka_ssl_certfile")
        return (
            f"{where}: {_tls(error, variable(settings, 'kafka_ssl_cafile'), own, 'KAFKA_SECURITY_PROTOCOL')}"
        )
    if isinstance(error, socket.gaierror):
        return f"{where}: the name of a server is not known ({_short(error)}): KAFKA_BOOTSTRAP_SERVERS"
    return None


def _denied(error: BaseException, kind: str) -> str:
    """The topics or the group that an error of the client is about; some errors do not name them."""
    named = error.args[0] if error.args else ()
    names = sorted(map(str, [named] if isinstance(named, str) else named))
    return f"the {kind} {', '.join(names)}" if names else f"a {kind}"


def _credentials(settings: Settings) -> str:
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        return "the token (KAFKA_SASL_OAUTHBEARER_…) is"
    names = (variable(settings, name) for name in ("kafka_sasl_username", "kafka_sasl_password"))
    return f"{' or '.join(names)} is"


def _database(error: BaseException, settings: Settings) -> str:
    url, name = _address(settings)
    where, user = f"PostgreSQL database {dsn.shown(url)}", dsn.user(url)
    for cause in _chain(error):
        if isinstance(cause, asyncpg.InvalidPasswordError):
            return f"{where} refuses the password of {user}: {name} is wrong, or the password has expired"
        if isinstance(cause, asyncpg.InvalidAuthorizationSpecificationError):
            return f"{where} does not let {user} in ({_short(cause)}): {name}"
        if isinstance(cause, asyncpg.InvalidCatalogNameError):
            return f"{where} does not exist: run the migrations (`appointments migrate`), or correct {name}"
        if isinstance(cause, asyncpg.InsufficientPrivilegeError | DatabaseDenies):
            return (
                f"{where} does not let {user} ({name}) do its work ({_short(cause)}): "
                "run the migrations as the owner of the tables, which grant the missing rights"
            )
        if isinstance(cause, ssl.SSLError):
            return f"{where}: {_tls(cause, f'sslrootcert in {name}', f'sslcert in {name}', f'sslmode in {name}')}"
        if isinstance(cause, NoSuchHost):
            return f"{where}: no server there is what {name} asks for ({_short(cause)}); waiting for one"
        if isinstance(cause, socket.gaierror):
            return f"{where}: the name of a server is not known: {name}"
    if isinstance(error, asyncpg.PostgresError) and not str(error.sqlstate).startswith(_AWAY):
        return f"{where}: {type(error).__name__}: {_short(error)}"
    return f"{where} does not answer ({type(error).__name__}: {_short(error)}): {name}"


def _address(settings: Settings) -> tuple[str, str]:
    """The address of the process's database, and the variable that sets it."""
    if settings.service == "ingress":
        given = "ingress" in settings.database_urls
        return reader_url(settings), "INGRESS_DATABASE_URL" if given else database_variable(
            settings, READ_BY_INGRESS
        )
    service = settings.service
    if service not in WORKERS:
        return settings.database_url, "DATABASE_URL"
    return service_database_url(settings, service), database_variable(settings, service)


def _tls(error: ssl.SSLError, trusted: str, own: str, mode: str) -> str:
    if isinstance(error, ssl.SSLCertVerificationError):
        detail: Any = error.verify_message
        if "expired" in detail:
            return f"the server's certificate has expired ({detail}): the server needs a new one"
        if "Hostname" in detail or "IP address" in detail:
            return f"the server's certificate is for another name ({detail})"
        return f"the server's certificate is not trusted ({detail}): {trusted} must hold that of its issuer"
    reason = str(error.reason or error).replace("_", " ").lower()
    if "certificate" in reason:
        return f"the server refuses our certificate ({reason}): {own} is missing, expired or not trusted"
    return f"no TLS is spoken there ({reason}): {mode}"


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__


def _short(error: BaseException) -> str:
    if isinstance(error, ConnectionError) and error.errno:
        return os.strerror(error.errno).lower()  # asyncio's own text is for programmers
    lines = str(error).splitlines()
    return lines[0][:200] if lines else type(error).__name__
