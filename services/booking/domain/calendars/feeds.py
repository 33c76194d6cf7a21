"""Setting the secret address of a calendar: one's own, or as an admin none for a colleague."""

from datetime import timedelta

from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import SetFeed
from services.booking.domain.model.decision import AcceptedMany, Code, Decision, DomainEvent, Refusal
from services.booking.domain.model.feed import Feed
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules

FRESH = timedelta(minutes=5)  # an older proof may have been read in the log and sent again
UNPROVEN = Refusal(Code.NOT_ALLOWED, "An address of a calendar is set over HTTP only.")
NOT_YOURS = Refusal(
    Code.NOT_ALLOWED, "Only an admin may revoke the address of a colleague, and nobody may make one."
)


def needs_of_feed(command: SetFeed) -> Needs:
    """The feed that it is about."""
    return Needs(feeds=(command.owner,) if command.owner else ())


def decide_feed(case: Case[SetFeed]) -> Decision:
    """Replace a person's feed; the old address is dead from then on."""
    command, member, feeds = case.command, case.person, case.book.feeds
    if not command.proven or command.signed_at is None or abs(case.at - command.signed_at) > FRESH:
        return UNPROVEN
    owner = command.user_id or member.id
    before = feeds.of(owner)
    version = before.version if before else 0
    held = before.token_hash if before and before.organization_id == command.organization else None
    if owner != member.id:
        if not member.is_admin or command.token_hash is not None:
            return NOT_YOURS
        if held is None:
            return AcceptedMany(owner, version=None, outcome={"user_id": owner})
    if held == command.token_hash:
        return AcceptedMany(owner, version=version or None, outcome={"user_id": owner})
    after = Feed(owner, command.organization, version + 1, command.token_hash)
    feeds.set(after)
    body = {
        "user_id": after.user_id,
        "organization_id": after.organization_id,
        "version": after.version,
        "token_hash": after.token_hash,
    }
    happened = DomainEvent("feed.changed", owner, body)
    return AcceptedMany(owner, version=after.version, happened=(happened,), outcome={"user_id": owner})


RULES: Rules = {SetFeed: Rule(decide_feed, needs_of_feed)}
