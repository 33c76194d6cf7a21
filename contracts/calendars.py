"""Calendars of other programs that are polled by their address.

The address is a secret: whoever knows it reads the calendar. In messages it is sealed with the fleet's key, so no
reader of a topic can use it.
"""

from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.fields import CommandBody, EventBody, Instant, Timezone

ADDRESS_MAX = 2_000
NAME_MAX = 200
SEALED_MAX = 6_000
CODE_MAX = 50


def _printable(name: str) -> str:
    if not name.isprintable():
        raise PydanticCustomError("control_character", "Control characters are not allowed")
    return name


CalendarName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=NAME_MAX),
    AfterValidator(_printable),
]
Code = Annotated[str, StringConstraints(max_length=CODE_MAX), AfterValidator(_printable)]
Sealed = Annotated[str, StringConstraints(min_length=1, max_length=SEALED_MAX), AfterValidator(_printable)]


class NewSubscription(CommandBody):
    """A calendar to subscribe to: its https address, and a name for people (default: the host)."""

    url: str = Field(min_length=1, max_length=ADDRESS_MAX)
    name: CalendarName | None = None


class SubscribeCalendar(CommandBody):
    """Poll a calendar of the actor's at an address, sealed with the fleet's key, and keep its busy times.

    `timezone` is the clock of times that the calendar leaves without a zone.
    """

    subscription_id: UUID
    name: CalendarName
    sealed: Sealed
    timezone: Timezone = "UTC"


class UnsubscribeCalendar(CommandBody):
    """Poll a calendar of the actor's no longer, and forget its busy times."""

    subscription_id: UUID


class NoteCalendarPoll(CommandBody):
    """Note how a poll of a person's calendar ended: with so many times, or with an error; sent by reminders."""

    user_id: UUID
    subscription_id: UUID
    error: Code | None = None
    times: int = Field(0, strict=True, ge=0)


class CalendarSubscription(EventBody):
    """A subscribed calendar. `error` is the code of the last poll, `failing_since` the first of the failed ones."""

    id: UUID
    name: str
    sealed: str
    timezone: str
    created_at: Instant
    checked_at: Instant | None = None
    succeeded_at: Instant | None = None
    error: str | None = None
    failing_since: Instant | None = None
    times: int = 0


class SubscriptionsChanged(EventBody):
    """Body of `calendar_subscriptions.changed`: all subscribed calendars of a person; `version` counts from 1."""

    user_id: UUID
    organization_id: UUID
    version: int = Field(ge=1)
    subscriptions: list[CalendarSubscription]
    actor: str


EVENT_TYPES: dict[str, str] = {
    "calendar_subscriptions.changed": "A person's subscribed calendars, or the results of their polls, changed.",
}
