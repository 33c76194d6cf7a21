"""Availability, free slots, holds, feeds and imports as the API answers them."""

from uuid import UUID

from pydantic import Field

from contracts.availability import AvailabilityOverride, AvailabilityPolicy, AvailabilityRule
from contracts.fields import Instant
from services.ingress.api.models.base import Answered


class FreeSlot(Answered):
    """A start that can be booked, for these people."""

    start_time: Instant
    end_time: Instant
    user_ids: list[UUID]


class FreeSlots(Answered):
    """Free slots, ordered by start."""

    slots: list[FreeSlot]


class Obstacle(Answered):
    """A reason why a time is not offered; `code` is stable, for programs."""

    code: str
    detail: str


class SlotExplanation(Answered):
    """Whether a time is offered, and all that is in the way if not."""

    offered: bool
    reasons: list[Obstacle]


class AvailabilityRead(Answered):
    """A person's availability; `version` 0: they never set it, and are available whenever free."""

    user_id: UUID
    timezone: str
    rules: list[AvailabilityRule]
    overrides: list[AvailabilityOverride]
    policy: AvailabilityPolicy
    version: int = Field(ge=0)


class HoldRead(Answered):
    """Time that is kept free until `expires_at`."""

    id: UUID
    expires_at: Instant
    start_time: Instant
    end_time: Instant
    user_ids: list[UUID]


class FeedAddress(Answered):
    """The secret address of a calendar."""

    url: str


class Imported(Answered):
    """How many times were new or had moved, and how many were known, over, free or unreadable."""

    imported: int = Field(ge=0)
    skipped: int = Field(ge=0)
