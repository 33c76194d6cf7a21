"""Operations of the organizer: book, change, cancel, complete an appointment, and send a message to its
people.
"""

from uuid import UUID

from starlette.responses import Response

from contracts.commands import (
    AnnounceAppointment,
    CancelAppointment,
    CompleteAppointment,
    CreateAppointment,
    UpdateAppointment,
)
from services.ingress.api import examples
from services.ingress.api.answer import PENDING, created
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, LOCATION
from services.ingress.api.models.appointments import AppointmentWritten
from services.ingress.api.operation import WRITE, Operations, Sends
from services.ingress.domain.problems import Problem
from services.ingress.routes.appointment_commands import (
    CancelParameters,
    ScopeParameters,
    appointment_answer,
    carry_out,
    optional_body,
    to_appointment,
)

OPERATIONS = Operations("appointments", "Appointments: book, change, read.")


@OPERATIONS.operation(
    "POST",
    "",
    summary="Book an appointment",
    answers=[created(AppointmentWritten, examples.CREATED, ETAG, LOCATION), PENDING],
    sends=Sends(example=examples.CREATE, without=["appointment_id"]),
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def create(call: Call, body: Body[CreateAppointment]) -> Response:
    """Book an appointment, or with a `recurring_pattern` a series of them.

    The organizer is the caller unless an admin names another. A time without an offset is local in
    `timezone`. The answer comes when the command is decided and the views show it. That of a series is its
    first appointment, with `series_id`, all `occurrences`, and those that `on_conflict: skip` has
    `skipped`. `hold_id` uses up a hold; `seats` lets members join. A time that is taken (409) or not
    offered (422 `unavailable`) is refused with the nearest `alternatives`.
    """
    if body.model.organizer_id not in (None, call.caller.id) and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may book for another organizer.")
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, "appointment.create", body.json)
    return appointment_answer(outcome, 201)


@OPERATIONS.operation(
    "PATCH",
    "/{appointment_id}",
    **to_appointment(
        "Change an appointment",
        examples.RESCHEDULED,
        Sends(example=examples.RESCHEDULE, without=["appointment_id"], from_query=ScopeParameters),
    ),
)
async def update(call: Call, appointment_id: UUID, body: Body[UpdateAppointment]) -> Response:
    """Change fields of an appointment. Omitted fields are unchanged; null clears a field.

    With a scope, new times move each occurrence by the same amount of wall-clock time. `If-Match` with the
    ETag refuses the change of a stale version.
    """
    return await carry_out(call, "appointment.update", appointment_id, body)


@OPERATIONS.operation(
    "DELETE",
    "/{appointment_id}",
    **to_appointment(
        "Cancel an appointment", examples.CANCELLED, optional_body({"reason": "Ill"}, CancelParameters)
    ),
)
async def cancel(call: Call, appointment_id: UUID, body: Body[CancelAppointment]) -> Response:
    """Cancel an appointment; for its organizer and admins. The query may carry what the body could."""
    return await carry_out(call, "appointment.cancel", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/complete",
    **to_appointment("Complete an appointment", examples.COMPLETED, optional_body()),
)
async def complete(call: Call, appointment_id: UUID, body: Body[CompleteAppointment]) -> Response:
    """Note that the appointment took place; after its start."""
    return await carry_out(call, "appointment.complete", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/announce",
    **to_appointment(
        "Send a message to all participants",
        examples.ANNOUNCED,
        Sends(example=examples.ANNOUNCE, without=["appointment_id"], blank_is_empty=True),
    ),
)
async def announce(call: Call, appointment_id: UUID, body: Body[AnnounceAppointment]) -> Response:
    """Send a message to every participant who has not declined, on the channels that they prefer.

    For the organizer and admins; at most 60 announcements an hour for an organization.
    """
    return await carry_out(call, "appointment.announce", appointment_id, body)
