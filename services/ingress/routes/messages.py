"""The log of the messages that people got, or will get, about appointments."""

from datetime import datetime, timedelta
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field
from starlette.responses import Response

from chassis import clock
from contracts.fields import Channel
from contracts.notifications import DeliveryState, NotificationType
from services.ingress.api import examples
from services.ingress.api.answer import ok
from services.ingress.api.call import Call
from services.ingress.api.models.messages import LoggedDelivery, MessageLog
from services.ingress.api.operation import READ, Operations
from services.ingress.api.parameters import Id, Instant, Parsed, RangeParameters, Text, whole_number
from services.ingress.domain import cursors, queries
from services.ingress.domain.problems import invalid
from services.ingress.http.responses import as_json
from services.ingress.views.store import MessageQuery

OPERATIONS = Operations("notifications", "Texts of messages, and what became of them.")

APPOINTMENTS_MAX = 50
_FIELDS = tuple(name for name in LoggedDelivery.model_fields if name != "recipient_name")


def _some_of(kind: Any) -> Parsed:
    known = sorted(member.value for member in kind)
    schema = {"type": "array", "items": {"type": "string", "enum": known}}
    return Parsed(partial(queries.some_of, known=known), schema)


class MessageParameters(RangeParameters):
    """Filters of the message log."""

    from_: Instant | None = Field(
        None,
        alias="from",
        description="RFC 3339; planned from this instant on, by default 31 days before `to`.",
    )
    to: Instant | None = Field(
        None,
        description="RFC 3339; planned before this instant, by default now; at most 366 days after `from`.",
    )
    state: Annotated[tuple[str, ...], _some_of(DeliveryState)] = Field(
        (), description="States, by default all."
    )
    channel: Annotated[tuple[str, ...], _some_of(Channel)] = Field(
        (), description="Channels, by default all."
    )
    type: Annotated[tuple[str, ...], _some_of(NotificationType)] = Field(
        (), description="Types, by default all."
    )
    recipient_id: Id | None = Field(None, description="The person who gets them.")
    appointment_id: Annotated[
        tuple[UUID, ...],
        Parsed(
            lambda values: queries.uuids(values, APPOINTMENTS_MAX),
            {"type": "array", "maxItems": APPOINTMENTS_MAX, "items": {"type": "string", "format": "uuid"}},
        ),
    ] = Field((), description="Up to 50 appointments, by default all.")
    limit: Annotated[int, whole_number(1, queries.LIMIT_MAX)] = Field(
        queries.LIMIT_DEFAULT, description="Items on a page."
    )
    cursor: Text | None = Field(None, description="`next_cursor` of the page before.")

    def query(self, now: datetime) -> MessageQuery:
        """Return the filters for the views. Raises Problem 422 for a cursor that is none."""
        end = self.to or now + timedelta(seconds=1)
        start = self.from_ or end - queries.RANGE_DEFAULT
        try:
            after = cursors.decode(self.cursor) if self.cursor else None
        except ValueError:
            raise invalid("cursor", "cursor", "Expected a next_cursor of an earlier page") from None
        return MessageQuery(
            start,
            end,
            after,
            self.limit + 1,
            self.state,
            self.channel,
            self.type,
            self.appointment_id,
            self.recipient_id,
        )


@OPERATIONS.operation(
    "GET",
    "/notifications",
    id="message_log",
    summary="Read the log of messages",
    answers=[ok(MessageLog, examples.MESSAGE_LOG)],
    problems=READ,
)
async def message_log(call: Call, query: MessageParameters) -> Response:
    """Return deliveries with their present states, those that were planned last first.

    An admin reads those of the organization; everybody else their own, and all of the appointments that they
    organize. `title` is null if the appointment is not known, as for a digest.
    """
    rows = await call.runtime.store.message_log(call.caller, query.query(clock.now()))
    shown = rows[: query.limit]
    names = await call.runtime.directory.names_of({UUID(row["recipient_id"]) for row in shown})
    items = [
        {**{name: row[name] for name in _FIELDS}, "recipient_name": names.get(UUID(row["recipient_id"]))}
        for row in shown
    ]
    following = None
    if len(rows) > query.limit:
        following = cursors.encode(shown[-1]["planned_at"], UUID(shown[-1]["id"]))
    return as_json({"items": items, "next_cursor": following})
