"""Operations on the calendar that other programs subscribe to, and on its secret address."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from hashlib import sha256
from secrets import token_bytes
from typing import Annotated, Any, ClassVar
from uuid import UUID, uuid4

import orjson
from pydantic import Field
from starlette.responses import Response

from chassis import clock
from contracts.feeds import proof_of
from scheduling.ics import writing
from services.ingress.api import examples, scheduling_examples
from services.ingress.api.answer import EMPTY, NOT_MODIFIED, PENDING, created, text
from services.ingress.api.call import Call
from services.ingress.api.headers import ETAG, IF_NONE_MATCH
from services.ingress.api.models.scheduling import FeedAddress
from services.ingress.api.operation import NO_TOKEN, READ, WRITE, Operations
from services.ingress.api.parameters import Id, Parameters, Parsed
from services.ingress.domain import tokens
from services.ingress.domain.feed import entries
from services.ingress.domain.paths import PREFIX
from services.ingress.domain.problems import Problem, not_found
from services.ingress.http.responses import as_json, has_seen

OPERATIONS = Operations("calendars", "Feeds for calendar programs, and imports of their files.")

CALENDAR_NAME = "Appointments"
BACK, AHEAD = timedelta(days=90), timedelta(days=400)
_PRIVATE = {"Cache-Control": "private, no-cache"}  # a client asks each time whether it has changed


class FeedParameters(Parameters):
    """The secret of a feed."""

    verbatim: ClassVar[frozenset[str]] = frozenset({"token"})
    token: Annotated[str, Parsed(str, {"type": "string"})] = Field(
        description="The secret; a wrong or revoked one is 404."
    )


class RevocationParameters(Parameters):
    """The person whose address is revoked."""

    user_id: Id | None = Field(None, description="A colleague, for admins; by default the caller.")


@OPERATIONS.operation(
    "POST",
    "/calendar/feed",
    summary="Make or renew the secret address of your calendar",
    answers=[created(FeedAddress, scheduling_examples.FEED), PENDING],
    problems=[*WRITE, "feeds_unavailable"],
)
async def feed(call: Call) -> Response:
    """Make a secret address for calendar programs that subscribe.

    The address alone gives access to the calendar, so it is answered once and kept nowhere; the one before
    is dead at once. A repeated call makes another one.
    """
    token = tokens.token_of(call.caller.id, token_bytes(tokens.RANDOM_BYTES))
    await _set_feed(call, call.caller.id, tokens.hash_of(call.runtime.settings.feed_secret, token))
    url = f"{call.runtime.settings.public_url.rstrip('/')}{PREFIX}/calendar.ics?token={token}"
    return as_json({"url": url}, 201, {"Cache-Control": "no-store"})


@OPERATIONS.operation(
    "DELETE",
    "/calendar/feed",
    summary="Revoke the secret address of a calendar",
    answers=[EMPTY, PENDING],
    problems=[*WRITE, "feeds_unavailable"],
)
async def revoke_feed(call: Call, query: RevocationParameters) -> Response:
    """Revoke an address: it is dead when the answer comes. An admin may revoke that of a colleague, also of one
    who has left.
    """
    await _set_feed(call, query.user_id or call.caller.id, None)
    return Response(status_code=204)


@OPERATIONS.operation(
    "GET",
    "/calendar.ics",
    summary="Read a calendar by its secret address",
    answers=[text("text/calendar", examples.CALENDAR_FILE, ETAG), NOT_MODIFIED],
    access=NO_TOKEN,
    headers=[IF_NONE_MATCH],
    problems=[*READ, "not_found", "rate_limited", "identity_unavailable"],
)
async def subscribed_calendar(call: Call, query: FeedParameters) -> Response:
    """Return the calendar from 90 days back to 400 days ahead.

    A series is one entry with its rule, and one for each instance that differs from the rule.
    """
    runtime = call.runtime
    person, organization = await _owner(call, query.token)
    now = clock.now()
    rows = await runtime.store.own(person, organization, now - BACK, now + AHEAD)
    identifiers = sorted({row["series_id"] for row in rows if row["series_id"]})
    series = await runtime.store.series(organization, identifiers)
    appointments = [orjson.loads(row["body"]) for row in rows]
    names = await runtime.directory.names_of(_people(appointments))
    headers = {"ETag": _etag([*rows, *series], names), **_PRIVATE}
    if has_seen(call.header("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    document = await asyncio.to_thread(_document, appointments, series, names)
    return Response(document, headers=headers, media_type="text/calendar; charset=utf-8")


async def _set_feed(call: Call, person: UUID, token_hash: str | None) -> None:
    """Carry out feed.set under an id of its own, with our proof: a repeated request makes another secret, for the
    first is not kept. Raises Problem.
    """
    caller, secret = call.caller, call.runtime.settings.feed_secret
    if not secret:
        raise Problem("feeds_unavailable", "FEED_SECRET is not set.")
    if person != caller.id and not caller.admin:
        raise Problem("not_allowed", "Only an admin may revoke the address of a colleague.")
    identifier, now = uuid4(), clock.now()
    body = {
        "token_hash": token_hash,
        "user_id": str(person),
        "signed_at": now.isoformat(),
        "proof": proof_of(secret, identifier, caller.organization, person, token_hash, now),
    }
    await call.runtime.writer.carry_out(caller, call.request, "feed.set", body, person, identifier=identifier)


async def _owner(call: Call, token: str) -> tuple[UUID, UUID]:
    """Return the person and the organization whose calendar the token opens. Raises Problem 404, 429."""
    secret, owner = call.runtime.settings.feed_secret, tokens.owner_of(token)
    if not secret or owner is None:
        raise not_found()
    found = await call.runtime.store.feed(tokens.hash_of(secret, token))
    if found is None or found[0] != owner:
        raise not_found()
    call.runtime.admission.count(*found)
    if not await call.runtime.directory.belongs_to(*found):
        raise not_found()
    return found


def _people(appointments: Iterable[Mapping[str, Any]]) -> set[UUID]:
    return {
        UUID(person)
        for appointment in appointments
        for person in (appointment["organizer_id"], *appointment["confirmation_status"])
    }


def _etag(rows: Sequence[Any], names: Mapping[UUID, str]) -> str:
    """Return a tag that changes whenever the document does: versions and names determine it."""
    digest = sha256(CALENDAR_NAME.encode())
    for row in rows:
        digest.update(row["id"].bytes + int(row["version"]).to_bytes(8, "big"))
    for person in sorted(names):
        digest.update(person.bytes + names[person].encode("utf-8", "surrogatepass"))
    return f'"{digest.hexdigest()[:32]}"'


def _document(
    appointments: Sequence[Mapping[str, Any]], series: Sequence[Any], names: Mapping[UUID, str]
) -> bytes:
    series_by_id = {str(row["id"]): orjson.loads(row["body"]) for row in series}
    names_by_id = {str(person): name for person, name in names.items()}
    return writing.write(entries(appointments, series_by_id, names_by_id), name=CALENDAR_NAME)
