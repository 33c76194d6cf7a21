"""Kafka and PostgreSQL in containers, for `TEST_STACK=docker`; None where no Docker engine answers."""

import contextlib
import warnings
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from chassis.configuration.settings import Settings
from deploy.local.kafka import answers, broker_settings
from deploy.local.ports import free_port
from tests.support.eventually import eventually

KAFKA_IMAGE = "apache/kafka:4.3.1"
POSTGRES_IMAGE = "postgres:18"
START_SECONDS = 120.0


def engine_answers() -> bool:
    """Whether a Docker engine can be reached."""
    import docker  # type: ignore[import-untyped]

    with contextlib.suppress(docker.errors.DockerException):
        docker.from_env().ping()
        return True
    return False


@asynccontextmanager
async def kafka_container() -> AsyncIterator[str]:
    """Bootstrap servers of a Kafka container with the settings of the local stack.

    The port is the same inside and outside, because a broker tells its clients the port that it listens on.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from testcontainers.core.container import DockerContainer
    port = free_port()
    settings = broker_settings(port=port, controller_port=9093, data="/tmp/kafka", listen="0.0.0.0")
    container = DockerContainer(KAFKA_IMAGE).with_bind_ports(port, port)
    for name, value in settings.items():
        container = container.with_env("KAFKA_" + name.upper().replace(".", "_"), value)
    with container:
        bootstrap = f"127.0.0.1:{port}"
        await eventually(lambda: answers(Settings(kafka_bootstrap_servers=bootstrap)), START_SECONDS)
        yield bootstrap


@asynccontextmanager
async def postgres_container() -> AsyncIterator[str]:
    """Base URL, without a path, of a PostgreSQL container."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from testcontainers.postgres import PostgresContainer
    container = PostgresContainer(
        POSTGRES_IMAGE, username="appointments", password="appointments", driver=None
    )
    container = container.with_command("postgres -c max_connections=200")
    with container:
        url = f"127.0.0.1:{container.get_exposed_port(5432)}"
        yield f"postgresql://appointments:appointments@{url}"
