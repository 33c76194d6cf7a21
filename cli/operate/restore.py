"""`appointments restore`: after the notifier's database was lost, give it back what people said about notifications."""

from typing import Annotated

import typer

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.transactions import Database
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, fail, out, print_json, say
from cli.trace.preference_history import tells_of_wishes
from contracts.topics import NOTIFIER_EVENTS
from services.notifier.preferences.restore import newest
from services.notifier.preferences.restore import restore as restore_into


def restore(
    what: Annotated[str, typer.Argument(help="What to restore: preferences.")] = "preferences",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Fill the notifier's database with the preferences that its events tell, before the notifier starts again.

    What the database has in the same or a newer version stays; doing it twice changes nothing.
    """
    if what != "preferences":
        fail(f"there is nothing called {what[:60]!r} to restore (there is: preferences)", EXIT_USAGE)
    settings = kafka.settings_for(home)
    persons, organizations = kafka.run(_restore(settings), settings)
    if json or not out.is_terminal:
        print_json({"persons": persons, "organizations": organizations})
    else:
        say(f"restored the preferences of {persons:,} persons and {organizations:,} organizations")


async def _restore(settings: Settings) -> tuple[int, int]:
    found = newest(await kafka.collect(settings, [NOTIFIER_EVENTS.name], tells_of_wishes))
    database = Database(service_database_url(settings, "notifier"), application_name="appointments-cli")
    try:
        async with database.transaction() as tx:
            return await restore_into(tx, found)
    finally:
        await database.dispose()
