"""The notifier's queue, which the log does not have: failed attempts so far, and the time of the next one."""

import asyncio
from collections.abc import Iterable
from uuid import UUID

from chassis.clock import now
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.transactions import Database, DatabaseError
from cli.trace.records import DeliveryId, Step, short
from cli.trace.story import WAITS, Story
from services.notifier.store.waiting import Waiting, waiting

_WITHIN = 3.0  # seconds


async def add_waiting(story: Story, appointment: UUID, settings: Settings) -> str | None:
    """Add the state of the notifier's queue to the story; return a sentence if its database cannot be asked."""
    database = Database(service_database_url(settings, "notifier"), application_name="appointments-cli")
    try:
        async with asyncio.timeout(_WITHIN), database.transaction() as tx:
            note_waiting(story, await waiting(tx, appointment))
    except (*DatabaseError, OSError, TimeoutError):
        return "the notifier's database does not answer: waiting deliveries are shown without their attempts"
    finally:
        await database.dispose()
    return None


def note_waiting(story: Story, queued: Iterable[Waiting]) -> None:
    """Add a step to each delivery that was tried, or that waits for the Communication Service."""
    for item in queued:
        delivery = story.deliveries.get(DeliveryId(str(item.id)))
        because = f" ({short(item.reason)})" if item.reason else ""
        if delivery is None or delivery.steps[-1].state == "held":
            continue
        if item.outage:
            delivery.steps.append(Step(now(), WAITS, f"waits for the Communication Service{because}"))
        elif item.attempts:
            delivery.steps.append(
                Step(now(), WAITS, f"waits for attempt {item.attempts + 1}{because}", item.due)
            )
