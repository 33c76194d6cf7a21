"""Command outcomes, preferences and suspended channels, as the views keep them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """The outcome of a command as JSON; `at`: the record's time (UTC). Only its actor may read it.

    `key`: the command's id, or its replacement if another organization used that id first.
    """

    key: UUID
    organization_id: UUID | None
    actor: str | None
    body: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Preference:
    """A person's preferences as JSON, in one version."""

    user_id: UUID
    organization_id: UUID
    version: int
    body: str


@dataclass(frozen=True, slots=True)
class Rules:
    """An organization's preferences for all its people as JSON, in one version."""

    organization_id: UUID
    version: int
    body: str


def newest_rules(rules: Iterable[Rules]) -> list[Rules]:
    """Return the highest version for each organization in a batch."""
    found: dict[UUID, Rules] = {}
    for rule in rules:
        held = found.get(rule.organization_id)
        if held is None or held.version < rule.version:
            found[rule.organization_id] = rule
    return list(found.values())


def newest(preferences: Iterable[Preference]) -> list[Preference]:
    """Return the highest version for each person in a batch."""
    found: dict[UUID, Preference] = {}
    for preference in preferences:
        held = found.get(preference.user_id)
        if held is None or held.version < preference.version:
            found[preference.user_id] = preference
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Suspension:
    """A suspended channel of a person: from `since` to `restored_at` (UTC)."""

    user_id: UUID
    organization_id: UUID
    channel: str
    since: datetime
    reason: str | None
    version: int
    restored_at: datetime | None


def newest_suspensions(suspensions: Iterable[Suspension]) -> list[Suspension]:
    """Return the highest version for each person and channel; of equal ones the first, as between batches."""
    found: dict[tuple[UUID, str], Suspension] = {}
    for suspension in suspensions:
        held = found.get((suspension.user_id, suspension.channel))
        if held is None or held.version < suspension.version:
            found[suspension.user_id, suspension.channel] = suspension
    return list(found.values())
