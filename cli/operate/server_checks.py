"""Checks of Kafka, PostgreSQL and the processes for `appointments doctor`."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from importlib.resources import files
from pathlib import Path

from aiokafka.errors import KafkaError
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from chassis.clock import now
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.transactions import Database, DatabaseError
from chassis.reasons import explain
from chassis.topics.creation import check_topics
from cli.operate.checks import Result
from cli.stack.states import trouble
from contracts.topics import ALL, WORKERS
from deploy.local.report import Report

_WITHIN = 15.0  # seconds
_CLOCK_SECONDS = 2.0
_VERSIONS = text(
    "SELECT (SELECT max(version_num) FROM chassis_version), (SELECT max(version_num) FROM alembic_version), now()"
)


def processes(report: Report) -> Iterable[Result]:
    """Check that every process is ready."""
    for name, row in report.items():
        why = f": {trouble(row)}" if trouble(row) else ""
        yield Result(
            f"{name}{'' if row['ready'] else ' is not ready' + why}",
            bool(row["ready"]),
            f"appointments logs {name}",
        )


async def servers(settings: Settings) -> AsyncIterator[Result]:
    """Check that Kafka answers and has the topics of the contract, and every database its newest schema and the right time."""
    yield await _kafka(settings)
    for service in WORKERS:
        for result in await _database(settings, service):
            yield result


async def _kafka(settings: Settings) -> Result:
    where = ", ".join(settings.kafka_servers)
    try:
        async with asyncio.timeout(_WITHIN):
            found = await check_topics(settings, ALL)
    except (KafkaError, OSError, TimeoutError) as error:
        return Result(
            f"Kafka: {explain(error, settings)}", False, "start it, or correct KAFKA_BOOTSTRAP_SERVERS"
        )
    if found:
        topics = ", ".join(dict.fromkeys(difference.topic for difference in found))
        return Result(
            f"Kafka at {where}: topics differ from their contract: {topics}", False, "appointments topics"
        )
    return Result(f"Kafka at {where}, {len(ALL)} topics as their contract says", True)


async def _database(settings: Settings, service: str) -> list[Result]:
    database = Database(service_database_url(settings, service), application_name="appointments-cli")
    try:
        async with asyncio.timeout(_WITHIN), database.transaction() as tx:
            [(schema, own, at)] = await tx.execute(_VERSIONS)
    except (*DatabaseError, DBAPIError, OSError, TimeoutError) as error:
        away = isinstance(error, OSError | TimeoutError)
        remedy = "start it, or correct the address" if away else f"appointments migrate {service}"
        return [Result(f"schema of {service}: {explain(error, settings, 'postgres')}", False, remedy)]
    finally:
        await database.dispose()
    wanted = (head_of(Path(str(files("chassis"))) / "schema"), head_of(_folder(service)))
    apart = abs((now() - at).total_seconds())
    results = [
        Result(
            f"schema of {service}"
            if (schema, own) == wanted
            else f"schema of {service} is at {own}, not at {wanted[1]}",
            (schema, own) == wanted,
            f"appointments migrate {service}",
        )
    ]
    if apart > _CLOCK_SECONDS:
        results.append(
            Result(
                f"the clock of {service}'s database is {apart:.0f} s away from ours", False, "run NTP on both"
            )
        )
    return results


def head_of(folder: Path) -> str | None:
    """Return the newest revision in a folder of migrations."""
    return ScriptDirectory(str(folder)).get_current_head()


def _folder(service: str) -> Path:
    return Path(str(files(f"services.{service}"))) / "migrations"
