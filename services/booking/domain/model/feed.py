"""Feeds: the secret address of a person's calendar; each person has one, or none."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Feed:
    """One person's address, by the hash of its secret; without a hash it is revoked. `version` counts from 1."""

    user_id: UUID
    organization_id: UUID
    version: int
    token_hash: str | None


class Feeds:
    """The feeds of those people of a batch who change theirs; they change as the commands are decided."""

    def __init__(self, known: Iterable[Feed] = ()) -> None:
        self._now = {feed.user_id: feed for feed in known}
        self._changed: dict[UUID, None] = {}

    def of(self, user: UUID) -> Feed | None:
        """Return this person's feed, None if there never was one."""
        return self._now.get(user)

    def set(self, feed: Feed) -> None:
        """Replace a person's feed."""
        self._now[feed.user_id] = feed
        self._changed[feed.user_id] = None

    def take_changed(self) -> list[Feed]:
        """Return the feeds that changed since the last call, to be saved."""
        changed = [self._now[user] for user in self._changed]
        self._changed.clear()
        return changed
