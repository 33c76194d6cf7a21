"""Operations of people who take part: confirm, decline, check in, take and give back a seat."""

from uuid import UUID

from starlette.responses import Response

from contracts.commands import (
    CheckInAppointment,
    ConfirmAppointment,
    DeclineAppointment,
    JoinAppointment,
    LeaveAppointment,
)
from contracts.outcomes import Waiting
from services.ingress.api import examples
from services.ingress.api.answer import PENDING, Answer
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_MATCH
from services.ingress.api.models.appointments import AppointmentWritten
from services.ingress.api.operation import WRITE, Operations
from services.ingress.routes.appointment_commands import (
    ScopeParameters,
    carry_out,
    optional_body,
    to_appointment,
)

OPERATIONS = Operations("appointments", "Appointments: book, change, read.")


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/confirm",
    **to_appointment("Confirm", examples.CONFIRMED, optional_body(from_query=ScopeParameters)),
)
async def confirm(call: Call, appointment_id: UUID, body: Body[ConfirmAppointment]) -> Response:
    """Confirm for oneself as a participant; the organizer confirms the whole appointment."""
    return await carry_out(call, "appointment.confirm", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/decline",
    **to_appointment("Decline", examples.DECLINED, optional_body({"reason": "On holiday"}, ScopeParameters)),
)
async def decline(call: Call, appointment_id: UUID, body: Body[DeclineAppointment]) -> Response:
    """Decline for oneself as a participant: the time is free again."""
    return await carry_out(call, "appointment.decline", appointment_id, body)


@OPERATIONS.operation(
    "POST", "/{appointment_id}/check-in", **to_appointment("Check in", examples.CHECKED_IN, optional_body())
)
async def check_in(call: Call, appointment_id: UUID, body: Body[CheckInAppointment]) -> Response:
    """Note that the caller has arrived; from 30 minutes before the start until the end."""
    return await carry_out(call, "appointment.check_in", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/join",
    summary="Take a seat",
    answers=[
        Answer(
            status=200,
            description="The seat, or the place on the waiting list",
            models=[AppointmentWritten, Waiting],
            example=examples.JOINED,
            headers=[ETAG],
        ),
        PENDING,
    ],
    sends=optional_body({"wait": True}),
    headers=[IDEMPOTENCY_KEY, IF_MATCH],
    problems=WRITE,
)
async def join(call: Call, appointment_id: UUID, body: Body[JoinAppointment]) -> Response:
    """Take a seat of an appointment that has `seats`; any member of the organization may.

    When all are taken the answer is 409 `full`, or with `{"wait": true}` 200 `{"status": "waiting",
    "position": 1}`; a freed seat goes to the first person on the waiting list.
    """
    return await carry_out(call, "appointment.join", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/leave",
    **to_appointment("Give a seat back, or leave the waiting list", examples.LEFT, optional_body()),
)
async def leave(call: Call, appointment_id: UUID, body: Body[LeaveAppointment]) -> Response:
    """Give the caller's seat back, or leave the waiting list."""
    return await carry_out(call, "appointment.leave", appointment_id, body)
