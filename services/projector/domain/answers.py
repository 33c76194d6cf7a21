"""What the views keep of outcomes, preferences and suspended channels."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a command as JSON; `at` is when it was told (UTC). Only its actor may read it.

    `key` is the command's id, or what stands for it where another organization used that id first.
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
    """What holds for everybody in an organization as JSON, in one version."""

    organization_id: UUID
    version: int
    body: str


def newest_rules(rules: Iterable[Rules]) -> list[Rules]:
    """The highest version for each organization in a batch."""
    found: dict[UUID, Rules] = {}
    for rule in rules:
        held = found.get(rule.organization_id)
        if held is None or held.version < rule.version:
            found[rule.organization_id] = rule
    return list(found.values())


def newest(preferences: Iterable[Preference]) -> list[Preference]:
    """The highest version for each person in a batch."""
    found: dict[UUID, Preference] = {}
    for preference in preferences:
        held = found.get(preference.user_id)
        if held is None or held.version < preference.version:
            found[preference.user_id] = preference
    return list(found.values())


@dataclass(frozen=True, slots=True)
class Suspension:
    """A channel of a person, suspended since an instant (UTC); `restored_at`: until then."""

    user_id: UUID
    organization_id: UUID
    channel: str
    since: datetime
    reason: str | None
    version: int
    restored_at: datetime | None


def newest_suspensions(suspensions: Iterable[Suspension]) -> list[Suspension]:
    """The highest version for each channel of each person in a batch; of equal ones the first, as between batches."""
    found: dict[tuple[UUID, str], Suspension] = {}
    for suspension in suspensions:
        held = found.get((suspension.user_id, suspension.channel))
        if held is None or held.version < suspension.version:
            found[suspension.user_id, suspension.channel] = suspension
    return list(found.values())
