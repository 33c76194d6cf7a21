"""The secret addresses of people's calendars: each person has one, or none."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from services.booking.domain.commands import SetFeed
from services.booking.domain.decision import Happened, Settled
from services.booking.domain.people import Person


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


def decide_feed(command: SetFeed, member: Person, feeds: Feeds) -> Settled:
    """Everybody's is their own; a new address takes the place of the old one, which is dead from then on."""
    before = feeds.of(member.id)
    version = before.version if before else 0
    held = before.token_hash if before and before.organization_id == command.organization else None
    if held == command.token_hash:
        return Settled(member.id, version=version or None, outcome={"user_id": member.id})
    after = Feed(member.id, command.organization, version + 1, command.token_hash)
    feeds.set(after)
    body = {
        "user_id": after.user_id,
        "organization_id": after.organization_id,
        "version": after.version,
        "token_hash": after.token_hash,
    }
    happened = Happened("feed.changed", member.id, body)
    return Settled(member.id, version=after.version, happened=(happened,), outcome={"user_id": member.id})
