"""Calls that change something: publish a command, answer with its outcome."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel

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
from services.ingress.api.openapi import described
from services.ingress.domain.problems import Problem
from services.ingress.http import bodies
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.writer import PREFIX, Writer
from services.ingress.runtime import Runtime

_CALLS_WITH_A_BODY: dict[str, tuple[str, type[BaseModel]]] = {
    "confirm": ("appointment.confirm", ConfirmAppointment),
    "decline": ("appointment.decline", DeclineAppointment),
    "check-in": ("appointment.check_in", CheckInAppointment),
    "complete": ("appointment.complete", CompleteAppointment),
    "announce": ("appointment.announce", AnnounceAppointment),
    "join": ("appointment.join", JoinAppointment),
    "leave": ("appointment.leave", LeaveAppointment),
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


def _action(writer: Writer, kind: str, model: type[BaseModel]) -> Any:
    async def act(request: Request, appointment_id: str) -> Response:
        return await writer.act(request, appointment_id, kind, model)

    return act
