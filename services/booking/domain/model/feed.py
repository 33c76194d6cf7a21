"""The secret address of a person's calendar, and those of a batch of commands."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Feed:
    """One person's address, by the hash of its secret; without one it is revoked. `version` counts from 1."""

    user_id: UUID
    organization_id: UUID
    version: int
    token_hash: str | None


class Feeds:
    """Of the people of a batch who change theirs; it changes as their commands are decided."""

    def __init__(self, known: Iterable[Feed] = ()) -> None:
        self._now = {feed.user_id: feed for feed in known}
        self._changed: dict[UUID, None] = {}

    def of(self, user: UUID) -> Feed | None:
        """As it stands, None if there never was one."""
        return self._now.get(user)

    def set(self, feed: Feed) -> None:
        """Replace somebody's."""
        self._now[feed.user_id] = feed
        self._changed[feed.user_id] = None

    def take_changed(self) -> list[Feed]:
        """What changed since this was last called, to be saved."""
        changed = [self._now[user] for user in self._changed]
        self._changed.clear()
        return changed
