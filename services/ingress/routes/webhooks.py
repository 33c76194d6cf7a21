"""The operation that takes delivery reports of the Communication Service as signed webhooks."""

from starlette.responses import Response

from contracts.notifications import CommunicationEvent
from services.ingress import metrics
from services.ingress.api import examples
from services.ingress.api.answer import Answer
from services.ingress.api.call import Call
from services.ingress.api.headers import SIGNATURE
from services.ingress.api.models.commands import ReportAccepted
from services.ingress.api.operation import NO_TOKEN, Operations, Sends
from services.ingress.domain.problems import Problem
from services.ingress.http.responses import as_json

OPERATIONS = Operations("webhooks", "Reports of the Communication Service.")


@OPERATIONS.operation(
    "POST",
    "/webhooks/communication",
    summary="Report the result of a delivery",
    answers=[
        Answer(
            status=202,
            description="Kafka has the report.",
            models=[ReportAccepted],
            example=examples.REPORT_ACCEPTED,
        )
    ],
    access=NO_TOKEN,
    sends=Sends(example=examples.REPORT, model=CommunicationEvent, max_bytes="webhook_max_bytes"),
    headers=[SIGNATURE],
    problems=["bad_signature", "signature_expired", "replayed", "kafka_unavailable", "webhook_unavailable"],
)
async def webhook(call: Call, body: bytes) -> Response:
    """Publish a report for a Communication Service that does not write to communication.events itself.

    It is refused if `X-Signature` is more than five minutes old or was used before. After 503 send it
    again: it counts once.
    """
    try:
        identifier = await call.runtime.delivery_reports.publish(call.request, body)
    except Problem as problem:
        metrics.WEBHOOKS.labels(problem.code).inc()
        raise
    metrics.WEBHOOKS.labels("accepted").inc()
    return as_json({"id": str(identifier), "status": "accepted"}, 202)
