"""`appointments migrate`: bring the services' databases up to date."""

from typing import Annotated

import typer

from chassis.configuration.settings import Settings
from chassis.database.migrations import migrate as upgrade
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, fail, say, unknown, with_examples
from contracts.topics import WORKERS


@with_examples("appointments migrate", "appointments migrate booking notifier")
def migrate(
    services: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[SERVICE]...", help="Upgrade only these (default: all that have a database)."
        ),
    ] = None,
    home: HomeOption = None,
) -> None:
    """Create databases and roles, and upgrade every schema.

    Databases and roles that exist are kept; each schema comes to its newest revision.
    """
    for name in services or ():
        if name not in WORKERS:
            fail(unknown("service with a database", name, WORKERS), EXIT_USAGE)
    settings = kafka.settings_for(home)
    kafka.name_target(settings, kafka=False, service=(services or WORKERS)[0])
    kafka.run(_migrate(services or list(WORKERS), settings), settings)


async def _migrate(services: list[str], settings: Settings) -> None:
    """Upgrade one after the other: alembic's environment is global to the process."""
    for service in services:
        await upgrade(service, settings)
        say(f"{service}: at its newest revision")
