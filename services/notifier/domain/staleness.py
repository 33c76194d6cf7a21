"""Staleness of planned deliveries, checked right before each call."""

from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.kinds import ANNOUNCEMENT
from services.notifier.domain.kinds import CANCELLED as CANCELLATION
from services.notifier.domain.model import CANCELLED


@dataclass(frozen=True, slots=True)
class Current:
    """The appointment as it is now.

    `moved_in`: the version in which its times last changed; 0: they never changed.

    `involved`: the recipient of the delivery still takes part.
    """

    version: int
    moved_in: int
    status: str
    end: datetime
    involved: bool


def obsolete_because(
    kind: str, version: int, expires_at: datetime, current: Current | None, now: datetime
) -> str | None:
    """Return the reason why a delivery planned from `version` of the appointment is obsolete, or None.

    A cancellation stays true whatever follows, until the appointment would have been over. An announcement is
    not about the times.
    """
    if now >= expires_at:
        return "the appointment is over"
    if kind == CANCELLATION.type or current is None or current.version <= version:
        return None
    if current.status == CANCELLED:
        return "the appointment was cancelled"
    if current.moved_in > version and kind != ANNOUNCEMENT.type:
        return "the appointment was rescheduled"
    if not current.involved:
        return "the recipient no longer takes part"
    if kind == ANNOUNCEMENT.type:
        return None
    return "the appointment is over" if now >= current.end else None
