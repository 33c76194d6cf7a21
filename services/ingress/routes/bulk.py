"""The operation that answers or cancels many appointments at once."""

import asyncio
from typing import Any
from uuid import UUID, uuid5

from starlette.responses import Response

from chassis import clock
from services.ingress.api import examples
from services.ingress.api.answer import ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import IDEMPOTENCY_KEY
from services.ingress.api.models.bulk import BulkCommand, BulkOutcomes
from services.ingress.api.operation import Operations, Sends
from services.ingress.commands.writer import Pending, command_id
from services.ingress.domain.paths import command_path
from services.ingress.domain.problems import Problem
from services.ingress.http.responses import as_json

OPERATIONS = Operations("appointments", "Appointments: book, change, read.")


@OPERATIONS.operation(
    "POST",
    "/bulk",
    id="bulk",
    summary="Answer or cancel many appointments",
    answers=[ok(BulkOutcomes, examples.BULK_OUTCOMES)],
    sends=Sends(example=examples.BULK),
    headers=[IDEMPOTENCY_KEY],
    problems=["kafka_unavailable"],
)
async def bulk(call: Call, body: Body[BulkCommand]) -> Response:
    """Confirm, decline or cancel up to 50 appointments, each as by its own call: one may be refused while
    others are carried out. Each counts as a request of the caller.

    A repeated `Idempotency-Key` repeats the outcomes, and changes nothing twice.
    """
    wanted, caller = body.model, call.caller
    for _ in wanted.ids[1:]:
        call.runtime.admission.count(caller.id, caller.organization)
    identifier = command_id(caller, call.request)
    items = await asyncio.gather(*(_one(call, wanted, each, identifier) for each in wanted.ids))
    return as_json({"items": items})


async def _one(call: Call, wanted: BulkCommand, appointment: UUID, request: UUID) -> dict[str, Any]:
    """Return the outcome of one appointment."""
    identifier = uuid5(request, f"{wanted.operation} {appointment}")
    body: dict[str, Any] = {"appointment_id": str(appointment)}
    if wanted.reason is not None:
        body["reason"] = wanted.reason
    found: dict[str, Any] = {"id": str(appointment), "status": "accepted", "code": None, "detail": None}
    found |= {"version": None, "outcome": command_path(identifier, clock.now())}
    try:
        outcome = await call.runtime.writer.carry_out(
            call.caller, call.request, f"appointment.{wanted.operation}", body, appointment, identifier
        )
    except Pending:
        return found | {"status": "pending"}
    except Problem as problem:
        # Without Kafka's acknowledgement nobody knows whether it will be carried out.
        unsure = problem.code == "kafka_unavailable" and "Location" in problem.headers
        status = "pending" if unsure else "refused"
        return found | {"status": status, "code": problem.code, "detail": problem.detail}
    return found | {"version": outcome.get("version")}
