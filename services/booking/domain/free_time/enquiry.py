"""A time that a command asks for, and the people concerned as the scheduling engine sees them."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil, floor
from uuid import UUID

from scheduling.free import Person, Taken
from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.case import Case
from services.booking.domain.model.commands import Command
from services.booking.domain.model.diary import Hold
from services.booking.domain.model.times import Period


@dataclass(frozen=True, slots=True)
class Enquiry:
    """The times `when` of `users`.

    own: the appointment that takes this time itself, which is in nobody's way. ignoring: the person whose own
    availability does not count. hold: the id of a hold that this uses up, which is in nobody's way. involved:
    everybody whom alternatives must suit (default: `users`). suggest: whether a refusal offers alternatives.
    """

    users: tuple[UUID, ...]
    when: Period
    own: Appointment | None = None
    ignoring: UUID | None = None
    hold: UUID | None = None
    involved: tuple[UUID, ...] = ()
    suggest: bool = True


def span(start: datetime, end: datetime) -> tuple[int, int]:
    """Return whole seconds around `[start, end)`."""
    return floor(start.timestamp()), ceil(end.timestamp())


def taken(
    case: Case[Command], enquiry: Enquiry, user: UUID, within: Period
) -> tuple[list[Entry], list[Hold]]:
    """Return the appointments and live holds that take this person's time `within` the period, and are in the
    way.
    """
    entries, diary = case.book.overlapping(user, *within), case.book.diary
    if entries and enquiry.own:
        entries = [entry for entry in entries if entry.appointment_id != enquiry.own.id]
    holds = diary.held(user, *within, case.at) if diary.has_holds else []
    return entries, [hold for hold in holds if hold.id != enquiry.hold] if holds else holds


def person_around(case: Case[Command], enquiry: Enquiry, user: UUID, around: timedelta) -> Person:
    """Return this person with everything that takes their time, from `around` before the enquiry to `around`
    after it.
    """
    diary = case.book.diary
    within = Period(enquiry.when.start - around, enquiry.when.end + around)
    entries, holds = taken(case, enquiry, user, within)
    found = [Taken(*span(entry.start, entry.end), "appointment") for entry in entries]
    found += [Taken(*span(hold.start, hold.end), "hold") for hold in holds]
    if user == enquiry.ignoring:
        return Person(user, None, sorted(found))
    found += [Taken(*span(*when), "elsewhere") for when in diary.busy(user, within)]
    hours = diary.hours(user)
    return Person(user, hours.rules if hours else None, sorted(found))
