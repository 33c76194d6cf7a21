"""People, appointments and events for the notifier's rules."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid5

from notifications.preferences import Preferences
from services.notifier.domain.model import Appointment, Change, Event, Person, Reminder

_SPACE = UUID("11111111-2222-5333-8444-555555555555")


def someone(name: str) -> UUID:
    """The id of a person (or anything else) of that name."""
    return uuid5(_SPACE, name)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc, arg-type]


ANNA, BEN, CLEO, DORA = (someone(name) for name in ("Anna", "Ben", "Cleo", "Dora"))
NOW = utc(2028, 3, 20, 12)
MONDAY_9 = utc(2028, 3, 27, 7)  # 09:00 in Berlin: summer time began the day before
PEOPLE = {
    ANNA: Person(ANNA, "Anna", "Europe/Berlin", "de"),
    BEN: Person(BEN, "Ben", "America/New_York", "en-US"),
    CLEO: Person(CLEO, "Cleo", "Asia/Tokyo", "en"),
    DORA: Person(DORA, "Dora", "Europe/London", "en-GB"),
}


def an_appointment(**different: Any) -> Appointment:
    """Anna's, with Ben (no answer yet), Cleo (confirmed) and Dora (declined)."""
    usual: dict[str, Any] = {
        "id": someone("appointment"),
        "organization_id": someone("organization"),
        "version": 3,
        "organizer_id": ANNA,
        "answers": {BEN: "pending", CLEO: "confirmed", DORA: "declined"},
        "status": "pending",
        "start": MONDAY_9,
        "end": utc(2028, 3, 27, 8),
        "timezone": "Europe/Berlin",
        "title": "Review",
    }
    return Appointment(**usual | different)


def an_event(kind: str, *changes: Change, actor: UUID | str = ANNA, **different: Any) -> Event:
    """`appointment.KIND`, one minute ago."""
    return Event(
        id=someone(f"event {kind}"),
        type=f"appointment.{kind}",
        at=utc(2028, 3, 20, 11, 59),
        actor=str(actor),
        appointment=an_appointment(**different),
        changes=changes,
        people=PEOPLE,
    )


def participants(old: list[UUID], new: list[UUID]) -> Change:
    """The change of who takes part, as booking tells it."""
    return Change("participant_ids", [str(user) for user in old], [str(user) for user in new])


def a_reminder(recipient: UUID = BEN, *channels: str, **different: Any) -> Reminder:
    """A reminder that is due now."""
    return Reminder(
        id=someone("timer"),
        at=NOW,
        recipient_id=recipient,
        channels=frozenset(channels or ("email", "in_app")),
        appointment=an_appointment(**different),
        people=PEOPLE,
    )


EVERYTHING_ON = Preferences(channels={"email": True, "sms": True, "push": True}, version=1)
EVERYTHING_OFF = Preferences(channels={"email": False, "sms": False, "push": False}, version=1)
