"""Wiring of reminders."""

from functools import partial

from chassis import clock
from chassis.configuration.settings import service_database_url
from chassis.consuming.batch import Subscription
from chassis.consuming.newer import waits_for_newer
from chassis.database.transactions import Database
from chassis.outbound.fetching import Fetcher
from chassis.sealing import Seal
from chassis.service import Service
from contracts import topics
from services.reminders import jobs
from services.reminders.calendars.poller import Poller
from services.reminders.delegation.communication import Communication
from services.reminders.delegation.mode import ReminderMode, mode_of
from services.reminders.delegation.worker import HandoverWorker
from services.reminders.firing.dispatcher import Dispatcher
from services.reminders.handlers import follow_booking, follow_preferences, nothing_to_republish
from services.reminders.messages.incoming import read_booking, read_preferences
from services.reminders.planning import replanning
from services.reminders.settings import RemindersSettings

NAME = "reminders"
MEASURE_SECONDS = 15
REPLAN_SECONDS = 1
GATHER_SECONDS = 0.1  # well below the look-ahead of firing
PREFERENCES_GATHER_SECONDS = 0.5  # nearly all of that topic is about deliveries, and skipped
POOL_SIZE = 10  # two consumers, three loops of the dispatcher, the jobs, the probe, polls between their calls


def build(settings: RemindersSettings, fetcher: Fetcher | None = None) -> Service:
    """Return the service: events and preferences in, timers stored, reminders.events and commands to booking
    out.

    `fetcher` calls the hosts of subscribed calendars; by default any public one.
    """
    database = Database(
        service_database_url(settings, NAME), application_name=f"appointments-{NAME}", pool_size=POOL_SIZE
    )
    service = Service(NAME, settings, database=database)
    dispatcher = Dispatcher(database, service.publisher, clock.now)
    mode = mode_of(settings.reminders)
    redrive = topics.redrive(NAME).name
    seal = Seal(settings.calendar_secret.split(","))
    poller = Poller(database, service.publisher, fetcher or Fetcher(), seal, clock.now)

    def wake() -> None:
        """Look for timers and calendars that a batch has made."""
        dispatcher.wake()
        poller.wake()

    appointments = Subscription(
        name="reminders.appointments",
        topics=(topics.BOOKING_EVENTS.name, redrive),
        decode=read_booking,
        handle=partial(follow_booking, waits=settings.waits, mode=mode),
        republish=nothing_to_republish,
        committed=wake,
        gather=GATHER_SECONDS,
    )
    service.consume(waits_for_newer(appointments))
    service.consume(
        Subscription(
            name="reminders.preferences",
            topics=(topics.NOTIFIER_EVENTS.name, redrive),
            decode=read_preferences,
            handle=partial(follow_preferences, mode=mode),
            republish=nothing_to_republish,
            committed=dispatcher.wake,
            gather=PREFERENCES_GATHER_SECONDS,
        )
    )
    service.background("dispatcher", dispatcher.run)
    service.background("calendars", poller.run)
    service.every(
        "replan",
        lambda: replanning.of_organizations(database, clock.now(), mode),
        seconds=REPLAN_SECONDS,
    )
    _hand_over(service, settings, database, mode)
    service.every("measure", lambda: jobs.measure(database, clock.now()), seconds=MEASURE_SECONDS)
    service.every("forget", lambda: jobs.forget(database, clock.now()), cron="20 3 * * *")
    return service


def _hand_over(service: Service, settings: RemindersSettings, database: Database, mode: ReminderMode) -> None:
    """Run the worker that hands reminders over, or withdraws those handed over in an earlier run of the
    service.
    """
    communication = Communication(
        settings.communication_url,
        token=settings.communication_token,
        timeout=settings.communication_timeout,
    )
    worker = HandoverWorker(
        database, communication, clock.now, settings.frontend_url, hands_over=mode.hands_over
    )
    service.every("hand over", worker.work, seconds=mode.work_seconds)
    service.on_stop(communication.close)


def main() -> None:
    """Run until stopped; configured by the environment."""
    build(RemindersSettings()).run()
