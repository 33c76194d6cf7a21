"""Commands to an existing appointment: the declaration and the answer that their operations share."""

from typing import Annotated, Any, ClassVar
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from contracts.fields import REASON_MAX
from contracts.series import Scope
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_MATCH
from services.ingress.api.models.appointments import AppointmentWritten
from services.ingress.api.operation import WRITE, Declared, Sends
from services.ingress.api.parameters import BodyParameters, Parsed, word_of
from services.ingress.commands.replies import Outcome
from services.ingress.domain.paths import appointment_path
from services.ingress.domain.problems import invalid
from services.ingress.domain.series import TwoScopes, appointment_body, with_scope
from services.ingress.http.responses import as_json, etag


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


def to_appointment(summary: str, example: AppointmentWritten, sends: Sends) -> Declared:
    """Return the declaration that all commands to an existing appointment share."""
    return {
        "summary": summary,
        "answers": [ok(AppointmentWritten, example, ETAG), PENDING],
        "sends": sends,
        "headers": [IDEMPOTENCY_KEY, IF_MATCH],
        "problems": WRITE,
    }


def optional_body(example: Any = None, from_query: type[BodyParameters] | None = None) -> Sends:
    """Return a body that may be left out; the path names the appointment."""
    return Sends(example=example or {}, required=False, without=["appointment_id"], from_query=from_query)


async def carry_out(call: Call, kind: str, appointment_id: UUID, body: Body[Any]) -> Response:
    """Carry out a command to an appointment, and return its answer."""
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, kind, body.json, appointment_id)
    return appointment_answer(outcome, 200)


def appointment_answer(outcome: Outcome, status: int) -> Response:
    """Return the appointment after a command, with its version as ETag and, when it is new, its Location.

    A caller on the waiting list gets their place instead.
    """
    headers = {"ETag": etag(int(outcome.get("version") or 0))}
    if outcome.get("waiting"):
        return as_json(outcome["waiting"], status, headers)
    if status == 201:
        headers["Location"] = appointment_path(outcome.get("appointment_id"))
    return as_json(appointment_body(outcome), status, headers)
