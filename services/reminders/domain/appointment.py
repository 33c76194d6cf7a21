"""What this service needs to know of an appointment."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.reminders.domain.channels import LeadTimes


@dataclass(frozen=True, slots=True)
class Appointment:
    """One version of an appointment. `start` and `end` are instants; `zone` is where its wall clock hangs.

    `open`: pending or confirmed. `recipients`: the organizer, then every participant who has not declined.
    `asked`: its own lead times, empty where it names none. `told_at`: when this version was decided, by the broker's
    clock.
    """

    id: UUID
    organization_id: UUID
    version: int
    start: datetime
    end: datetime
    zone: ZoneInfo
    open: bool
    recipients: tuple[UUID, ...]
    asked: LeadTimes
    told_at: datetime
