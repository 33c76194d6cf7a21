"""The secret addresses of people's calendars: each person has one, or none."""

from services.booking.domain.model.commands import SetFeed
from services.booking.domain.model.decision import AcceptedMany, DomainEvent
from services.booking.domain.model.feed import Feed, Feeds
from services.booking.domain.model.people import Person


def decide_feed(command: SetFeed, member: Person, feeds: Feeds) -> AcceptedMany:
    """Everybody's is their own; a new address takes the place of the old one, which is dead from then on."""
    before = feeds.of(member.id)
    version = before.version if before else 0
    held = before.token_hash if before and before.organization_id == command.organization else None
    if held == command.token_hash:
        return AcceptedMany(member.id, version=version or None, outcome={"user_id": member.id})
    after = Feed(member.id, command.organization, version + 1, command.token_hash)
    feeds.set(after)
    body = {
        "user_id": after.user_id,
        "organization_id": after.organization_id,
        "version": after.version,
        "token_hash": after.token_hash,
    }
    happened = DomainEvent("feed.changed", member.id, body)
    return AcceptedMany(
        member.id, version=after.version, happened=(happened,), outcome={"user_id": member.id}
    )
