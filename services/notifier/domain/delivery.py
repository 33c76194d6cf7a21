"""A delivery as its row has it: what is needed to call, to look again, and to tell of it."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from services.notifier.domain.model import notification_id


@dataclass(slots=True)
class Delivery:
    """One recipient, one channel. `version`: of the appointment when it was planned; instants in UTC.

    `series_id`: it tells of a series as a whole, `version` is the series', and the appointment stands for all of it.

    `cause`: position of the record that it follows from; `redrives`: how often an operator sent it again; `decision`: why
    it goes by this channel; `timezone`: the recipient's, as Identity knew it; `starts_at`: of the appointment;
    `held_until`: when it may be sent, if it was ever held.
    """

    id: UUID
    organization_id: UUID
    event_id: UUID
    appointment_id: UUID
    version: int
    type: str
    template_id: str
    recipient_id: UUID
    channel: str
    priority: str
    state: str
    attempts: int
    redrives: int
    planned_at: datetime
    timezone: str
    starts_at: datetime
    expires_at: datetime
    held_until: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    reason: str | None
    fallback_of: UUID | None
    decision: str | None
    actor: str | None
    correlation_id: str | None
    traceparent: str | None
    cause: str
    series_id: UUID | None = None


COLUMNS = tuple(Delivery.__slots__)


def fallback(gave_up: Delivery, channel: str, at: datetime) -> Delivery:
    """The same notification on another channel. Its id is what planning it there would have given: never twice."""
    return replace(
        gave_up,
        id=notification_id(gave_up.event_id, gave_up.type, gave_up.recipient_id, channel),
        channel=channel,
        state="planned",
        attempts=0,
        redrives=0,
        planned_at=at,
        held_until=None,
        sent_at=None,
        delivered_at=None,
        reason=None,
        fallback_of=gave_up.id,
        decision=f"instead of {gave_up.channel}, which gave up",
    )
