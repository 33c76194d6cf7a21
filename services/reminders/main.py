"""reminders: computes from events when whom to remind, and says so when the time has come."""

from functools import partial

from chassis import clock
from chassis.batch import Subscription
from chassis.database import Database
from chassis.service import Service
from chassis.settings import service_database_url
from contracts import topics
from services.reminders import jobs, replanning
from services.reminders.dispatcher import Dispatcher
from services.reminders.handlers import follow_appointments, follow_preferences, nothing_again
from services.reminders.messages import read_appointment, read_preferences
from services.reminders.settings import RemindersSettings

NAME = "reminders"
MEASURE_SECONDS = 15
REPLAN_SECONDS = 1
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
    redrive = topics.redrive(NAME).name
    service.consume(
        Subscription(
            name="reminders.appointments",
            topics=(topics.BOOKING_EVENTS.name, redrive),
            decode=read_appointment,
            handle=partial(follow_appointments, waits=settings.waits),
            again=nothing_again,
            committed=dispatcher.wake,
            gather=GATHER_SECONDS,
        )
    )
    service.consume(
        Subscription(
            name="reminders.preferences",
            topics=(topics.NOTIFIER_EVENTS.name, redrive),
            decode=read_preferences,
            handle=follow_preferences,
            again=nothing_again,
            committed=dispatcher.wake,
            gather=PREFERENCES_GATHER_SECONDS,
        )
    )
    service.background("dispatcher", dispatcher.run)
    service.every(
        "replan", lambda: replanning.of_organizations(database, clock.now()), seconds=REPLAN_SECONDS
    )
    service.every("measure", lambda: jobs.measure(database, clock.now()), seconds=MEASURE_SECONDS)
    service.every("forget", lambda: jobs.forget(database, clock.now()), cron="20 3 * * *")
    return service


def main() -> None:
    """Run until told to stop; configured by the environment."""
    build(RemindersSettings()).run()
