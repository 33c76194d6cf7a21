"""What the views keep of outcomes and preferences."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a command as JSON; `at` is when it was told (UTC). Only its actor may read it."""

    command_id: UUID
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
