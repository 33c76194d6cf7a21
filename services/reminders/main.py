"""reminders: computes from events when whom to remind, and says so when the time has come."""

from functools import partial

from chassis import clock
from chassis.configuration.settings import service_database_url
from chassis.consuming.batch import Subscription
from chassis.consuming.newer import waits_for_newer
from chassis.database.transactions import Database
from chassis.service import Service
from contracts import topics
from services.reminders import jobs
from services.reminders.delegation.communication import Communication
from services.reminders.delegation.worker import Delegation
from services.reminders.firing.dispatcher import Dispatcher
from services.reminders.handlers import follow_appointments, follow_preferences, nothing_to_republish
from services.reminders.messages.incoming import read_appointment, read_preferences
from services.reminders.planning import replanning
from services.reminders.settings import RemindersSettings

NAME = "reminders"
MEASURE_SECONDS = 15
REPLAN_SECONDS = 1
HAND_OVER_SECONDS = 1
WITHDRAW_SECONDS = 60
GATHER_SECONDS = 0.1  # well below what is looked ahead
PREFERENCES_GATHER_SECONDS = 0.5  # nearly all of that topic is about messages, and skipped
POOL_SIZE = 8  # two consumers, three loops of the dispatcher, the jobs, the probe


def build(settings: RemindersSettings) -> Service:
    """booking.events and preferences in, timers in the database, reminders.events and commands to booking out."""
    database = Database(
        service_database_url(settings, NAME), application_name=f"appointments-{NAME}", pool_size=POOL_SIZE
    )
    service = Service(NAME, settings, database=database)
    dispatcher = Dispatcher(database, service.publisher, clock.now)
    delegated = settings.reminders == "delegated"
    redrive = topics.redrive(NAME).name
    appointments = Subscription(
        name="reminders.appointments",
        topics=(topics.BOOKING_EVENTS.name, redrive),
        decode=read_appointment,
        handle=partial(follow_appointments, waits=settings.waits, delegated=delegated),
        republish=nothing_to_republish,
        committed=dispatcher.wake,
        gather=GATHER_SECONDS,
    )
    service.consume(waits_for_newer(appointments))
    service.consume(
        Subscription(
            name="reminders.preferences",
            topics=(topics.NOTIFIER_EVENTS.name, redrive),
            decode=read_preferences,
            handle=partial(follow_preferences, delegated=delegated),
            republish=nothing_to_republish,
            committed=dispatcher.wake,
            gather=PREFERENCES_GATHER_SECONDS,
        )
    )
    service.background("dispatcher", dispatcher.run)
    service.every(
        "replan",
        lambda: replanning.of_organizations(database, clock.now(), delegated),
        seconds=REPLAN_SECONDS,
    )
    _delegate(service, settings, database)
    service.every("measure", lambda: jobs.measure(database, clock.now()), seconds=MEASURE_SECONDS)
    service.every("forget", lambda: jobs.forget(database, clock.now()), cron="20 3 * * *")
    return service


def _delegate(service: Service, settings: RemindersSettings, database: Database) -> None:
    """Hand reminders over, or withdraw what was handed over before reminders were ours again."""
    delegated = settings.reminders == "delegated"
    communication = Communication(
        settings.communication_url,
        token=settings.communication_token,
        timeout=settings.communication_timeout,
    )
    delegation = Delegation(database, communication, clock.now, settings.frontend_url, hands_over=delegated)
    service.every("hand over", delegation.work, seconds=HAND_OVER_SECONDS if delegated else WITHDRAW_SECONDS)
    service.on_stop(communication.close)


def main() -> None:
    """Run until told to stop; configured by the environment."""
    build(RemindersSettings()).run()
