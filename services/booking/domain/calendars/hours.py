"""Setting somebody's hours, exceptions and policy."""

from services.booking.domain import access
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import SetAvailability
from services.booking.domain.model.decision import (
    AcceptedMany,
    Code,
    Decision,
    DomainEvent,
    FieldError,
    Refusal,
)
from services.booking.domain.model.diary import Hours
from services.booking.domain.model.people import belongs


def decide_availability(command: SetAvailability, book: Book) -> Decision:
    """One's own, or by an admin; it replaces what was there. What is booked already stays booked."""
    member = book.member(command.actor, command.organization)
    if member is None:
        return access.NOT_A_MEMBER
    user = command.user_id
    if user != member.id and not member.is_admin:
        return Refusal(Code.NOT_ALLOWED, "Only an admin may set somebody else's availability.")
    if not belongs(book.people.get(user), command.organization):
        message = "Nobody active in this organization has this id."
        return Refusal(Code.UNKNOWN_USER, message, (FieldError("user_id", Code.UNKNOWN_USER, message),))
    before = book.diary.hours(user)
    version = before.version if before else 0
    after = Hours(user, command.organization, version + 1, command.body)
    if before and (before.organization_id, before.body) == (after.organization_id, after.body):
        return _settled(before, ())
    book.diary.set_hours(after)
    body = {"user_id": user, "version": after.version, "availability": _told(after)}
    return _settled(after, (DomainEvent("availability.changed", user, body),))


def _settled(hours: Hours, happened: tuple[DomainEvent, ...]) -> AcceptedMany:
    outcome = {"user_id": hours.user_id, "availability": _told(hours)}
    return AcceptedMany(hours.user_id, version=hours.version, happened=happened, outcome=outcome)


def _told(hours: Hours) -> dict[str, object]:
    return {
        "user_id": hours.user_id,
        "organization_id": hours.organization_id,
        **hours.body,
        "version": hours.version,
    }
