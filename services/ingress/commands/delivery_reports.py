"""Delivery reports of the Communication Service that come as signed webhooks."""

import time
from hashlib import sha256
from uuid import UUID, uuid5

from starlette.requests import Request

from chassis import clock
from contracts.envelope import Envelope, Message
from contracts.notifications import CommunicationEvent
from contracts.topics import COMMUNICATION_EVENTS
from services.ingress.commands.producer import Sender
from services.ingress.domain.problems import Problem
from services.ingress.domain.signatures import NotSigned, Seen, verified
from services.ingress.http import bodies
from services.ingress.settings import IngressSettings

_REPORTS = UUID("6e8f9c1a-35d7-5b0e-9a52-7f1c02d4be60")


class DeliveryReports:
    """Publishes reports. A signature counts as used once Kafka has the report; after a failure it may come
    again.
    """

    def __init__(self, sender: Sender, settings: IngressSettings) -> None:
        self._sender = sender
        self._settings = settings
        self._seen = Seen()

    async def publish(self, request: Request, body: bytes) -> UUID:
        """Return the id of the record that was written. Raises Problem."""
        secret = self._settings.communication_webhook_secret
        if not secret:
            raise Problem("webhook_unavailable", "COMMUNICATION_WEBHOOK_SECRET is not set.")
        now = time.time()
        try:
            at, signature = verified(request.headers.get("x-signature"), body, secret, now)
        except NotSigned as error:
            raise _refused(error.code, str(error)) from error
        message, identifier = _message(body, request.state.correlation_id)
        if not self._seen.take(signature, at, now):
            raise _refused("replayed", "A report with this signature was accepted already.")
        try:
            await self._sender.send(message, _unsure)
        except BaseException:
            self._seen.give_back(signature)
            raise
        return identifier


def _message(body: bytes, correlation_id: str) -> tuple[Message, UUID]:
    """Return the record and its id: the same for the same body, so that a repeated report is the same
    report.
    """
    report = bodies.check(CommunicationEvent, bodies.json_object(body))
    identifier = uuid5(_REPORTS, sha256(body).hexdigest())
    entity = report.data.entity_id
    headers = Envelope(
        id=identifier,
        type=report.type,
        source="appointments/ingress",
        subject=entity if len(entity) <= 200 and entity.isprintable() else None,
        time=clock.now(),
        correlation_id=correlation_id,
    )
    # Keyed by its entity, as the Communication Service does: reports on one appointment stay in order.
    return Message(COMMUNICATION_EVENTS.name, entity.encode(), body, headers.headers()), identifier


def _refused(code: str, reason: str) -> Problem:
    return Problem(code, reason, headers={"WWW-Authenticate": "Signature"})


def _unsure() -> Problem:
    return Problem(
        "kafka_unavailable", "Kafka did not acknowledge the report in time. Send it again: it counts once."
    )
