"""Whether people may be booked at a time: one question for everything that takes their time."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from scheduling.free import REACH
from scheduling.reasons import Reason, reasons_against
from services.booking.domain.free_time.alternatives import alternatives
from services.booking.domain.free_time.conflicts import refusal_for_conflict
from services.booking.domain.free_time.enquiry import Enquiry, person_around, span
from services.booking.domain.model.appointment import occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.commands import Command
from services.booking.domain.model.decision import Code, FieldError, Refusal
from services.booking.domain.model.times import Period

AROUND = timedelta(seconds=REACH)
DECIDED_BEFORE = frozenset({"in_the_past", "too_far", "busy", "held"})
AGREED_WITH_THE_START = frozenset({"minimum_notice", "beyond_horizon"})
HOPELESS = frozenset({"too_short", "too_long"})  # at any time


def refusal_for_times(
    command: Command,
    book: Book,
    users: Sequence[UUID],
    when: Period,
    *,
    own: UUID | None,
    at: datetime,
    ignoring: UUID | None = None,
    hold: UUID | None = None,
    involved: Iterable[UUID] | None = None,
    suggest: bool = True,
) -> Refusal | None:
    """Why these people cannot be booked then, or None: somebody is busy, or does not want to be booked then.

    `own`: an appointment that is in nobody's way, because it is the one that takes the time. `ignoring`: who lets their
    own availability be. `hold`: a hold that is in nobody's way, because it is used up by this. `at`: the decision's time.
    With `suggest` the refusal has the nearest times that suit all who are `involved` (else `users`).
    """
    refusal = refusal_for_conflict(command, book, users, *when, own=own, at=at, hold=hold)
    if refusal is None and not book.diary.has_limits:
        return None
    wish = Enquiry(command, tuple(users), when, own, at, ignoring, hold)
    refusal = refusal or _refusal_for_availability(book, wish)
    if refusal is None or not suggest or HOPELESS & {error.code for error in refusal.errors}:
        return refusal
    return replace(refusal, alternatives=alternatives(book, wish, involved or wish.users))


def refusal_for_ignoring(command: Command, ignores: bool, whose: UUID) -> Refusal | None:
    """One may let one's own availability be, and nobody else's; `whose` is the organizer, or who takes a seat."""
    if not ignores or command.actor.user == whose:
        return None
    return Refusal(Code.NOT_ALLOWED, "Only the person themself may be booked against their availability.")


def ignored(ignores: bool, whose: UUID) -> UUID | None:
    """The person whose availability does not count for this command."""
    return whose if ignores else None


def _refusal_for_availability(book: Book, wish: Enquiry) -> Refusal | None:
    """Each reason once, whoever has it: of whom is not told."""
    found: dict[Reason, None] = {}
    for user in wish.users:
        found.update(dict.fromkeys(_reasons(book, wish, user)))
    if not found:
        return None
    errors = tuple(FieldError("start_time", reason.code, reason.detail) for reason in found)
    return Refusal(Code.UNAVAILABLE, "Somebody is not available at that time.", errors)


def _reasons(book: Book, wish: Enquiry, user: UUID) -> list[Reason]:
    diary = book.diary
    if user == wish.ignoring or (diary.hours(user) is None and diary.elsewhere(user) is None):
        return []
    against = reasons_against(person_around(book, wish, user, AROUND), *span(*wish.when), wish.now)
    settled = DECIDED_BEFORE | AGREED_WITH_THE_START if _keeps_start(book, wish, user) else DECIDED_BEFORE
    return [reason for reason in against if reason.code not in settled]


def _keeps_start(book: Book, wish: Enquiry, user: UUID) -> bool:
    """Whether this person was booked for this very start before: it is only made longer or shorter."""
    before = book.find(wish.own) if wish.own else None
    return before is not None and before.start == wish.when.start and user in occupants(before)
