"""`appointments migrate`: bring the services' databases up to date."""

from typing import Annotated

import typer

from chassis.configuration.settings import Settings
from chassis.database.migrations import migrate as upgrade
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, fail, say
from contracts.topics import WORKERS


def migrate(
    services: Annotated[
        list[str] | None, typer.Argument(help="Which services; all that have a database if none is named.")
    ] = None,
    home: HomeOption = None,
) -> None:
    """Create databases and roles that are absent and upgrade each schema to its newest revision."""
    unknown = [name for name in services or () if name not in WORKERS]
    if unknown:
        fail(
            f"no service with a database is called {unknown[0]} (there are: {', '.join(WORKERS)})", EXIT_USAGE
        )
    settings = kafka.settings_for(home)
    kafka.run(_migrate(services or list(WORKERS), settings), settings)


async def _migrate(services: list[str], settings: Settings) -> None:
    """One after the other: alembic's environment is global to the process."""
    for service in services:
        await upgrade(service, settings)
        say(f"{service}: at its newest revision")
