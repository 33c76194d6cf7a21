"""Calls that change something: publish a command, answer with its outcome."""

from typing import Any
from uuid import UUID, uuid4

from fastapi import APIRouter, Request, Response
from opentelemetry import trace
from pydantic import BaseModel

from contracts.commands import (
    AnnounceAppointment,
    CancelAppointment,
    CheckInAppointment,
    CompleteAppointment,
    ConfirmAppointment,
    CreateAppointment,
    DeclineAppointment,
    UpdateAppointment,
)
from services.ingress import bodies, metrics
from services.ingress.answers import as_json, etag
from services.ingress.commander import Command, command_path
from services.ingress.describe import described
from services.ingress.domain import ids
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.replies import Outcome
from services.ingress.routing import PlainRoute
from services.ingress.runtime import Runtime

PREFIX = "/api/appointments"
_CALLS_WITH_A_BODY: dict[str, tuple[str, type[BaseModel]]] = {
    "confirm": ("appointment.confirm", ConfirmAppointment),
    "decline": ("appointment.decline", DeclineAppointment),
    "check-in": ("appointment.check_in", CheckInAppointment),
    "complete": ("appointment.complete", CompleteAppointment),
    "announce": ("appointment.announce", AnnounceAppointment),
}


def write_routes(runtime: Runtime) -> APIRouter:
    """POST, PATCH, DELETE of appointments, and what people do with them."""
    router = APIRouter(prefix=PREFIX, route_class=PlainRoute, tags=["appointments"])
    writer = Writer(runtime)

    @router.post("", **described("create"))
    async def create(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        body = await writer.body(request)
        bodies.forbid(body, "appointment_id")
        wanted = bodies.check(CreateAppointment, body)
        if wanted.organizer_id not in (None, caller.id) and not caller.admin:
            raise Problem("not_allowed", "Only an admin books for another organizer.")
        outcome = await writer.carry_out(caller, request, "appointment.create", body)
        return writer.appointment(outcome, 201) if isinstance(outcome, dict) else outcome

    @router.patch("/{appointment_id}", **described("update"))
    async def update(request: Request, appointment_id: str) -> Response:
        return await writer.act(request, appointment_id, "appointment.update", UpdateAppointment)

    @router.delete("/{appointment_id}", **described("cancel"))
    async def cancel(request: Request, appointment_id: str) -> Response:
        return await writer.act(request, appointment_id, "appointment.cancel", CancelAppointment)

    for name, (kind, model) in _CALLS_WITH_A_BODY.items():
        router.add_api_route(
            f"/{{appointment_id}}/{name}", _action(writer, kind, model), methods=["POST"], **described(name)
        )

    return router


def _action(writer: "Writer", kind: str, model: type[BaseModel]) -> Any:
    async def act(request: Request, appointment_id: str) -> Response:
        return await writer.act(request, appointment_id, kind, model)

    return act


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
        reason = request.query_params.get("reason") if request.method == "DELETE" else None
        if reason is not None:
            body["reason"] = reason
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
    ) -> Outcome | Response:
        """The accepted outcome, shown in the views; or the answer 202 if no outcome came in time."""
        command = Command(
            id=_command_id(caller, request),
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
        await self._shown(caller, outcome)
        return outcome

    async def _shown(self, caller: Caller, outcome: Outcome) -> None:
        version = int(outcome.get("version") or 0)
        store = self._runtime.store
        if outcome.get("organization_preferences") is not None:
            key = str(caller.organization)

            async def look() -> int:
                found = await store.organization_preferences(caller.organization)
                return found[0] if found else 0
        elif "user_id" in outcome:
            key = str(caller.id)

            async def look() -> int:
                return (await store.wanted(caller.id, caller.organization))[0]
        else:
            key = str(outcome.get("appointment_id"))

            async def look() -> int:
                return await store.version(caller.organization, UUID(key))

        fresh = bool(outcome.get("event_ids"))
        if not await self._runtime.wait_until_shown(key, version, look, fresh=fresh):
            metrics.NOT_SHOWN.inc()

    @staticmethod
    def appointment(outcome: Outcome, status: int) -> Response:
        """The appointment after the command, with its version as ETag and, when it is new, its Location."""
        headers = {"ETag": etag(int(outcome.get("version") or 0))}
        if status == 201:
            headers["Location"] = f"{PREFIX}/{outcome.get('appointment_id')}"
        return as_json(outcome.get("appointment"), status, headers)


def _command_id(caller: Caller, request: Request) -> UUID:
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
    given: str | None = request.headers.get("traceparent")
    return given if given and len(given) == 55 and given.isascii() and given.count("-") == 3 else None
