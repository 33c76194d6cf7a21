"""Operations on the caller themselves, and on the people of their organization."""

from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import Field
from starlette.responses import Response

from chassis import clock
from chassis.health import VERSION
from identity.person import Person
from notifications import rules
from services.ingress.api import people_examples as examples
from services.ingress.api import tzdata
from services.ingress.api.answer import NOT_MODIFIED, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import ETAG, IF_NONE_MATCH
from services.ingress.api.limits import LIMITS
from services.ingress.api.models.people import Colleagues, Me
from services.ingress.api.operation import READ, Operations
from services.ingress.api.parameters import Parameters, Parsed, Text, text_of, whole_number
from services.ingress.domain import queries
from services.ingress.domain.people import matches, plain
from services.ingress.domain.problems import not_found
from services.ingress.http.responses import PRIVATE, as_json, has_seen
from services.ingress.routes.preferences import levels

OPERATIONS = Operations("people", "The caller, and the people of their organization.")

IDS_MAX = 100
PAGE_MAX, PAGE_DEFAULT = 100, 20


class PeopleParameters(Parameters):
    """A search of people, or their ids."""

    q: Text | None = Field(
        None, description="Beginnings of words of a name or an e-mail address; accents do not count."
    )
    id: Annotated[
        tuple[UUID, ...],
        Parsed(
            lambda values: queries.uuids(values, IDS_MAX),
            {"type": "array", "maxItems": IDS_MAX, "items": {"type": "string", "format": "uuid"}},
        ),
    ] = Field((), description="Up to 100 people instead of a search; unknown ones are left out.")
    limit: Annotated[int, whole_number(1, PAGE_MAX)] = Field(PAGE_DEFAULT, description="People on a page.")
    cursor: Annotated[str, text_of(500)] | None = Field(None, description="`next_cursor` of the page before.")


@OPERATIONS.operation(
    "GET",
    "/me",
    summary="Read who you are",
    answers=[ok(Me, examples.ME, ETAG), NOT_MODIFIED],
    headers=[IF_NONE_MATCH],
    problems=[*READ, "not_found"],
)
async def me(call: Call) -> Response:
    """Return the caller, the limits of commands, and what the caller may do beside what every member may.

    The ETag does not cover `now`.
    """
    caller = call.caller
    person = (await call.runtime.directory.described([caller.id])).get(caller.id)
    if person is None:
        raise not_found()
    _, own, organization = await levels(call.runtime, caller.id, caller.organization)
    body: dict[str, Any] = {
        "id": str(caller.id),
        "organization_id": str(caller.organization),
        "name": person.name,
        "email": person.email or caller.email,
        "roles": sorted(caller.roles),
        "timezone": rules.timezone(own, organization) or person.timezone,
        "locale": rules.locale(own, organization) or person.locale,
        "token_expires_at": datetime.fromtimestamp(int(caller.expires_at), UTC),
        "tzdata": tzdata.version(),
        "version": VERSION,
        "limits": LIMITS.model_dump(),
        "can": {
            "organization_preferences": caller.admin,
            "book_for_others": caller.admin,
            "announce": True,
        },
    }
    tag = f'"{blake2b(orjson.dumps(body), digest_size=12).hexdigest()}"'
    headers = {"ETag": tag, **PRIVATE}
    if has_seen(call.header("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return as_json({**body, "now": clock.now()}, headers=headers)


@OPERATIONS.operation(
    "GET",
    "/people",
    summary="Find people of your organization",
    answers=[ok(Colleagues, examples.PEOPLE)],
    problems=READ,
)
async def people(call: Call, query: PeopleParameters) -> Response:
    """Return active people of the caller's organization whose name or address has words that begin so, ordered by
    name; or those of the given ids, also former ones. A person may search 20 times a second.

    Where Identity has no search, people are found who have an appointment together with the caller.
    """
    call.runtime.admission.count_search(call.caller.id)
    organization = call.caller.organization
    cursor: str | None = None
    found: Sequence[Person]
    if query.id:
        known = await call.runtime.directory.described(query.id)
        found = [known[person] for person in query.id if person in known]
        found = [person for person in found if person.organization_id == organization]
    elif call.runtime.settings.identity_search == "off":
        found, cursor = await _met(call, query)
    else:
        found, cursor = await call.runtime.directory.search(
            organization, query.q or "", query.limit, query.cursor
        )
    return as_json(
        {"items": [_colleague(person) for person in found], "next_cursor": cursor}, headers=PRIVATE
    )


async def _met(call: Call, query: PeopleParameters) -> tuple[Sequence[Person], str | None]:
    """Return a page of the people with whom the caller has appointments, and the next cursor."""
    identifiers = await call.runtime.store.met(call.caller)
    known = await call.runtime.directory.described(identifiers)
    found = sorted(
        (f"{plain(person.name)} {person.id}", person)
        for person in known.values()
        if person.active
        and person.organization_id == call.caller.organization
        and matches(query.q or "", person.name, person.email)
    )
    rest = [entry for entry in found if entry[0] > (query.cursor or "")]
    cursor = rest[query.limit - 1][0] if len(rest) > query.limit else None
    return [person for _, person in rest[: query.limit]], cursor


def _colleague(person: Person) -> dict[str, Any]:
    return {
        "id": str(person.id),
        "name": person.name,
        "email": person.email,
        "timezone": person.timezone,
        "active": person.active,
    }
