"""Setting the secret address of one's own calendar."""

from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import SetFeed
from services.booking.domain.model.decision import AcceptedMany, DomainEvent
from services.booking.domain.model.feed import Feed
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules


def needs_of_feed(command: SetFeed) -> Needs:
    """The actor's own feed."""
    return Needs(feeds=(command.actor.user,) if command.actor.user else ())


def decide_feed(case: Case[SetFeed]) -> AcceptedMany:
    """Replace the actor's own feed; the old address is dead from then on."""
    command, member, feeds = case.command, case.person, case.book.feeds
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


RULES: Rules = {SetFeed: Rule(decide_feed, needs_of_feed)}
