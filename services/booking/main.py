"""Wires booking: commands in; events and outcomes out."""

from chassis.consuming.batch import Subscription
from chassis.service import Service
from contracts import topics
from services.booking import jobs
from services.booking.clients.identity import Directory
from services.booking.domain.weight import PLACES_AT_ONCE, weight_of
from services.booking.handlers import Handlers
from services.booking.messages.commands import Received, decode
from services.booking.settings import BookingSettings


def build(settings: BookingSettings) -> Service:
    """The service, not started."""
    service = Service("booking", settings)
    directory = Directory(
        settings.identity_url, timeout=settings.identity_timeout, remember_for=settings.people_cached_for
    )
    service.on_stop(directory.close)
    handlers = Handlers(settings, service.publisher, directory)
    service.consume(
        Subscription[Received](
            name="booking.commands",
            topics=(topics.BOOKING_COMMANDS.name, topics.redrive("booking").name),
            decode=decode,
            handle=handlers.handle,
            republish=handlers.republish,
            committed=handlers.committed,
            taking_over=handlers.namespaces.learn,
            weigh=lambda received: weight_of(received.command),
            max_weight=PLACES_AT_ONCE,
            refuse_too_heavy=handlers.refuse_too_heavy,
        )
    )
    service.every(
        "forget old decisions",
        jobs.forget_old(service.database, settings.decisions_kept_days),
        cron=jobs.NIGHTLY,
    )
    service.every(
        "extend series", jobs.extend_series(service.database, service.publisher), cron=jobs.EXTENDING
    )
    service.every("forget what is past", jobs.forget_past(service.database), cron=jobs.NIGHTLY)
    return service


def main() -> None:
    """The process's entry."""
    build(BookingSettings()).run()
