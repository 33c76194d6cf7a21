"""What the log cannot know: which attempts were made in vain so far, and when the next one is."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from chassis.clock import now
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.transactions import Database, DatabaseError
from cli.trace.story import WAITS, Step, Tale, short
from services.notifier.store.waiting import Waiting, waiting

_WITHIN = 3.0  # seconds


async def add_waiting(tale: Tale, appointment: UUID, settings: Settings) -> str | None:
    """Add to the tale what the notifier's queue says; returns a sentence if its database cannot be asked."""
    database = Database(service_database_url(settings, "notifier"), application_name="appointments-cli")
    try:
        async with asyncio.timeout(_WITHIN), database.transaction() as tx:
            tell_waiting(tale, await waiting(tx, appointment))
    except (*DatabaseError, OSError, TimeoutError):
        return "the notifier's database cannot be asked: what waits is shown without its attempts"
    finally:
        await database.dispose()
    return None


def tell_waiting(tale: Tale, queued: Iterable[Waiting]) -> None:
    """A step for each delivery that was tried, or that waits for the Communication Service; others only wait."""
    for item in queued:
        told = tale.told.get(str(item.id))
        because = f" ({short(item.reason)})" if item.reason else ""
        if told is None or told.steps[-1].state == "held":
            continue
        if item.outage:
            told.steps.append(Step(now(), WAITS, f"waits for the Communication Service{because}"))
        elif item.attempts:
            told.steps.append(Step(now(), WAITS, f"waits for attempt {item.attempts + 1}{because}", item.due))
