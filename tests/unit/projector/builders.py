"""Changes and deliveries for tests, told in the words of the wire."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from pydantic import BaseModel

from contracts.appointments import Appointment, AppointmentEvent, Person
from contracts.availability import Availability, AvailabilityChanged, BusyTime, BusyTimesChanged
from contracts.envelope import Envelope, Message, Record
from contracts.feeds import FeedChanged
from contracts.fields import Channel
from contracts.holds import Hold, HoldEvent
from contracts.notifications import EVENT_TYPES, ChannelSuspension, Notification
from contracts.outcomes import Outcome, PreferencesOutcome
from contracts.preferences import (
    OrganizationPreferences,
    OrganizationPreferencesChanged,
    Preferences,
    PreferencesChanged,
)
from contracts.series import SeriesEvent, SeriesState

HUB = UUID("0a000000-0000-4000-8000-000000000001")
ORGANIZER = UUID("0b000000-0000-4000-8000-000000000001")
ANNA = UUID("0b000000-0000-4000-8000-00000000000a")
BEN = UUID("0b000000-0000-4000-8000-00000000000b")
MONDAY_9 = datetime(2027, 1, 4, 9, tzinfo=UTC)
DECIDED = datetime(2026, 12, 1, 12, tzinfo=UTC)


def an_id(name: object) -> UUID:
    """The same id for the same name."""
    return uuid5(HUB, str(name))


def an_appointment(name: object = "planning", version: int = 1, **fields: Any) -> Appointment:
    """Anna and Ben meet the organizer on Monday at nine, an hour long."""
    people = fields.pop("participant_ids", [ANNA, BEN])
    values: dict[str, Any] = {
        "id": an_id(name),
        "organization_id": HUB,
        "organizer_id": ORGANIZER,
        "participant_ids": people,
        "start_time": MONDAY_9,
        "end_time": MONDAY_9 + timedelta(hours=1),
        "timezone": "Europe/Berlin",
        "title": "Planning",
        "status": "pending",
        "confirmation_status": dict.fromkeys(people, "pending"),
        "version": version,
        "created_at": DECIDED,
        "created_by": str(ORGANIZER),
        "updated_at": DECIDED + timedelta(minutes=min(version, 1_000)),
        "updated_by": str(ORGANIZER),
    }
    return Appointment.model_validate(values | fields)


def an_event(change: str = "created", name: object = "planning", version: int = 1, **fields: Any) -> Message:
    """`appointment.CHANGE` on booking.events; `people` beyond those who take part: who was removed."""
    gone, hold = fields.pop("removed", ()), fields.pop("hold_id", None)
    now = an_appointment(name, version, **fields)
    event = AppointmentEvent(
        appointment_id=now.id,
        version=version,
        appointment=now,
        people=[
            Person(id=person, name="Somebody", timezone="Europe/Berlin", locale="en")
            for person in (now.organizer_id, *now.participant_ids, *gone)
        ],
        actor=str(ORGANIZER),
        hold_id=hold,
    )
    return Envelope(
        id=an_id(f"{name}/{version}"),
        type=f"appointment.{change}",
        source="appointments/booking",
        subject=str(now.id),
        organization=now.organization_id,
        actor=str(ORGANIZER),
        correlation_id="a-request",
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ).message("booking.events", event.model_dump_json().encode())


def a_notification(
    name: object = "mail", state: str = "planned", attempts: int = 0, **fields: Any
) -> Message:
    """`notification.STATE` on notifier.events: an e-mail to Anna that tells of the planning."""
    values: dict[str, Any] = {
        "notification_id": an_id(name),
        "appointment_id": an_id("planning"),
        "event_id": an_id("planning/1"),
        "type": "appointment_invitation",
        "recipient_id": ANNA,
        "channel": "email",
        "priority": "normal",
        "state": state,
        "attempts": attempts,
        "planned_at": DECIDED,
    }
    body = Notification.model_validate(values | fields)
    return Envelope(
        id=an_id(f"{name}/{state}/{attempts}"),
        # A retry is not told by an event of its own: such a state can only be seen in another's.
        type=f"notification.{state}" if f"notification.{state}" in EVENT_TYPES else "notification.planned",
        source="appointments/notifier",
        organization=HUB,
        actor="service:notifier",
    ).message("notifier.events", body.model_dump_json().encode())


def an_outcome(name: object = "book", status: str = "accepted", **fields: Any) -> Message:
    """`command.STATUS` on booking.outcomes, told to the organizer."""
    body = Outcome.model_validate({"command_id": an_id(name), "status": status} | fields)
    return Envelope(
        id=an_id(f"{name}/{status}"),
        type=f"command.{status}",
        source="appointments/booking",
        organization=HUB,
        actor=str(ORGANIZER),
    ).message("booking.outcomes", body.model_dump_json().encode())


def a_preferences_outcome(name: object = "prefer") -> Message:
    """`command.accepted` on notifier.outcomes: Anna's preferences are set."""
    body = PreferencesOutcome(
        command_id=an_id(name), status="accepted", user_id=ANNA, version=1, preferences=Preferences(version=1)
    )
    return Envelope(
        id=an_id(f"{name}/accepted"),
        type="command.accepted",
        source="appointments/notifier",
        organization=HUB,
        actor=str(ANNA),
    ).message("notifier.outcomes", body.model_dump_json().encode())


def preferences_changed(version: int = 1, locale: str = "de") -> Message:
    """`preferences.changed` on notifier.events: Anna's preferences."""
    preferences = Preferences(locale=locale, version=version)
    body = PreferencesChanged(user_id=ANNA, version=version, preferences=preferences)
    return Envelope(
        id=an_id(f"preferences/{version}"),
        type="preferences.changed",
        source="appointments/notifier",
        organization=HUB,
        actor=str(ANNA),
    ).message("notifier.events", body.model_dump_json().encode())


def organization_preferences_changed(version: int = 1) -> Message:
    """`organization_preferences.changed` on notifier.events: nobody gets out of cancellations by e-mail."""
    preferences = OrganizationPreferences(mandatory={"appointment_cancelled": ["email"]}, version=version)
    body = OrganizationPreferencesChanged(organization_id=HUB, version=version, preferences=preferences)
    return Envelope(
        id=an_id(f"organization/{version}"),
        type="organization_preferences.changed",
        source="appointments/notifier",
        organization=HUB,
        actor=str(ORGANIZER),
    ).message("notifier.events", body.model_dump_json().encode())


def a_suspension(version: int = 1, channel: str = "email", restored: bool = False) -> Message:
    """`channel.suspended` (or `restored`) on notifier.events: Anna's e-mail bounced."""
    body = ChannelSuspension(
        user_id=ANNA,
        channel=Channel(channel),
        version=version,
        since=DECIDED,
        reason="no such address",
        notification_id=an_id("mail"),
        restored_at=DECIDED + timedelta(days=1) if restored else None,
    )
    return Envelope(
        id=an_id(f"{channel}/{version}"),
        type="channel.restored" if restored else "channel.suspended",
        source="appointments/notifier",
        organization=HUB,
        actor="service:notifier",
    ).message("notifier.events", body.model_dump_json().encode())


def _of_booking(kind: str, name: object, body: BaseModel) -> Message:
    return Envelope(
        id=an_id(f"{kind}/{name}"),
        type=kind,
        source="appointments/booking",
        organization=HUB,
        actor=str(ANNA),
    ).message("booking.events", body.model_dump_json().encode())


def availability_changed(version: int = 1, **policy: Any) -> Message:
    """`availability.changed` on booking.events: Anna's Monday mornings in Berlin."""
    availability = Availability.model_validate(
        {
            "user_id": ANNA,
            "organization_id": HUB,
            "timezone": "Europe/Berlin",
            "rules": [{"day_of_week": 0, "start_time": "09:00", "end_time": "12:00"}],
            "policy": policy,
            "version": version,
        }
    )
    body = AvailabilityChanged(user_id=ANNA, version=version, availability=availability, actor=str(ANNA))
    return _of_booking("availability.changed", version, body)


def busy_times_changed(
    version: int = 1, *uids: str, removed: Sequence[str] = (), hour: int | None = None
) -> Message:
    """`busy_times.changed` on booking.events: an hour of Anna's for each uid, so many (`version`) hours after Monday at nine."""
    start = MONDAY_9 + timedelta(hours=version if hour is None else hour)
    body = BusyTimesChanged(
        user_id=ANNA,
        organization_id=HUB,
        version=version,
        busy_times=[BusyTime(uid=uid, start_time=start, end_time=start + timedelta(hours=1)) for uid in uids],
        removed=list(removed),
        actor=str(ANNA),
    )
    return _of_booking("busy_times.changed", version, body)


def a_hold(change: str = "placed", name: object = "hold") -> Message:
    """`hold.CHANGE` on booking.events: Anna and Ben on Monday at nine, for ten minutes."""
    hold = Hold(
        id=an_id(name),
        organization_id=HUB,
        owner_id=ANNA,
        user_ids=[ANNA, BEN],
        start_time=MONDAY_9,
        end_time=MONDAY_9 + timedelta(hours=1),
        expires_at=DECIDED + timedelta(minutes=10),
    )
    body = HoldEvent(hold_id=hold.id, hold=hold, actor=str(ANNA))
    return _of_booking(f"hold.{change}", f"{name}/{change}", body)


def series_changed(version: int = 1, name: object = "weekly", word: str = "") -> Message:
    """`series.changed` on booking.events: every Monday at ten in Berlin; `word` stands in its pattern."""
    state = SeriesState(
        id=an_id(name),
        organization_id=HUB,
        organizer_id=ORGANIZER,
        timezone="Europe/Berlin",
        local_start="2027-01-04T10:00:00",
        rrule="FREQ=WEEKLY;COUNT=10",
        recurring_pattern={"rrule": "FREQ=WEEKLY;COUNT=10", **({"word": word} if word else {})},
        version=version,
    )
    body = SeriesEvent.model_validate(
        {
            "series_id": state.id,
            "version": version,
            "change": "created",
            "scope": "all",
            "series": state,
            "actor": str(ORGANIZER),
        }
    )
    return _of_booking("series.changed", f"{name}/{version}", body)


def feed_changed(version: int = 1, token_hash: str | None = "5e" * 32) -> Message:
    """`feed.changed` on booking.events: Anna's."""
    body = FeedChanged(
        user_id=ANNA, organization_id=HUB, version=version, token_hash=token_hash, actor=str(ANNA)
    )
    return _of_booking("feed.changed", f"feed/{version}", body)


def a_record(message: Message, offset: int = 0) -> Record:
    """That message as it is read back from partition 0, a second after another."""
    at = DECIDED + timedelta(seconds=offset)
    return Record(message.topic, 0, offset, at, message.key, message.value, message.headers)
