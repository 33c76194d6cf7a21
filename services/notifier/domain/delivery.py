"""A delivery: one notification for one recipient on one channel, as its row in the database."""

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

State = Literal[
    "planned", "held", "retrying", "sent", "delivered", "failed", "bounced", "expired", "dead_lettered"
]


class Delivery(NamedTuple):
    """A delivery as it is now. `domain.transitions` makes the next one from it. Instants are UTC.

    A tuple, because its 28 fields are copied for every step: that takes a sixth of a frozen dataclass's time.

    `version`: of the appointment when the delivery was planned; of the series if there is a `series_id`,
    because the notification is then about the whole series. `timezone`: the recipient's, from Identity.
    `starts_at`: start of the appointment. `cause`: position of the record that the delivery follows from.
    `decision`: reason for the channel. `redrives`: number of redrives by operators. `held_until`: end of its
    last hold, if it was ever held.
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
    planned_at: datetime
    timezone: str
    starts_at: datetime
    expires_at: datetime
    decision: str | None
    actor: str | None
    correlation_id: str | None
    traceparent: str | None
    cause: str
    series_id: UUID | None = None
    fallback_of: UUID | None = None
    state: State = "planned"
    attempts: int = 0
    redrives: int = 0
    held_until: datetime | None = None
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    reason: str | None = None


COLUMNS = Delivery._fields
