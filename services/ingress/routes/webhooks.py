"""What the Communication Service reports by itself: signed, and passed on as if it had written to its topic."""

import time
from hashlib import sha256
from uuid import UUID, uuid5

from fastapi import APIRouter, Request, Response

from chassis import clock
from contracts.envelope import Envelope, Message
from contracts.notifications import CommunicationEvent
from contracts.topics import COMMUNICATION_EVENTS
from services.ingress import metrics
from services.ingress.api.openapi import described
from services.ingress.domain.problems import Problem
from services.ingress.domain.signatures import NotSigned, Seen, verified
from services.ingress.http import bodies
from services.ingress.http.responses import as_json
from services.ingress.http.routing import PlainRoute
from services.ingress.runtime import Runtime

_REPORTS = UUID("6e8f9c1a-35d7-5b0e-9a52-7f1c02d4be60")


def webhook_routes(runtime: Runtime) -> APIRouter:
    """POST of the Communication Service's reports; who has the secret needs no token."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["webhooks"])
    mailbox = Mailbox(runtime)

    @router.post("/webhooks/communication", **described("webhook"))
    async def communication(request: Request) -> Response:
        try:
            identifier = await mailbox.take(request)
        except Problem as problem:
            metrics.WEBHOOKS.labels(problem.code).inc()
            raise
        metrics.WEBHOOKS.labels("accepted").inc()
        return as_json({"id": str(identifier), "status": "accepted"}, 202)

    return router


class Mailbox:
    """Takes reports in. A signature counts as used once Kafka has the report: what is answered otherwise may come again."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._seen = Seen()

    async def take(self, request: Request) -> UUID:
        """The id of the record that was written. Raises Problem."""
        settings = self._runtime.settings
        if not settings.communication_webhook_secret:
            raise Problem("webhook_unavailable", "No secret for signed reports is set here.")
        body = await bodies.read(request, settings.webhook_max_bytes)
        now = time.time()
        try:
            header = request.headers.get("x-signature")
            at, signature = verified(header, body, settings.communication_webhook_secret, now)
        except NotSigned as error:
            raise _refused(error.code, str(error)) from error
        message, identifier = _message(body, request.state.correlation_id)
        if not self._seen.take(signature, at, now):
            raise _refused("replayed", "A report with this signature was taken already.")
        try:
            await self._runtime.sender.send(message, _unsure)
        except BaseException:
            self._seen.give_back(signature)
            raise
        return identifier


def _message(body: bytes, correlation_id: str) -> tuple[Message, UUID]:
    """The record and its id: the same for the same body, so that a report that is sent again is the same report."""
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
    # Keyed by what it is about, as the Communication Service does: its reports on one appointment stay in order.
    return Message(COMMUNICATION_EVENTS.name, entity.encode(), body, headers.headers()), identifier


def _refused(code: str, reason: str) -> Problem:
    return Problem(code, reason, headers={"WWW-Authenticate": "Signature"})


def _unsure() -> Problem:
    return Problem(
        "kafka_unavailable", "Kafka did not acknowledge the report in time. Send it again: it counts once."
    )
