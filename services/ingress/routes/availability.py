"""Operations about free time: free slots, why a time is not offered, availability, holds."""

from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, ClassVar
from uuid import UUID

import orjson
from pydantic import Field, TypeAdapter, ValidationError, ValidationInfo, field_validator
from starlette.responses import Response

from chassis import clock
from contracts.availability import AvailabilityPolicy, SetAvailability
from contracts.fields import Timezone
from scheduling.reasons import explain
from scheduling.slots import offers
from services.ingress.answers import as_json, etag, has_seen, raw_json
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import NOT_MODIFIED, PENDING, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_NONE_MATCH
from services.ingress.api.models.scheduling import AvailabilityRead, FreeSlots, SlotExplanation
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.api.parameters import (
    Day,
    Id,
    Moment,
    Parameters,
    Parsed,
    reported,
    whole_number,
    word_of,
)
from services.ingress.domain import offers as free_time
from services.ingress.domain import slots
from services.ingress.domain.problems import Problem, invalid, not_found
from services.ingress.domain.queries import BadParameter, text
from services.ingress.domain.scheduling import availability_body

OPERATIONS = Operations("scheduling", "Availability, free slots and holds.")

DEFAULT_ZONE = "UTC"
"""The zone of people who never set their availability."""

_ZONE: TypeAdapter[str] = TypeAdapter(Timezone)


def _zone(value: str) -> str:
    try:
        return _ZONE.validate_python(text(value, 100))
    except ValidationError:
        raise BadParameter("unknown_timezone", "Expected an IANA time zone such as Europe/Berlin") from None


Zone = Annotated[str, Parsed(_zone, {"type": "string"})]
People = Annotated[
    tuple[UUID, ...],
    Parsed(
        free_time.people,
        {"type": "array", "maxItems": free_time.PEOPLE_MAX, "items": {"type": "string", "format": "uuid"}},
    ),
]
Minutes = Annotated[int, whole_number(1, free_time.DURATION_MAX)]


class SlotParameters(Parameters):
    """A search for free slots."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"mode"})
    user_id: People = Field(
        (), description="1 to 20 people, repeated or separated by commas; by default the caller."
    )
    start_date: Day = Field(description="The first local day, such as 2027-03-01.")
    end_date: Day = Field(description=f"The last local day, at most the {free_time.DAYS_MAX}nd.")
    duration: Minutes = Field(free_time.DURATION_DEFAULT, description="Minutes.")
    timezone: Zone | None = Field(
        None,
        description="IANA zone in which days begin and end; by default that of the first person's availability, else UTC.",
    )
    mode: Annotated[str, word_of(["all", "any"])] = Field(
        "all", description="`all`: everybody is free; `any`: the first person who is, in the order given."
    )

    @field_validator("end_date")
    @classmethod
    def _check_days(cls, end: date, info: ValidationInfo) -> date:
        if "start_date" in info.data:
            reported(free_time.check_days, info.data["start_date"], end)
        return end


class MomentParameters(Parameters):
    """One start for one person."""

    user_id: Id | None = Field(None, description="A person of the organization; by default the caller.")
    at: Moment = Field(description="RFC 3339; the start to explain.")
    duration: Minutes = Field(free_time.DURATION_DEFAULT, description="Minutes.")
    timezone: Zone | None = Field(
        None, description="IANA zone in which days begin for a person without availability; by default UTC."
    )


class PersonParameters(Parameters):
    """One person."""

    user_id: Id | None = Field(None, description="A colleague, for admins; by default the caller.")


@OPERATIONS.operation(
    "GET",
    "/availability",
    summary="Find free slots",
    answers=[ok(FreeSlots, examples.SLOTS, ETAG), NOT_MODIFIED],
    headers=[IF_NONE_MATCH],
    problems=[*READ, "not_found"],
)
async def availability(call: Call, query: SlotParameters) -> Response:
    """Return the free slots of these days, ordered by start.

    A slot belongs to the day in which it starts, and may end in the next. Each stretch of hours offers its start and
    every step of the policy after it; for several people the steps are those of the person with the longest. A slot
    can be booked unless somebody is faster. The ETag allows `If-None-Match`. The answer is 422 if it would have more
    than some 8 MB, and 404 for people outside the organization.
    """
    people = query.user_id or (call.caller.id,)
    await _check_colleagues(call, people)
    now = int(clock.now().timestamp())
    reach = free_time.reach(query.timezone, query.start_date, query.end_date, query.duration)
    # Times that are over are not offered, so they need not be read.
    first, last = (max(bound, now) for bound in reach)
    found = await call.runtime.people.read(call.caller.organization, people, first, last, now)
    leading = found[0].availability
    zone = query.timezone or (leading.timezone if leading else DEFAULT_ZONE)
    first, last = free_time.instants(zone, query.start_date, query.end_date)
    offered = offers(
        found,
        duration=60 * query.duration,
        first=first,
        last=last,
        now=now,
        timezone=zone,
        together=query.mode == "all",
    )
    if slots.is_too_much(offered):
        raise invalid("end_date", "too_many", "There are too many slots: ask for fewer days or people")
    tag = f'"{slots.tag_of(offered)}"'
    if has_seen(call.header("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    return raw_json(slots.slots_body(offered), headers={"ETag": tag})


@OPERATIONS.operation(
    "GET",
    "/availability/explain",
    summary="Explain why a time is not offered",
    answers=[ok(SlotExplanation, examples.EXPLANATION)],
    problems=[*READ, "not_found"],
)
async def explain_availability(call: Call, query: MomentParameters) -> Response:
    """Return all hours, policies and busy times that are in the way of a start; what a colleague does is not shown.

    Codes: `in_the_past`, `too_far`, `too_short`, `too_long`, `minimum_notice`, `beyond_horizon`, `outside_hours`,
    `day_closed`, `outside_override`, `busy`, `held`, `busy_elsewhere`, `buffer`, `max_per_day`; `between_steps` can be
    booked and is not offered.
    """
    person = query.user_id or call.caller.id
    await _check_colleagues(call, [person])
    start, now = int(query.at.timestamp()), int(clock.now().timestamp())
    end = start + 60 * query.duration
    [found] = await call.runtime.people.read(call.caller.organization, [person], start, end, now)
    reasons = explain(found, start, end, now, query.timezone or DEFAULT_ZONE)
    return as_json(slots.explanation(reasons))


@OPERATIONS.operation(
    "GET",
    "/availability/rules",
    summary="Read a person's availability as it was set",
    answers=[ok(AvailabilityRead, examples.AVAILABILITY, ETAG)],
    problems=[*READ, "not_found"],
)
async def availability_rules(call: Call, query: PersonParameters) -> Response:
    """Return the body of the POST and its `version`; 0 for a person who never set it, and is available whenever free."""
    person = query.user_id or call.caller.id
    if person != call.caller.id and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may read somebody else's availability.")
    await _check_colleagues(call, [person])
    version, body = await call.runtime.store.availability(person, call.caller.organization) or (0, None)
    answer = availability_body(orjson.loads(body)) if body else _never_set(person)
    return as_json(answer, headers={"ETag": etag(version)})


@OPERATIONS.operation(
    "POST",
    "/availability",
    summary="Set when a person can be booked",
    answers=[ok(AvailabilityRead, examples.AVAILABILITY, ETAG), PENDING],
    sends=Sends(example=examples.SET_AVAILABILITY),
    headers=[IDEMPOTENCY_KEY],
    problems=WRITE,
)
async def set_availability(call: Call, body: Body[SetAvailability]) -> Response:
    """Replace a person's availability: one's own, or as an admin anybody's.

    Times are wall-clock times of `timezone`, Monday is 0, an end may be 24:00. An override holds on its date instead
    of the weekly hours, and closes the day if it has no ranges. A person without hours is available whenever free. All
    policies are minutes, except `horizon_days` and `max_per_day`.
    """
    person = body.model.user_id
    if person != call.caller.id and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may set somebody else's availability.")
    outcome = await call.runtime.writer.carry_out(
        call.caller, call.request, "availability.set", body.json, person
    )
    version = int(outcome["availability"]["version"])
    return as_json(availability_body(outcome["availability"]), headers={"ETag": etag(version)})


async def _check_colleagues(call: Call, people: Iterable[UUID]) -> None:
    others = [person for person in people if person != call.caller.id]
    if others and not await call.runtime.directory.all_belong_to(others, call.caller.organization):
        raise not_found()


def _never_set(person: UUID) -> dict[str, Any]:
    return {
        "user_id": str(person),
        "timezone": DEFAULT_ZONE,
        "rules": [],
        "overrides": [],
        "policy": AvailabilityPolicy().model_dump(),
        "version": 0,
    }
