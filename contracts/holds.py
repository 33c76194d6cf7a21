"""Holds: time that is kept free for a moment, so that a form being filled in does not lose its slot."""

from uuid import UUID

from pydantic import Field

from contracts.fields import PARTICIPANTS_MAX, CommandBody, EventBody, Instant, Timezone, When

HOLD_SECONDS_MAX = 600
HOLDS_MAX = 5  # live, of one owner


class PlaceHold(CommandBody):
    """Keep the time of these people and of the organizer free; the organizer defaults to the actor. The id is uuid5(command id, "hold")."""

    organizer_id: UUID | None = None
    participant_ids: list[UUID] = Field(default_factory=list, max_length=PARTICIPANTS_MAX)
    start_time: When
    end_time: When
    timezone: Timezone | None = None
    fold: int = Field(0, ge=0, le=1)
    expires_in: int = Field(HOLD_SECONDS_MAX, ge=1, le=HOLD_SECONDS_MAX, strict=True, description="Seconds.")
    ignore_availability: bool = Field(False, strict=True)


class ReleaseHold(CommandBody):
    """Give the time free again; for its owner and admins."""

    hold_id: UUID


class RenewHold(CommandBody):
    """Keep the time of a hold free from now on for so many seconds more; for its owner and admins.

    Another hold takes its place; its id is uuid5(command id, "hold").
    """

    hold_id: UUID
    expires_in: int = Field(HOLD_SECONDS_MAX, ge=1, le=HOLD_SECONDS_MAX, strict=True, description="Seconds.")


class Hold(EventBody):
    """A hold: the people, the time, and its end; it expires by itself at `expires_at`."""

    id: UUID
    organization_id: UUID
    owner_id: UUID
    user_ids: list[UUID]
    start_time: Instant
    end_time: Instant
    expires_at: Instant


class HoldEvent(EventBody):
    """Body of every `hold.*` event."""

    hold_id: UUID
    hold: Hold
    actor: str


EVENT_TYPES: dict[str, str] = {
    "hold.placed": "Time is kept free until it expires.",
    "hold.released": "The hold was released before it expired; a hold that is used up or expires has no event.",
}
