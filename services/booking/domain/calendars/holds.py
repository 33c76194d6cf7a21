"""Holds: time kept free for some minutes, for a person who is about to book it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from services.booking.domain import access
from services.booking.domain.attendance.invitations import invitees, participant_fields, refusal_for_strangers
from services.booking.domain.free_time.bookable import ignored, refusal_for_ignoring, refusal_for_times
from services.booking.domain.free_time.enquiry import Enquiry
from services.booking.domain.free_time.occupancy import time_to_book
from services.booking.domain.model import times
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import PlaceHold, ReleaseHold, RenewHold
from services.booking.domain.model.decision import (
    AcceptedMany,
    Code,
    Decision,
    DomainEvent,
    Refusal,
    seconds_until,
)
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.needs import Known, Needs, TimeNeeds
from services.booking.domain.model.rule import Rule, Rules

HOLDS_AT_MOST = 5  # live, of one owner
NO_HOLD = Refusal(Code.NOT_FOUND, "There is no such hold.")


def needs_of_place(command: PlaceHold) -> Needs:
    """The organizer and the participants, and the other holds of the actor."""
    organizer = (command.organizer_id,) if command.organizer_id else ()
    owner = (command.actor.user,) if command.actor.user else ()
    return Needs(people=(*organizer, *command.participant_ids), hold_owners=owner)


def time_of_place(command: PlaceHold, known: Known) -> TimeNeeds:
    """The time of everybody named, at the times sent."""
    return time_to_book(command, command.hold_id, known.people)


def needs_of_release(command: ReleaseHold | RenewHold) -> Needs:
    """The hold."""
    return Needs(holds=(command.hold_id,))


def decide_place(case: Case[PlaceHold]) -> Decision:
    """Place a hold by the rules of a create: a time that could not be booked cannot be held."""
    command, book, at, member = case.command, case.book, case.at, case.person
    organizer = command.organizer_id or member.id
    ignores = command.ignore_availability
    refusal = access.refusal_for_organizer(member, organizer) or refusal_for_ignoring(
        case, ignores, organizer
    )
    if refusal:
        return refusal
    zone = access.zone_of(command.timezone, organizer, book)
    when = times.period(command.start, command.end, zone, command.fold)
    if isinstance(when, Refusal):
        return when
    sent = command.participant_ids
    involved = (organizer, *invitees(sent, organizer))
    fields = [("organizer_id", organizer), *participant_fields(sent)]
    refusal = (
        times.refusal_for_length(when, zone)
        or times.refusal_for_distance(when.start, at)
        or refusal_for_strangers(involved, lambda: fields, book.people, command.organization)
        or times.refusal_for_past(when.start, at)
        or _refusal_for_many(book.diary.owned(member.id, at), at)
        or refusal_for_times(case, Enquiry(involved, when, ignoring=ignored(ignores, organizer)))
    )
    if refusal:
        return refusal
    expires_at = at + timedelta(seconds=command.expires_in)
    hold = Hold(command.hold_id, command.organization, member.id, involved, *when, expires_at)
    book.diary.place(hold)
    return AcceptedMany(hold.id, happened=(_event("hold.placed", hold),), outcome={"hold": _body(hold)})


def decide_release(case: Case[ReleaseHold]) -> Decision:
    """Release a hold for its owner or an admin; to others, and once it has expired, it does not exist."""
    hold = _live_hold(case)
    if hold is None:
        return NO_HOLD
    case.book.diary.end(hold)
    return AcceptedMany(hold.id, happened=(_event("hold.released", hold),), outcome={"hold": _body(hold)})


def decide_renew(case: Case[RenewHold]) -> Decision:
    """Put a later hold in the place of a live one, for its owner or an admin.

    Its people and times are those of the old one, whose time nobody else can have taken. An id is placed and
    released once, so the later hold has an id of its own.
    """
    hold = _live_hold(case)
    if hold is None:
        return NO_HOLD
    refusal = times.refusal_for_past(hold.start, case.at)
    if refusal:
        return refusal
    expires_at = case.at + timedelta(seconds=case.command.expires_in)
    renewed = replace(hold, id=case.command.renewed_id, expires_at=expires_at)
    case.book.diary.end(hold)
    case.book.diary.place(renewed)
    happened = (_event("hold.released", hold), _event("hold.placed", renewed))
    return AcceptedMany(renewed.id, happened=happened, outcome={"hold": _body(renewed)})


def _live_hold(case: Case[ReleaseHold] | Case[RenewHold]) -> Hold | None:
    command, member = case.command, case.person
    hold = case.book.diary.hold(command.hold_id)
    if (
        hold is None
        or hold.organization_id != command.organization
        or not hold.is_live(case.at)
        or not (hold.owner_id == member.id or member.is_admin)
    ):
        return None
    return hold


def _refusal_for_many(owned: Sequence[Hold], at: datetime) -> Refusal | None:
    if len(owned) < HOLDS_AT_MOST:
        return None
    first = min(hold.expires_at for hold in owned)
    return Refusal(
        Code.RATE_LIMITED,
        f"A person can have at most {HOLDS_AT_MOST} holds at the same time.",
        retry_after=seconds_until(first, at),
    )


def _event(kind: str, hold: Hold) -> DomainEvent:
    return DomainEvent(kind, hold.id, {"hold_id": hold.id, "hold": _body(hold)})


def _body(hold: Hold) -> dict[str, Any]:
    return {
        "id": hold.id,
        "organization_id": hold.organization_id,
        "owner_id": hold.owner_id,
        "user_ids": hold.user_ids,
        "start_time": hold.start,
        "end_time": hold.end,
        "expires_at": hold.expires_at,
    }


RULES: Rules = {
    PlaceHold: Rule(decide_place, needs_of_place, time_of_place),
    ReleaseHold: Rule(decide_release, needs_of_release),
    RenewHold: Rule(decide_renew, needs_of_release),
}
