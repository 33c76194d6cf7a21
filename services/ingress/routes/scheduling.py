"""When people can be booked, and time that is kept free for a moment."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from contracts.availability import SetAvailability
from contracts.holds import PlaceHold
from services.ingress.api.openapi import described
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem
from services.ingress.domain.scheduling import availability_body, hold_body
from services.ingress.http import bodies
from services.ingress.http.responses import as_json, etag
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.writer import PREFIX, Writer
from services.ingress.runtime import Runtime


def scheduling_routes(runtime: Runtime) -> APIRouter:
    """Writes of availability and holds."""
    router = APIRouter(prefix=PREFIX, route_class=PlainRoute, tags=["scheduling"])
    writer = Writer(runtime)

    @router.post("/availability", **described("set_availability"))
    async def set_availability(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        body = await writer.body(request)
        wanted = bodies.check(SetAvailability, body)
        _check_own(caller, wanted.user_id, "Only an admin says when somebody else can be booked.")
        outcome = await writer.carry_out(caller, request, "availability.set", body, wanted.user_id)
        if not isinstance(outcome, dict):
            return outcome
        version = int(outcome["availability"]["version"])
        return as_json(availability_body(outcome["availability"]), headers={"ETag": etag(version)})

    @router.post("/holds", **described("hold"))
    async def hold(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        body = await writer.body(request)
        wanted = bodies.check(PlaceHold, body)
        _check_own(caller, wanted.organizer_id, "Only an admin holds time for another organizer.")
        outcome = await writer.carry_out(caller, request, "hold.place", body)
        if not isinstance(outcome, dict):
            return outcome
        location = f"{PREFIX}/holds/{outcome['hold']['id']}"
        return as_json(hold_body(outcome["hold"]), 201, {"Location": location})

    @router.delete("/holds/{hold_id}", **described("release_hold"))
    async def release_hold(request: Request, hold_id: str) -> Response:
        caller = await runtime.door.enter(request)
        identifier = bodies.path_id(hold_id)
        body = {"hold_id": str(identifier)}
        outcome = await writer.carry_out(caller, request, "hold.release", body, identifier)
        return as_json(hold_body(outcome["hold"])) if isinstance(outcome, dict) else outcome

    return router


def _check_own(caller: Caller, of: UUID | None, refusal: str) -> None:
    if of not in (None, caller.id) and not caller.admin:
        raise Problem("not_allowed", refusal)
