"""Subscribed calendars: those of other programs that are polled for a person's busy times."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias
from uuid import UUID

Subscription: TypeAlias = Mapping[str, Any]
"""One subscribed calendar, as events have it."""


@dataclass(frozen=True, slots=True)
class Subscriptions:
    """One person's subscribed calendars; `version` counts from 1."""

    user_id: UUID
    organization_id: UUID
    version: int
    items: tuple[Subscription, ...]

    def find(self, identifier: UUID) -> Subscription | None:
        """Return the subscription with this id."""
        return next((item for item in self.items if item["id"] == str(identifier)), None)


class AllSubscriptions:
    """Subscribed calendars of the people of a batch; they change as the commands are decided.

    `counts` has the number in each organization, of all its people.
    """

    def __init__(self, known: Iterable[Subscriptions] = (), counts: Mapping[UUID, int] | None = None) -> None:
        self._now = {one.user_id: one for one in known}
        self._counts = dict(counts or {})
        self._changed: dict[UUID, None] = {}

    def of(self, user: UUID) -> Subscriptions | None:
        """Return this person's subscribed calendars, None if there never were any."""
        return self._now.get(user)

    def count(self, organization: UUID) -> int:
        """Return how many calendars the people of an organization have subscribed to."""
        return self._counts.get(organization, 0)

    def set(self, after: Subscriptions) -> None:
        """Replace a person's subscribed calendars."""
        before = self._now.get(after.user_id)
        if before is not None:
            self._counts[before.organization_id] = self.count(before.organization_id) - len(before.items)
        self._counts[after.organization_id] = self.count(after.organization_id) + len(after.items)
        self._now[after.user_id] = after
        self._changed[after.user_id] = None

    def take_changed(self) -> list[Subscriptions]:
        """Return those that changed since the last call, to be saved."""
        changed = [self._now[user] for user in self._changed]
        self._changed.clear()
        return changed
