"""The notifier: events become deliveries, deliveries become calls to the Communication Service."""

from uuid import uuid4

from chassis.configuration.settings import service_database_url
from chassis.consuming.batch import Subscription, TakingOver
from chassis.consuming.namespaces import Namespaces
from chassis.consuming.newer import waits_for_newer
from chassis.database.transactions import Database
from chassis.service import Service
from contracts import topics
from services.notifier.clients.communication import CommunicationClient
from services.notifier.clients.identity import Directory
from services.notifier.digests.worker import Digester
from services.notifier.handlers import Handlers
from services.notifier.jobs import count_waiting, forget
from services.notifier.messages import incoming
from services.notifier.sending.dispatcher import Dispatcher
from services.notifier.sending.outbox_relay import Relay
from services.notifier.sending.template_registration import Registration
from services.notifier.settings import NotifierSettings

NAME = "notifier"
EVENTS_AT_ONCE = 100  # one event may have five hundred recipients on several channels
GATHER_SECONDS = 0.1  # a notification may be that late
REPORTS_GATHER_SECONDS = 0.25
POOL_SIZE = 10  # three consumers, three loops of the dispatcher, the relay, digests, the jobs, the probe


def build(settings: NotifierSettings) -> Service:
    """Wire the service; it must be called inside the event loop that runs it."""
    url = service_database_url(settings, NAME)
    database = Database(url, application_name=f"appointments-{NAME}", pool_size=POOL_SIZE)
    service = Service(NAME, settings, database=database)
    writer = uuid4()
    client = CommunicationClient(
        settings.communication_url,
        token=settings.communication_token,
        timeout=settings.communication_timeout,
        limits=settings.deliveries_in_flight + 8,
    )
    registration = Registration(client, service.health, settings.registration_every)
    relay = Relay(service.database, service.publisher, service.health, writer, settings.outbox_adopt_after)
    dispatcher = Dispatcher(service.database, client, registration, relay, service.health, settings, writer)
    directory = Directory(settings.identity_url, timeout=settings.identity_timeout)
    namespaces = Namespaces(settings, "notifier", topics.NOTIFIER_OUTCOMES.name)
    handlers = Handlers(
        writer,
        settings.frontend_url,
        settings.digest_threshold,
        service.publisher.partitions,
        directory,
        namespaces.has_own_key,
    )

    def work() -> None:
        dispatcher.wake()
        relay.wake()

    digester = Digester(service.database, writer, committed=work)

    def wake() -> None:
        work()
        digester.wake()

    def consume(
        name: str, *names: str, gather: float = GATHER_SECONDS, learn: TakingOver | None = None
    ) -> None:
        subscription = Subscription[incoming.Received](
            name=name,
            topics=names,
            decode=incoming.decode,
            handle=handlers.handle,
            republish=handlers.republish,
            max_records=EVENTS_AT_ONCE,
            committed=wake,
            gather=gather,
            weigh=incoming.weight_of,
            max_weight=incoming.PEOPLE_AT_ONCE,
            taking_over=learn,
        )
        service.consume(waits_for_newer(subscription))

    consume("notifier.events", topics.BOOKING_EVENTS.name, topics.REMINDERS_EVENTS.name, incoming.REDRIVE)
    consume("notifier.commands", topics.NOTIFIER_COMMANDS.name, gather=0.0, learn=namespaces.learn)
    consume("notifier.reports", topics.COMMUNICATION_EVENTS.name, gather=REPORTS_GATHER_SECONDS)
    service.background("templates", registration.run)
    service.background("relay", relay.run)
    service.background("dispatcher", dispatcher.run)
    service.background("digests", digester.run)
    service.every("count", lambda: count_waiting(service.database), seconds=15)
    service.every("forget", lambda: forget(service.database, settings), cron="40 3 * * *")
    service.on_stop(client.close)
    service.on_stop(directory.close)
    return service


def main() -> None:
    """Run until SIGTERM."""
    build(NotifierSettings()).run()
