"""The caller and their colleagues as the API answers them."""

from typing import Literal
from uuid import UUID

from pydantic import Field

from contracts.fields import Instant
from services.ingress.api.models.base import Answered


class Limits(Answered):
    """The largest values that commands may have; lengths are characters."""

    participants: int
    title: int
    description: int
    location: int
    reason: int
    announcement: int
    hold_seconds: int
    holds: int = Field(description="Holds of one person at a time.")


class Rights(Answered):
    """Calls that are more than every member's."""

    organization_preferences: bool
    book_for_others: bool
    announce: bool


class Me(Answered):
    """The caller. `timezone` and `locale` are those of their preferences, else of their account."""

    id: UUID
    organization_id: UUID
    name: str
    email: str
    roles: list[str]
    timezone: str
    locale: str
    token_expires_at: Instant
    now: Instant = Field(description="The clock of the server.")
    tzdata: str = Field(description="The version of the time zone database, such as 2026c.")
    version: str
    limits: Limits
    can: Rights


class Colleague(Answered):
    """A person of the caller's organization."""

    id: UUID
    name: str
    email: str
    timezone: str
    active: bool


class Colleagues(Answered):
    """A page of people, ordered by name; `next_cursor` null: it is the last."""

    items: list[Colleague]
    next_cursor: str | None


class Name(Answered):
    """The name of a person."""

    name: str


Names = dict[UUID, Name]
Role = Literal["organizer", "participant", "waiting", "viewer"]
