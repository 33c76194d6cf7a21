"""Operations that read appointments: calendar, list, one appointment with its notifications, outcomes of
commands.
"""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import Field
from starlette.responses import Response

from chassis import clock
from contracts.fields import Status
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.topics import BOOKING_COMMANDS
from services.ingress.api import examples
from services.ingress.api.answer import NOT_MODIFIED, Answer, ok
from services.ingress.api.call import Call
from services.ingress.api.headers import ETAG, IF_NONE_MATCH
from services.ingress.api.models.appointments import (
    AppointmentPage,
    AppointmentRead,
    Calendar,
    Deliveries,
    Delivery,
)
from services.ingress.api.models.commands import PendingCommand
from services.ingress.api.operation import READ, Operations
from services.ingress.api.parameters import (
    Id,
    Instant,
    Parameters,
    Parsed,
    RangeParameters,
    Text,
    whole_number,
)
from services.ingress.domain import appointments, cursors, queries
from services.ingress.domain import calendar as calendars
from services.ingress.domain.problems import invalid, not_found
from services.ingress.http.responses import as_json, etag, has_seen, raw_json, tagged_json
from services.ingress.routes.availability import check_colleagues
from services.ingress.routes.free_slots import People

OPERATIONS = Operations("appointments", "Appointments: book, change, read.")

PENDING_FOR = timedelta(milliseconds=BOOKING_COMMANDS.retention_ms)  # a command is not decided later
_DELIVERY_FIELDS = tuple(Delivery.model_fields)
_STATUSES = sorted(status.value for status in Status)
Statuses = Annotated[
    tuple[str, ...],
    Parsed(
        partial(queries.some_of, known=_STATUSES),
        {"type": "array", "items": {"type": "string", "enum": _STATUSES}},
    ),
]


class OverlapParameters(RangeParameters):
    """A range of time, for the appointments that overlap it."""

    from_: Instant | None = Field(
        None, alias="from", description="RFC 3339; appointments that end after this instant."
    )
    to: Instant | None = Field(
        None,
        description="RFC 3339; appointments that start before this instant, at most 366 days after `from`.",
    )


class CalendarParameters(OverlapParameters):
    """The calendar of a person, or of several."""

    user_id: People = Field(
        (), description="1 to 20 colleagues, repeated or separated by commas; by default the caller."
    )
    include: Annotated[str, Parsed(str, {"type": "string", "enum": ["people"]})] | None = Field(
        None, description="`people` adds the names of all people in the items."
    )

    def query(self, now: datetime) -> queries.CalendarQuery:
        """Return the range to read, with the defaults of a calendar."""
        start, end = queries.calendar_range(self.from_, self.to, now)
        return queries.CalendarQuery(start, end, self.user_id)


class ListParameters(OverlapParameters):
    """Filters of a list."""

    status: Statuses = Field((), description="Statuses, repeated or separated by commas; by default all.")
    participant_id: Id | None = Field(None, description="A person who takes part, the organizer included.")
    client_id: Id | None = Field(None, description="The client whom the appointment is for.")
    q: Text | None = Field(None, description="Text in title, location or description.")
    limit: Annotated[int, whole_number(1, queries.LIMIT_MAX)] = Field(
        queries.LIMIT_DEFAULT, description="Items on a page."
    )
    cursor: Text | None = Field(None, description="`next_cursor` of the page before.")

    def query(self) -> queries.ListQuery:
        """Return the filters for the views."""
        return queries.ListQuery(
            ends_after=self.from_,
            starts_before=self.to,
            statuses=self.status,
            participant=self.participant_id,
            client=self.client_id,
            text=self.q,
            limit=self.limit,
        )


class VersionParameters(Parameters):
    """The version that a read waits for."""

    min_version: Annotated[int, whole_number(1, queries.VERSION_MAX)] | None = Field(
        None, description="Wait up to 2 s until the views show this version."
    )


class AppointmentParameters(VersionParameters):
    """Parts of an appointment that are not read by default."""

    include: Annotated[str, Parsed(str, {"type": "string", "enum": ["history"]})] | None = Field(
        None, description="`history` adds every version and the fields that it changed."
    )


@OPERATIONS.operation(
    "GET",
    "/calendar",
    summary="Read a calendar",
    answers=[ok(Calendar, examples.CALENDAR, ETAG), NOT_MODIFIED],
    headers=[IF_NONE_MATCH],
    problems=[*READ, "not_found"],
)
async def calendar(call: Call, query: CalendarParameters) -> Response:
    """Return the appointments of a calendar, by default of the 31 days from today (UTC); of several people at
    once each appointment once.

    Of a colleague's appointments only those in which the caller takes part are shown, the others as busy
    ranges; an admin sees all. An item names at most 20 participants. The ETag allows `If-None-Match`.
    """
    read = query.query(clock.now())
    await check_colleagues(call, read.people)
    rows = await call.runtime.store.calendar(call.caller, read)
    items = calendars.items(rows, call.caller.id, read.start, read.end, len(read.people) > 1)
    body: dict[str, Any] = {"items": items}
    if query.include == "people":
        names = await call.runtime.directory.names_of(calendars.people_of(items))
        body["people"] = {str(person): {"name": names[person]} for person in sorted(names)}
    return tagged_json(call.header("if-none-match"), body)


@OPERATIONS.operation(
    "GET",
    "",
    id="list",
    summary="List appointments",
    answers=[ok(AppointmentPage, examples.PAGE)],
    problems=READ,
)
async def list_appointments(call: Call, query: ListParameters) -> Response:
    """Return a page of the appointments in which the caller takes part, ordered by start.

    An admin sees those of the whole organization.
    """
    after = _after(query.cursor)
    rows = await call.runtime.store.page(call.caller, query.query(), after)
    return raw_json(appointments.page(rows, query.limit))


class OutcomeParameters(Parameters):
    """The time of a command."""

    sent_at: Instant | None = Field(
        None, description="When the command was sent, as the `Location` of its answer says."
    )


@OPERATIONS.operation(
    "GET",
    "/commands/{command_id}",
    summary="Read the outcome of a command",
    answers=[
        Answer(
            status=200,
            description="OK",
            models=[Outcome, PreferencesOutcome, PendingCommand],
            example=examples.OUTCOME,
        )
    ],
    problems=READ,
)
async def command(call: Call, command_id: UUID, query: OutcomeParameters) -> Response:
    """Return the outcome of a command of the caller, or `pending` while there is none.

    A command stays pending for at most 14 days after `sent_at`; an id without an outcome is 404 then, and
    without `sent_at` at once.
    """
    found = await call.runtime.store.command(command_id, call.caller.organization)
    if found is None:
        if query.sent_at is None or clock.now() - query.sent_at > PENDING_FOR:
            raise not_found()
        return as_json({"command_id": str(command_id), "status": "pending"})
    actor, body = found
    if actor != str(call.caller.id):
        raise not_found()
    return raw_json(body)


@OPERATIONS.operation(
    "GET",
    "/{appointment_id}/notifications",
    summary="Read the notifications of an appointment",
    answers=[ok(Deliveries, examples.DELIVERIES)],
    problems=READ,
)
async def notifications(call: Call, appointment_id: UUID, query: VersionParameters) -> Response:
    """Return the deliveries of an appointment and their states, in the order of planning.

    The organizer and admins get those of all recipients, a participant their own.
    """
    await _visible(call, appointment_id, query.min_version)
    rows = await call.runtime.store.notifications(call.caller, appointment_id)
    return as_json({"items": [{name: row[name] for name in _DELIVERY_FIELDS} for row in rows]})


@OPERATIONS.operation(
    "GET",
    "/{appointment_id}",
    summary="Read an appointment",
    answers=[ok(AppointmentRead, examples.READ, ETAG), NOT_MODIFIED],
    headers=[IF_NONE_MATCH],
    problems=READ,
)
async def appointment(call: Call, appointment_id: UUID, query: AppointmentParameters) -> Response:
    """Return an appointment in which the caller takes part; an admin may read all of the organization."""
    version, body = await _visible(call, appointment_id, query.min_version)
    if has_seen(call.header("if-none-match"), etag(version)):
        return Response(status_code=304, headers={"ETag": etag(version)})
    store, organization = call.runtime.store, call.caller.organization
    more: dict[str, Any] = {}
    if query.include == "history":
        more["history"] = appointments.history(await store.history(organization, appointment_id))
    if '"declined"' in body:
        rows = await store.answers(organization, appointment_id)
        more["declined"] = appointments.declined(orjson.loads(body), rows)
    return raw_json(appointments.with_fields(body, more) if more else body, headers={"ETag": etag(version)})


async def _visible(call: Call, identifier: UUID, min_version: int | None) -> tuple[int, str]:
    """Return version and JSON of an appointment, at least of `min_version` if the views show that in time.

    Raises Problem 404 if it does not exist or the caller may not see it.
    """
    if min_version:
        look = partial(call.runtime.store.version, call.caller.organization, identifier)
        await call.runtime.visibility.wait(str(identifier), min_version, look, fresh=False)
    found = await call.runtime.store.appointment(call.caller, identifier)
    if found is None:
        raise not_found()
    return found


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    try:
        return cursors.decode(cursor)
    except ValueError:
        raise invalid("cursor", "cursor", "Expected a next_cursor of an earlier page") from None
