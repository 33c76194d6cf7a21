"""What all writes share: read a body, publish the command, wait for its outcome and until the views show it."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import Request, Response
from opentelemetry import trace
from pydantic import BaseModel

from chassis.commands import well_formed
from services.ingress import metrics
from services.ingress.commands.commander import Command, command_path
from services.ingress.commands.replies import Outcome
from services.ingress.commands.visibility_checks import awaited
from services.ingress.domain import ids
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, invalid
from services.ingress.domain.series import TwoScopes, appointment_body, with_scope
from services.ingress.http import bodies
from services.ingress.http.responses import as_json, etag
from services.ingress.runtime import Runtime

PREFIX = "/api/appointments"


class Writer:
    """What all writes share."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._settings = runtime.settings

    async def body(self, request: Request, *, optional: bool = False) -> dict[str, Any]:
        """The request's JSON object."""
        raw = await bodies.read(request, self._settings.body_max_bytes)
        return bodies.json_object(raw, optional=optional)

    async def act(self, request: Request, appointment_id: str, kind: str, model: type[BaseModel]) -> Response:
        """Do something with an existing appointment and answer it."""
        caller = await self._runtime.door.enter(request)
        identifier = bodies.path_id(appointment_id)
        body = await self.body(request, optional=request.method != "PATCH")
        bodies.forbid(body, "appointment_id")
        body["appointment_id"] = str(identifier)
        if request.url.query:
            body = _with_query(request, model, body)
        expected = _expected_version(request)
        if expected is not None:
            body["expected_version"] = expected
        bodies.check(model, body)
        outcome = await self.carry_out(caller, request, kind, body, identifier)
        return self.appointment(outcome, 200) if isinstance(outcome, dict) else outcome

    async def carry_out(
        self,
        caller: Caller,
        request: Request,
        kind: str,
        body: dict[str, Any],
        subject: UUID | None = None,
        identifier: UUID | None = None,
    ) -> Outcome | Response:
        """The accepted outcome, shown in the views; or the answer 202 if no outcome came in time.

        `identifier` is the command's, where it is not simply the request's.
        """
        command = Command(
            id=identifier or command_id(caller, request),
            type=kind,
            body=body,
            correlation_id=request.state.correlation_id,
            traceparent=_traceparent(request),
            subject=str(subject) if subject else None,
        )
        self._runtime.check_listening()
        outcome = await self._runtime.commander.carry_out(caller, command)
        if outcome is None:
            return as_json(
                {"command_id": str(command.id), "status": "pending"},
                202,
                {"Location": command_path(command.id), "Retry-After": "1"},
            )
        await self._shown(caller, kind, outcome)
        return outcome

    async def _shown(self, caller: Caller, kind: str, outcome: Outcome) -> None:
        """Wait until the views show it; what they do not show in time is answered all the same."""
        wanted = awaited(self._runtime.store, caller, kind, outcome)
        if wanted is None:
            return
        fresh = bool(outcome.get("event_ids"))
        if not await self._runtime.wait_until_shown(wanted.key, wanted.version, wanted.look, fresh=fresh):
            metrics.NOT_SHOWN.inc()

    @staticmethod
    def appointment(outcome: Outcome, status: int) -> Response:
        """The appointment after the command, with its version as ETag and, when it is new, its Location.

        Who waits for a seat gets their place in the queue instead.
        """
        headers = {"ETag": etag(int(outcome.get("version") or 0))}
        if outcome.get("waiting"):
            return as_json(outcome["waiting"], status, headers)
        if status == 201:
            headers["Location"] = f"{PREFIX}/{outcome.get('appointment_id')}"
        return as_json(appointment_body(outcome), status, headers)


def _with_query(request: Request, model: type[BaseModel], body: dict[str, Any]) -> dict[str, Any]:
    """What may be said in the query instead of the body."""
    reason = request.query_params.get("reason") if request.method == "DELETE" else None
    if reason is not None:
        body["reason"] = reason
    if "scope" not in model.model_fields:
        return body
    try:
        return with_scope(body, request.query_params.get("scope"))
    except TwoScopes:
        raise invalid("scope", "scope", "The body and the query name different scopes") from None


def command_id(caller: Caller, request: Request) -> UUID:
    """The same for the same Idempotency-Key of this caller at this path. Raises Problem 400."""
    key = request.headers.get("idempotency-key")
    if key is None:
        return uuid4()
    if not ids.usable_key(key):
        raise Problem("malformed", f"An Idempotency-Key has 1 to {ids.KEY_MAX} printable ASCII characters.")
    return ids.command_id(caller.id, request.method, request.scope["path"], key)


def _expected_version(request: Request) -> int | None:
    try:
        return ids.expected_version(request.headers.get("if-match"))
    except ValueError as error:
        raise Problem("malformed", f"{error}.") from error


def _traceparent(request: Request) -> str | None:
    """The trace context that the command carries on (W3C Trace Context).

    With tracing it is that of the request's span, else the caller's if it can be read.
    """
    span = trace.get_current_span().get_span_context()
    if span.is_valid:
        return f"00-{span.trace_id:032x}-{span.span_id:016x}-{span.trace_flags:02x}"
    return well_formed(request.headers.get("traceparent"))
