"""Operations on availability: the hours, exceptions and policy of a person."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import orjson
from pydantic import Field
from starlette.responses import Response

from contracts.availability import AvailabilityPolicy, SetAvailability
from services.ingress.api import scheduling_examples as examples
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY
from services.ingress.api.models.scheduling import AvailabilityRead
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.api.parameters import Id, Parameters
from services.ingress.domain.problems import Problem, not_found
from services.ingress.domain.scheduling import availability_body
from services.ingress.http.responses import as_json, etag

OPERATIONS = Operations("scheduling", "Availability, free slots and holds.")

DEFAULT_ZONE = "UTC"
"""The zone of people who never set their availability."""


class PersonParameters(Parameters):
    """One person."""

    user_id: Id | None = Field(None, description="A colleague, for admins; by default the caller.")


@OPERATIONS.operation(
    "GET",
    "/availability/rules",
    summary="Read a person's availability as it was set",
    answers=[ok(AvailabilityRead, examples.AVAILABILITY, ETAG)],
    problems=[*READ, "not_found"],
)
async def availability_rules(call: Call, query: PersonParameters) -> Response:
    """Return the body of the POST and its `version`; 0 for a person who never set it, and is available
    whenever free.
    """
    person = query.user_id or call.caller.id
    if person != call.caller.id and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may read somebody else's availability.")
    await check_colleagues(call, [person])
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

    Times are wall-clock times of `timezone`, Monday is 0, an end may be 24:00. An override holds on its
    date instead of the weekly hours, and closes the day if it has no ranges. A person without hours is
    available whenever free. All policies are minutes, except `horizon_days` and `max_per_day`.
    """
    person = body.model.user_id
    if person != call.caller.id and not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may set another person's availability.")
    outcome = await call.runtime.writer.carry_out(
        call.caller, call.request, "availability.set", body.json, person
    )
    version = int(outcome["availability"]["version"])
    return as_json(availability_body(outcome["availability"]), headers={"ETag": etag(version)})


async def check_colleagues(call: Call, people: Iterable[UUID]) -> None:
    """Raise Problem 404 unless all these people are of the caller's organization."""
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
