"""Announcements: a message to all participants, limited to so many an hour for a person and an organization."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.booking.domain.model.appointment import Appointment
from services.booking.domain.model.book import Announced
from services.booking.domain.model.case import Case
from services.booking.domain.model.changes import next_version
from services.booking.domain.model.commands import Announce
from services.booking.domain.model.decision import (
    Accepted,
    Code,
    Decision,
    Event,
    Refusal,
    seconds_until,
)
from services.booking.domain.model.needs import Needs
from services.booking.domain.model.rule import Rule, Rules

BY_A_PERSON = 20  # an hour; each may go to 500 people on several channels
BY_AN_ORGANIZATION = 200  # an hour
WITHIN = timedelta(hours=1)


def needs_of_announcing(command: Announce) -> Needs:
    """The appointment, and the latest announcements of the organization."""
    return Needs(appointments=(command.appointment_id,), announcements=(command.organization,))


def decide_announce(case: Case[Announce], before: Appointment) -> Decision:
    """Announce something as a version of its own, although only its number changes: each event has one."""
    command, book = case.command, case.book
    latest = book.announced(command.organization)
    own = [one for one in latest if one.by == command.actor.user]
    refusal = _refusal("A person", own, BY_A_PERSON, case.at, before) or _refusal(
        "An organization", latest, BY_AN_ORGANIZATION, case.at, before
    )
    if refusal:
        return refusal
    people = book.named((before.organizer_id, *before.answers))
    event = Event("appointment.announced", (), people, {"announcement": command.message})
    book.announce(command.organization, Announced(case.at, command.actor.user), BY_AN_ORGANIZATION)
    return Accepted(next_version(before, command.actor, case.at), event)


def _refusal(
    whose: str, announced: Sequence[Announced], most: int, at: datetime, before: Appointment
) -> Refusal | None:
    """Reject one more within the hour, until the one that makes it too many is an hour old."""
    if len(announced) < most or at - announced[-most].at >= WITHIN:
        return None
    return Refusal(
        Code.RATE_LIMITED,
        f"{whose} can send at most {most} announcements an hour.",
        appointment_id=before.id,
        version=before.version,
        retry_after=seconds_until(announced[-most].at + WITHIN, at),
    )


RULES: Rules = {Announce: Rule(decide_announce, needs_of_announcing)}
