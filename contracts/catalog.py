"""Every kind of message: its type, its topic, the shape of its body."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from contracts import (
    appointments,
    availability,
    calendars,
    control,
    feeds,
    holds,
    notifications,
    reminders,
    series,
    views,
)
from contracts.commands import BOOKING_COMMANDS, NOTIFIER_COMMANDS
from contracts.envelope import MalformedEnvelope, RawHeaders, read
from contracts.outcomes import OUTCOME_TYPES, FieldError, Outcome, PreferencesOutcome, field_errors
from contracts.preferences import OrganizationPreferencesChanged, PreferencesChanged
from contracts.topics import BOOKING_COMMANDS as BOOKING_COMMANDS_TOPIC
from contracts.topics import (
    BOOKING_EVENTS,
    BOOKING_OUTCOMES,
    COMMUNICATION_EVENTS,
    NOTIFIER_EVENTS,
    NOTIFIER_OUTCOMES,
    PROJECTOR_EVENTS,
    REMINDERS_EVENTS,
    Topic,
)
from contracts.topics import NOTIFIER_COMMANDS as NOTIFIER_COMMANDS_TOPIC


@dataclass(frozen=True, slots=True)
class MessageType:
    """One kind of message. `ce_type` as in its header; `name` is unique: the type, with its owner where two share it."""

    name: str
    ce_type: str
    topic: Topic
    body: type[BaseModel]
    description: str


def _commands(topic: Topic, bodies: Mapping[str, type[BaseModel]]) -> Iterator[MessageType]:
    for kind, body in bodies.items():
        yield MessageType(kind, kind, topic, body, (body.__doc__ or "").splitlines()[0])


def _told(
    topic: Topic, body: type[BaseModel], types: Mapping[str, str], prefix: str = ""
) -> Iterator[MessageType]:
    for kind, description in types.items():
        yield MessageType(prefix + kind, kind, topic, body, description)


_PROJECTOR_BODIES: dict[str, type[BaseModel]] = {
    "calendar.changed": views.CalendarChanged,
    "preferences.shown": views.PreferencesShown,
    "organization_preferences.shown": views.OrganizationPreferencesShown,
    "notifications.changed": views.NotificationsChanged,
    "availability.shown": views.AvailabilityShown,
    "busy_times.shown": views.BusyTimesShown,
    "hold.shown": views.HoldShown,
    "feed.shown": views.FeedShown,
    "calendar_subscriptions.shown": views.SubscriptionsShown,
}
_REPORTS = {
    "notification.delivered": "It reached the person.",
    "notification.failed": "It could not be delivered.",
    "notification.bounced": "The address does not exist.",
}

MESSAGE_TYPES: tuple[MessageType, ...] = (
    *_commands(BOOKING_COMMANDS_TOPIC, BOOKING_COMMANDS),
    *_told(BOOKING_EVENTS, appointments.AppointmentEvent, appointments.EVENT_TYPES),
    *_told(BOOKING_EVENTS, series.SeriesEvent, series.EVENT_TYPES),
    *_told(BOOKING_EVENTS, availability.AvailabilityChanged, availability.AVAILABILITY_EVENT_TYPES),
    *_told(BOOKING_EVENTS, availability.BusyTimesChanged, availability.BUSY_EVENT_TYPES),
    *_told(BOOKING_EVENTS, holds.HoldEvent, holds.EVENT_TYPES),
    *_told(BOOKING_EVENTS, feeds.FeedChanged, feeds.EVENT_TYPES),
    *_told(BOOKING_EVENTS, calendars.SubscriptionsChanged, calendars.EVENT_TYPES),
    *_told(BOOKING_OUTCOMES, Outcome, OUTCOME_TYPES, "booking."),
    *_told(REMINDERS_EVENTS, reminders.Reminder, reminders.EVENT_TYPES),
    *_told(REMINDERS_EVENTS, reminders.FollowUp, reminders.FOLLOW_UP_TYPES),
    *_commands(NOTIFIER_COMMANDS_TOPIC, NOTIFIER_COMMANDS),
    *_told(NOTIFIER_OUTCOMES, PreferencesOutcome, OUTCOME_TYPES, "notifier."),
    *_told(NOTIFIER_EVENTS, notifications.Notification, notifications.EVENT_TYPES),
    *_told(
        NOTIFIER_EVENTS, PreferencesChanged, {"preferences.changed": "A person's preferences were replaced."}
    ),
    *_told(
        NOTIFIER_EVENTS,
        OrganizationPreferencesChanged,
        {"organization_preferences.changed": "An organization's preferences were replaced."},
    ),
    *_told(NOTIFIER_EVENTS, notifications.ChannelSuspension, notifications.CHANNEL_EVENT_TYPES),
    *_told(COMMUNICATION_EVENTS, notifications.CommunicationEvent, _REPORTS, "communication."),
    *(
        MessageType(kind, kind, PROJECTOR_EVENTS, _PROJECTOR_BODIES[kind], description)
        for kind, description in views.EVENT_TYPES.items()
    ),
    *_told(PROJECTOR_EVENTS, control.IntakePaused, control.EVENT_TYPES),
)

BY_NAME: dict[str, MessageType] = {message.name: message for message in MESSAGE_TYPES}
CE_TYPES = frozenset(message.ce_type for message in MESSAGE_TYPES)
"""Every type that this release knows, of whatever topic."""

COMMANDS: dict[str, MessageType] = {
    message.ce_type: message for message in MESSAGE_TYPES if message.topic.kind == "commands"
}


def problems(message: MessageType, headers: RawHeaders, value: bytes) -> list[FieldError]:
    """Return the errors of a message of this kind, header by header and field by field; empty if it is valid."""
    try:
        envelope = read(headers)
    except MalformedEnvelope as error:
        return [FieldError(field=_named_header(str(error)), code="malformed", message=str(error))]
    found = _missing_headers(message, envelope.actor, envelope.organization is not None)
    try:
        message.body.model_validate_json(value)
    except ValidationError as error:
        found += field_errors(error)
    return found


def _missing_headers(message: MessageType, actor: str | None, organization: bool) -> list[FieldError]:
    if message.topic.kind != "commands":
        return []
    given = {"actor": bool(actor), "organization": organization}
    return [
        FieldError(field=name, code="missing", message=f"header {name} is missing")
        for name, there in given.items()
        if not there
    ]


def _named_header(sentence: str) -> str:
    """`header NAME is …`, as the envelope's errors are worded."""
    return sentence.split()[1]
