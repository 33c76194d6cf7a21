"""The single check for bookability, shared by creates, updates, holds and joins."""

from dataclasses import replace
from datetime import timedelta
from math import floor
from uuid import UUID

from scheduling.free import REACH
from scheduling.limits import LONGEST_DAY
from scheduling.reasons import Reason, reasons_against
from services.booking.domain.free_time.alternatives import alternatives
from services.booking.domain.free_time.conflicts import refusal_for_conflict
from services.booking.domain.free_time.enquiry import Enquiry, person_around, span
from services.booking.domain.model.appointment import occupants
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, FieldError, Refusal

AROUND = timedelta(seconds=REACH)
DECIDED_BEFORE = frozenset({"in_the_past", "too_far", "busy", "held"})
AGREED_WITH_THE_START = frozenset({"minimum_notice", "beyond_horizon"})
HOPELESS = frozenset({"too_short", "too_long"})  # at any time


def refusal_for_times(case: Case[Command], enquiry: Enquiry) -> Refusal | None:
    """Reject a time at which somebody is busy or not available; the refusal has alternatives if the enquiry
    wants them.
    """
    refusal = refusal_for_conflict(case, enquiry)
    if refusal is None and case.book.diary.has_limits:
        refusal = _refusal_for_availability(case, enquiry)
    if refusal is None or not enquiry.suggest or HOPELESS & {error.code for error in refusal.errors}:
        return refusal
    return replace(refusal, alternatives=alternatives(case, enquiry))


def refusal_for_ignoring(case: Case[Command], ignores: bool, whose: UUID) -> Refusal | None:
    """Reject an actor who ignores the availability of somebody else; `whose` is the organizer's or the new
    participant's id.

    You may override your own availability, but nobody else's.
    """
    if not ignores or case.command.actor.user == whose:
        return None
    return Refusal(
        Code.NOT_ALLOWED, "The actor may ignore their own availability only, not another person's."
    )


def ignored(ignores: bool, whose: UUID) -> UUID | None:
    """Return the person whose availability does not count for this command."""
    return whose if ignores else None


def _refusal_for_availability(case: Case[Command], enquiry: Enquiry) -> Refusal | None:
    """Give each reason once, without saying whose it is."""
    found: dict[Reason, None] = {}
    for user in enquiry.users:
        found.update(dict.fromkeys(_reasons(case, enquiry, user)))
    if not found:
        return None
    errors = tuple(FieldError("start_time", reason.code, reason.detail) for reason in found)
    return Refusal(Code.UNAVAILABLE, "At least one person is not available at this time.", errors)


def _reasons(case: Case[Command], enquiry: Enquiry, user: UUID) -> list[Reason]:
    if user == enquiry.ignoring or not case.book.diary.limits(user):
        return []
    person, now = person_around(case, enquiry, user, AROUND), floor(case.at.timestamp())
    against = reasons_against(person, *span(*enquiry.when), now, longest=LONGEST_DAY)
    settled = DECIDED_BEFORE | AGREED_WITH_THE_START if _keeps_start(enquiry, user) else DECIDED_BEFORE
    return [reason for reason in against if reason.code not in settled]


def _keeps_start(enquiry: Enquiry, user: UUID) -> bool:
    """Whether this person was booked for this very start before: the appointment is only made longer or
    shorter.
    """
    before = enquiry.own
    return before is not None and before.start == enquiry.when.start and user in occupants(before)
