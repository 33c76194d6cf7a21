"""`appointments restore`: refill the preferences in the notifier's database after it was lost."""

from typing import Annotated

import typer

from chassis.configuration.settings import Settings, service_database_url
from chassis.database.transactions import Database
from cli import kafka
from cli.console import EXIT_USAGE, HomeOption, JsonOption, fail, out, print_json, say, with_examples
from cli.trace.preference_history import is_about_preferences
from contracts.topics import NOTIFIER_EVENTS
from services.notifier.preferences.restore import newest
from services.notifier.preferences.restore import restore as restore_into


@with_examples("appointments restore preferences")
def restore(
    what: Annotated[str, typer.Argument(metavar="[preferences]", help="Restore these.")] = "preferences",
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Restore the notifier's lost preferences from the log.

    Run it before the notifier starts again. Rows of the same or a newer version stay, so a repetition changes nothing.
    """
    if what != "preferences":
        fail(f"there is nothing called {what[:60]!r} to restore (there is: preferences)", EXIT_USAGE)
    settings = kafka.settings_for(home)
    kafka.name_target(settings, kafka=False, service="notifier")
    persons, organizations = kafka.run(_restore(settings), settings)
    if json or not out.is_terminal:
        print_json({"persons": persons, "organizations": organizations})
    else:
        say(f"restored the preferences of {persons:,} persons and {organizations:,} organizations")


async def _restore(settings: Settings) -> tuple[int, int]:
    found = newest(await kafka.collect(settings, [NOTIFIER_EVENTS.name], is_about_preferences))
    database = Database(service_database_url(settings, "notifier"), application_name="appointments-cli")
    try:
        async with database.transaction() as tx:
            return await restore_into(tx, found)
    finally:
        await database.dispose()
