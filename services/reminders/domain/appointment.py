"""An appointment, with the fields that this service needs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from services.reminders.domain.channels import LeadTimes


@dataclass(frozen=True, slots=True)
class Appointment:
    """One version of an appointment. `start` and `end` are instants; `zone` has its wall clock.

    `open`: pending or confirmed. `recipients`: the organizer, then every participant who has not declined.
    `own_lead_times`: empty if it names none. `decided_at`: when this version was decided, by the broker's
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
    own_lead_times: LeadTimes
    decided_at: datetime
