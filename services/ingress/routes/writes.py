"""Operations that change an appointment: publish a command, answer with its outcome."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from contracts.commands import (
    AnnounceAppointment,
    CancelAppointment,
    CheckInAppointment,
    CompleteAppointment,
    ConfirmAppointment,
    CreateAppointment,
    DeclineAppointment,
    JoinAppointment,
    LeaveAppointment,
    UpdateAppointment,
)
from contracts.fields import REASON_MAX
from contracts.outcomes import Waiting
from contracts.series import Scope
from services.ingress.answers import as_json, etag
from services.ingress.api import examples
from services.ingress.api.answer import PENDING, Answer, created, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_MATCH, LOCATION
from services.ingress.api.models.appointments import AppointmentWritten
from services.ingress.api.operation import WRITE, Declared, Operations, Sends
from services.ingress.api.parameters import BodyParameters, Parsed, word_of
from services.ingress.domain.paths import appointment_path
from services.ingress.domain.problems import Problem, invalid
from services.ingress.domain.series import TwoScopes, appointment_body, with_scope
from services.ingress.replies import Outcome

OPERATIONS = Operations("appointments", "Appointments: book, change, read.")


class ScopeParameters(BodyParameters):
    """How much of a series a command is about."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"scope"})
    scope: Annotated[str, word_of([scope.value for scope in Scope])] | None = Field(
        None,
        description="Of a series: `this` occurrence (the default), it and the `following` ones, or `all` to come.",
    )

    def complete(self, body: dict[str, Any]) -> None:
        """Put the scope into the body. Raises Problem 422 if the body names another one."""
        try:
            body.update(with_scope(body, self.scope))
        except TwoScopes:
            raise invalid("scope", "scope", "The body and the query name different scopes") from None


class CancelParameters(ScopeParameters):
    """Scope and reason of a cancellation, which has no body with most clients."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"scope", "reason"})
    reason: Annotated[str, Parsed(str, {"type": "string", "maxLength": REASON_MAX})] | None = Field(
        None, description=f"At most {REASON_MAX:,} characters."
    )

    def complete(self, body: dict[str, Any]) -> None:
        """Put scope and reason into the body."""
        if self.reason is not None:
            body["reason"] = self.reason
        super().complete(body)


def _command(summary: str, example: AppointmentWritten, sends: Sends) -> Declared:
    """Return the declaration that all commands to an existing appointment share."""
    return {
        "summary": summary,
        "answers": [ok(AppointmentWritten, example, ETAG), PENDING],
        "sends": sends,
        "headers": [IDEMPOTENCY_KEY, IF_MATCH],
        "problems": WRITE,
    }


def _optional(example: Any = None, from_query: type[BodyParameters] | None = None) -> Sends:
    return Sends(example=example or {}, required=False, without=["appointment_id"], from_query=from_query)


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

    The organizer is the caller unless an admin names another. A time without an offset is local in `timezone`. The
    answer comes when the command is decided and the views show it. That of a series is its first appointment, with
    `series_id`, all `occurrences`, and those that `on_conflict: skip` has `skipped`. `hold_id` uses up a hold; `seats`
    lets members join. A time that is taken (409) or not offered (422 `unavailable`) is refused with the nearest
    `alternatives`.
    """
    if body.model.organizer_id not in (None, call.caller.id) and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may book for another organizer.")
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, "appointment.create", body.json)
    return _answer(outcome, 201)


@OPERATIONS.operation(
    "PATCH",
    "/{appointment_id}",
    **_command(
        "Change an appointment",
        examples.RESCHEDULED,
        Sends(example=examples.RESCHEDULE, without=["appointment_id"], from_query=ScopeParameters),
    ),
)
async def update(call: Call, appointment_id: UUID, body: Body[UpdateAppointment]) -> Response:
    """Change fields of an appointment. Omitted fields are unchanged; null clears a field.

    With a scope, new times move each occurrence by the same amount of wall-clock time. `If-Match` with the ETag
    refuses the change of a stale version.
    """
    return await _carry_out(call, "appointment.update", appointment_id, body)


@OPERATIONS.operation(
    "DELETE",
    "/{appointment_id}",
    **_command("Cancel an appointment", examples.CANCELLED, _optional({"reason": "Ill"}, CancelParameters)),
)
async def cancel(call: Call, appointment_id: UUID, body: Body[CancelAppointment]) -> Response:
    """Cancel an appointment; for its organizer and admins. The query may carry what the body could."""
    return await _carry_out(call, "appointment.cancel", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/confirm",
    **_command("Confirm", examples.CONFIRMED, _optional(from_query=ScopeParameters)),
)
async def confirm(call: Call, appointment_id: UUID, body: Body[ConfirmAppointment]) -> Response:
    """Confirm for oneself as a participant; the organizer confirms the whole appointment."""
    return await _carry_out(call, "appointment.confirm", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/decline",
    **_command("Decline", examples.DECLINED, _optional({"reason": "On holiday"}, ScopeParameters)),
)
async def decline(call: Call, appointment_id: UUID, body: Body[DeclineAppointment]) -> Response:
    """Decline for oneself as a participant: the time is free again."""
    return await _carry_out(call, "appointment.decline", appointment_id, body)


@OPERATIONS.operation(
    "POST", "/{appointment_id}/check-in", **_command("Check in", examples.CHECKED_IN, _optional())
)
async def check_in(call: Call, appointment_id: UUID, body: Body[CheckInAppointment]) -> Response:
    """Note that the caller has arrived; from 30 minutes before the start until the end."""
    return await _carry_out(call, "appointment.check_in", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/complete",
    **_command("Complete an appointment", examples.COMPLETED, _optional()),
)
async def complete(call: Call, appointment_id: UUID, body: Body[CompleteAppointment]) -> Response:
    """Note that the appointment took place; after its start."""
    return await _carry_out(call, "appointment.complete", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/announce",
    **_command(
        "Send a message to all participants",
        examples.ANNOUNCED,
        Sends(example=examples.ANNOUNCE, without=["appointment_id"], blank_is_empty=True),
    ),
)
async def announce(call: Call, appointment_id: UUID, body: Body[AnnounceAppointment]) -> Response:
    """Send a message to every participant who has not declined, on the channels that they prefer.

    For the organizer and admins; at most 60 announcements an hour for an organization.
    """
    return await _carry_out(call, "appointment.announce", appointment_id, body)


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
    sends=_optional({"wait": True}),
    headers=[IDEMPOTENCY_KEY, IF_MATCH],
    problems=WRITE,
)
async def join(call: Call, appointment_id: UUID, body: Body[JoinAppointment]) -> Response:
    """Take a seat of an appointment that has `seats`; any member of the organization may.

    When all are taken the answer is 409 `full`, or with `{"wait": true}` 200 `{"status": "waiting", "position": 1}`; a
    freed seat goes to the first person on the waiting list.
    """
    return await _carry_out(call, "appointment.join", appointment_id, body)


@OPERATIONS.operation(
    "POST",
    "/{appointment_id}/leave",
    **_command("Give a seat back, or leave the waiting list", examples.LEFT, _optional()),
)
async def leave(call: Call, appointment_id: UUID, body: Body[LeaveAppointment]) -> Response:
    """Give the caller's seat back, or leave the waiting list."""
    return await _carry_out(call, "appointment.leave", appointment_id, body)


async def _carry_out(call: Call, kind: str, appointment_id: UUID, body: Body[Any]) -> Response:
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, kind, body.json, appointment_id)
    return _answer(outcome, 200)


def _answer(outcome: Outcome, status: int) -> Response:
    """Return the appointment after a command, with its version as ETag and, when it is new, its Location.

    A caller on the waiting list gets their place instead.
    """
    headers = {"ETag": etag(int(outcome.get("version") or 0))}
    if outcome.get("waiting"):
        return as_json(outcome["waiting"], status, headers)
    if status == 201:
        headers["Location"] = appointment_path(outcome.get("appointment_id"))
    return as_json(appointment_body(outcome), status, headers)
