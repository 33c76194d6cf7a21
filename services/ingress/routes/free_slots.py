"""Operations that search free slots, and that explain why a time is not offered."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError, ValidationInfo, field_validator
from starlette.responses import Response

from chassis import clock
from contracts.fields import Timezone
from contracts.holds import HOLDS_MAX
from scheduling.reasons import explain
from scheduling.slots import Slot, offers
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import NOT_MODIFIED, Answer, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import ETAG, IF_NONE_MATCH
from services.ingress.api.models.scheduling import FreeDays, FreeSlots, FreeTimes, SlotExplanation
from services.ingress.api.operation import READ, Operations
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
from services.ingress.domain import queries, slots
from services.ingress.domain.problems import invalid
from services.ingress.domain.queries import BadParameter, text
from services.ingress.http.responses import as_json, has_seen, raw_json
from services.ingress.routes.availability import DEFAULT_ZONE, check_colleagues

OPERATIONS = Operations("scheduling", "Availability, free slots and holds.")

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
HoldIds = Annotated[
    tuple[UUID, ...],
    Parsed(
        lambda values: queries.uuids(values, HOLDS_MAX),
        {"type": "array", "maxItems": HOLDS_MAX, "items": {"type": "string", "format": "uuid"}},
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

    hold_id: HoldIds = Field(
        (), description=f"Holds that count as free if they are the caller's; at most {HOLDS_MAX}."
    )
    view: Annotated[str, word_of(["slots", "days", "times"])] = Field(
        "slots",
        description="`times`: the starts alone; `days`: for each day how many there are, the first and the last.",
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


@OPERATIONS.operation(
    "GET",
    "/availability",
    summary="Find free slots",
    answers=[
        Answer(
            status=200,
            description="OK",
            models=[FreeSlots, FreeTimes, FreeDays],
            example=examples.SLOTS,
            headers=[ETAG],
        ),
        NOT_MODIFIED,
    ],
    headers=[IF_NONE_MATCH],
    problems=[*READ, "not_found"],
)
async def availability(call: Call, query: SlotParameters) -> Response:
    """Return the free slots of these days, ordered by start.

    A slot belongs to the day in which it starts, and may end in the next. Each stretch of hours offers its
    start and every step of the policy after it; for several people the steps are those of the person with
    the longest. A slot can be booked unless somebody is faster. The ETag allows `If-None-Match`. The answer
    is 422 if it would have more than some 8 MB, and 404 for people outside the organization.
    """
    people = query.user_id or (call.caller.id,)
    await check_colleagues(call, people)
    zone, offered = await _offered(call, query, people)
    if query.view == "slots" and slots.is_too_much(offered):
        raise invalid("end_date", "too_many", "There are too many slots: ask for fewer days or people")
    tag = f'"{slots.tag_of(offered)}{query.view[0] if query.view != "slots" else ""}"'
    if has_seen(call.header("if-none-match"), tag):
        return Response(status_code=304, headers={"ETag": tag})
    body: bytes | str
    if query.view == "days":
        body = slots.days_body(offered, zone, query.start_date, query.end_date)
    elif query.view == "times":
        body = slots.times_body(offered, people, query.duration, query.mode == "all")
    else:
        body = slots.slots_body(offered)
    return raw_json(body, headers={"ETag": tag})


@OPERATIONS.operation(
    "GET",
    "/availability/explain",
    summary="Explain why a time is not offered",
    answers=[ok(SlotExplanation, examples.EXPLANATION)],
    problems=[*READ, "not_found"],
)
async def explain_availability(call: Call, query: MomentParameters) -> Response:
    """Return all hours, policies and busy times that are in the way of a start; what a colleague does is
    not shown.

    Codes: `in_the_past`, `too_far`, `too_short`, `too_long`, `minimum_notice`, `beyond_horizon`,
    `outside_hours`, `day_closed`, `outside_override`, `busy`, `held`, `busy_elsewhere`, `buffer`,
    `max_per_day`; `between_steps` can be booked and is not offered.
    """
    person = query.user_id or call.caller.id
    await check_colleagues(call, [person])
    start, now = int(query.at.timestamp()), int(clock.now().timestamp())
    end = start + 60 * query.duration
    [found] = await call.runtime.people.read(call.caller, [person], start, end, now)
    reasons = explain(found, start, end, now, query.timezone or DEFAULT_ZONE)
    return as_json(slots.explanation(reasons))


async def _offered(call: Call, query: SlotParameters, people: Sequence[UUID]) -> tuple[str, list[Slot]]:
    """Return the zone of the days, and the free slots."""
    now = int(clock.now().timestamp())
    reach = free_time.reach(query.timezone, query.start_date, query.end_date, query.duration)
    # Times that are over are not offered, so they need not be read.
    first, last = (max(bound, now) for bound in reach)
    found = await call.runtime.people.read(call.caller, people, first, last, now, query.hold_id)
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
    return zone, offered
