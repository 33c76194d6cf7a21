"""Holds: time that is kept free for a moment, for one who is about to book it."""

from datetime import datetime, timedelta

from services.booking.domain import access
from services.booking.domain.access import zone_of
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.model import times
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import PlaceHold, ReleaseHold
from services.booking.domain.model.decision import AcceptedMany, Code, Decision, DomainEvent, Refusal
from services.booking.domain.model.diary import Hold

HOLDS_AT_MOST = 5  # live, of one owner


def decide_place(command: PlaceHold, book: Book, at: datetime) -> Decision:
    """By the rules of a create: what could not be booked cannot be held."""
    member = book.member(command.actor, command.organization)
    if member is None:
        return access.NOT_A_MEMBER
    organizer = command.organizer_id or member.id
    ignores = command.ignore_availability
    refusal = access.refusal_for_organizer(member, organizer) or refusal_for_ignoring(
        command, ignores, organizer
    )
    if refusal:
        return refusal
    when = times.period(command.start, command.end, zone_of(command, organizer, book), command.fold)
    if isinstance(when, Refusal):
        return when
    sent = command.participant_ids
    involved = (organizer, *invitees(sent, organizer))
    fields = [("organizer_id", organizer), *participant_fields(sent)]
    refusal = (
        times.refusal_for_length(when)
        or times.refusal_for_distance(when.start, at)
        or refusal_for_strangers(involved, lambda: fields, book.people, command.organization)
        or times.refusal_for_past(when.start, at)
        or _refusal_for_many(book.diary.owned(member.id, at))
        or refusal_for_times(
            command, book, involved, when, own=None, at=at, ignoring=ignored(ignores, organizer)
        )
    )
    if refusal:
        return refusal
    expires_at = at + timedelta(seconds=command.expires_in)
    hold = Hold(command.hold_id, command.organization, member.id, involved, *when, expires_at)
    book.diary.place(hold)
    return _settled(hold, "hold.placed")


def decide_release(command: ReleaseHold, book: Book, at: datetime) -> Decision:
    """By its owner or an admin; for others, and when it has expired, there is none."""
    member = book.member(command.actor, command.organization)
    if member is None:
        return access.NOT_A_MEMBER
    hold = book.diary.hold(command.hold_id)
    if (
        hold is None
        or hold.organization_id != command.organization
        or not hold.is_live(at)
        or not (hold.owner_id == member.id or member.is_admin)
    ):
        return Refusal(Code.NOT_FOUND, "There is no such hold.")
    book.diary.end(hold)
    return _settled(hold, "hold.released")


def _refusal_for_many(owned: int) -> Refusal | None:
    if owned < HOLDS_AT_MOST:
        return None
    return Refusal(Code.RATE_LIMITED, f"One person holds time at most {HOLDS_AT_MOST} times at once.")


def _settled(hold: Hold, event: str) -> AcceptedMany:
    told = {
        "id": hold.id,
        "organization_id": hold.organization_id,
        "owner_id": hold.owner_id,
        "user_ids": hold.user_ids,
        "start_time": hold.start,
        "end_time": hold.end,
        "expires_at": hold.expires_at,
    }
    happened = DomainEvent(event, hold.id, {"hold_id": hold.id, "hold": told})
    return AcceptedMany(hold.id, happened=(happened,), outcome={"hold": told})
