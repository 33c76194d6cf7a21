"""Whether a planned delivery is still worth sending: looked at again right before the call."""

from dataclasses import dataclass
from datetime import datetime

from services.notifier.domain.kinds import ANNOUNCEMENT
from services.notifier.domain.kinds import CANCELLED as CANCELLATION
from services.notifier.domain.model import CANCELLED


@dataclass(frozen=True, slots=True)
class Current:
    """What is known of the appointment now. `moved_in`: the version of the newest change of its times (0: none).

    `involved`: whether the delivery's recipient still takes part.
    """

    version: int
    moved_in: int
    status: str
    end: datetime
    involved: bool


def obsolete_because(
    kind: str, version: int, expires_at: datetime, current: Current | None, now: datetime
) -> str | None:
    """Why a delivery of that type, planned from `version` of the appointment, is not sent any more, or None.

    A cancellation stays true whatever comes after, until the appointment would have been over. An announcement is not
    about the times.
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
