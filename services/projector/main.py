"""Wiring of the projector."""

from functools import partial

from chassis.configuration.settings import Settings, owner_database_url, service_database_url
from chassis.consuming.batch import Subscription
from chassis.consuming.newer import waits_for_newer
from chassis.database.transactions import Database
from chassis.service import Service
from contracts import topics
from services.projector import handlers, jobs
from services.projector.messages import incoming
from services.projector.messages.incoming import Fact
from services.projector.settings import ProjectorSettings

# One consumer for each topic, so that none waits for another; redriven records go through the first.
CALENDAR = "projector.calendar"
CONSUMERS: dict[str, tuple[str, ...]] = {
    CALENDAR: (topics.BOOKING_EVENTS.name, handlers.REDRIVE),
    "projector.commands": (topics.BOOKING_OUTCOMES.name,),
    "projector.preference-commands": (topics.NOTIFIER_OUTCOMES.name,),
    "projector.notifications": (topics.NOTIFIER_EVENTS.name,),
}

GATHER_SECONDS = 0.2  # people wait for bookings to show, not for the states of notifications

# All statements are keyed, and most batches have one record: one plan by the indexes, for ever, even while
# the tables are still empty and the statistics favour a scan.
KEYED_PLANS = {
    "plan_cache_mode": "force_generic_plan",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def database(
    settings: Settings, schema: str = "views", *, owner: bool = False, **server_settings: str
) -> Database:
    """Return the database for the tables of `schema`. `owner`: as the role that may create tables.

    Commits need not reach the disk: view and position are lost together and read from the log again.
    """
    return Database(
        (owner_database_url if owner else service_database_url)(settings, "projector"),
        application_name="appointments-projector",
        pool_size=8,
        server_settings={
            "search_path": f"{schema}, public",
            "synchronous_commit": "off",
            **KEYED_PLANS,
            **server_settings,
        },
    )


def build(settings: ProjectorSettings) -> Service:
    """Return the projector: events and outcomes in, views and the versions that they show out."""
    service = Service("projector", settings, database=database(settings))
    for name, names in CONSUMERS.items():
        subscription = Subscription[Fact](
            name=name,
            topics=names,
            decode=incoming.read,
            handle=handlers.handle,
            republish=handlers.republish,
            gather=0.0 if name == CALENDAR else GATHER_SECONDS,
        )
        service.consume(waits_for_newer(subscription))
    service.every("forget", partial(jobs.forget, service.database, settings), cron="17 3 * * *")
    service.every("measure", partial(jobs.measure, service.database), seconds=15)
    return service


def main() -> None:
    """Run until stopped."""
    build(ProjectorSettings()).run()
