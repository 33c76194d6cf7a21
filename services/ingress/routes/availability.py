"""Calls about free time: what is offered, why a time is not, and what somebody said of their hours."""

from collections.abc import Iterable
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response
from pydantic import TypeAdapter, ValidationError

from chassis import clock
from contracts.availability import AvailabilityPolicy
from contracts.fields import Timezone
from scheduling.reasons import explain
from scheduling.slots import offers
from services.ingress.api.openapi import described
from services.ingress.domain import offers as asked
from services.ingress.domain import slots
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, invalid, not_found
from services.ingress.domain.scheduling import availability_body
from services.ingress.http.responses import as_json, etag, has_seen, raw_json
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.reads import params
from services.ingress.runtime import Runtime
from services.ingress.views.people import Openings

NO_ZONE = "UTC"
"""Where the days of somebody begin who never said anything, unless the question says where."""

_ZONE: TypeAdapter[str] = TypeAdapter(Timezone)


def availability_routes(runtime: Runtime) -> APIRouter:
    """Everybody may ask about anybody in their organization; what others do then is not told."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["scheduling"])
    openings = Openings(runtime.store)

    @router.get("/availability", **described("availability"))
    async def availability(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        query = asked.offers_query(params(request), _is_zone)
        who = query.people or (caller.id,)
        await _check_known(runtime, caller, who)
        now = int(clock.now().timestamp())
        people = await openings.people(caller.organization, who, *_from_now(query.reach, now), now)
        leading = people[0].availability
        zone = query.timezone or (leading.timezone if leading else NO_ZONE)
        first, last = query.instants(zone)
        found = offers(
            people,
            duration=60 * query.duration,
            first=first,
            last=last,
            now=now,
            timezone=zone,
            together=query.together,
        )
        if slots.is_too_much(found):
            raise invalid("end_date", "too_many", "There are too many slots: ask for fewer days or people")
        tag = f'"{slots.tag_of(found)}"'
        if has_seen(request.headers.get("if-none-match"), tag):
            return Response(status_code=304, headers={"ETag": tag})
        return raw_json(slots.slots_body(found), headers={"ETag": tag})

    @router.get("/availability/explain", **described("explain_availability"))
    async def explained(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        query = asked.moment_query(params(request), _is_zone)
        person = query.person or caller.id
        await _check_known(runtime, caller, [person])
        now, end = int(clock.now().timestamp()), query.start + 60 * query.duration
        [whose] = await openings.people(caller.organization, [person], query.start, end, now)
        reasons = explain(whose, query.start, end, now, query.timezone or NO_ZONE)
        return as_json(slots.explanation(reasons))

    @router.get("/availability/rules", **described("availability_rules"))
    async def rules(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        person = asked.person_query(params(request)) or caller.id
        if person != caller.id and not caller.admin:
            raise Problem("not_allowed", "Only an admin reads what somebody else said of their hours.")
        await _check_known(runtime, caller, [person])
        version, body = await runtime.store.availability(person, caller.organization) or (0, None)
        shown = availability_body(orjson.loads(body)) if body else _nothing_said(person)
        return as_json(shown, headers={"ETag": etag(version)})

    return router


def _is_zone(name: str) -> bool:
    try:
        _ZONE.validate_python(name)
    except ValidationError:
        return False
    return True


async def _check_known(runtime: Runtime, caller: Caller, people: Iterable[UUID]) -> None:
    others = [person for person in people if person != caller.id]
    if others and not await runtime.directory.all_belong_to(others, caller.organization):
        raise not_found()


def _from_now(reach: tuple[int, int], now: int) -> tuple[int, int]:
    """What is over is not offered, so it need not be read."""
    first, last = reach
    return max(first, now), max(last, now)


def _nothing_said(person: UUID) -> dict[str, object]:
    return {
        "user_id": str(person),
        "timezone": NO_ZONE,
        "rules": [],
        "overrides": [],
        "policy": AvailabilityPolicy().model_dump(),
        "version": 0,
    }
