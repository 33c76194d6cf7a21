"""Setting a person's availability: weekly hours, overrides and policy."""

from scheduling.availability import availability_of
from services.booking.domain.free_time.reach import reach_of
from services.booking.domain.model.case import Case
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
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.people import belongs
from services.booking.domain.model.rule import Rule, Rules


def needs_of_availability(command: SetAvailability) -> Needs:
    """The person and their whole availability; later commands of the batch meet the new policy."""
    reach = reach_of(availability_of(command.body))
    return Needs(people=(command.user_id,), availability=((command.user_id, reach),))


def decide_availability(case: Case[SetAvailability]) -> Decision:
    """Replace the availability of the actor or, by an admin, of another member. Existing appointments stay
    booked.
    """
    command, book, member = case.command, case.book, case.person
    user = command.user_id
    if user != member.id and not member.is_admin:
        return Refusal(Code.NOT_ALLOWED, "Only an admin may set another person's availability.")
    if not belongs(book.people.get(user), command.organization):
        message = "No active member of this organization has this id."
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


RULES: Rules = {SetAvailability: Rule(decide_availability, needs_of_availability)}
