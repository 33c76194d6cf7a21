"""Telling all participants something: what is told, and how often."""

from datetime import timedelta

import pytest

from services.booking.domain.announcing import ANNOUNCEMENTS_AN_HOUR
from services.booking.domain.decide import decide
from services.booking.domain.model.commands import Announce
from services.booking.domain.model.decision import Code, Event
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    NOW,
    ORG,
    PEOPLE,
    a_book,
    a_command,
    accepted,
    an_appointment,
    event,
    refused,
)

MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize("who", [ANNA, ADMIN], ids=["organizer", "admin"])
def test_an_announcement_is_a_version_in_which_nothing_else_changed(who: object) -> None:
    before = an_appointment()
    decision = accepted(decide(a_command(Announce, who, message="Hi"), a_book(before), NOW))  # type: ignore[arg-type]
    people = [PEOPLE[ANNA], PEOPLE[BEN]]
    more = {"announcement": "Hi", "organizer_confirmed": False}
    assert decision.event == Event("appointment.announced", (), people, more)
    assert (decision.appointment.version, decision.appointment.answers) == (4, before.answers)


def test_an_organization_announces_so_often_in_an_hour_and_then_again_later() -> None:
    book = a_book(an_appointment())
    for number in range(ANNOUNCEMENTS_AN_HOUR):
        assert event(decide(a_command(Announce, ANNA), book, NOW + number * timedelta(seconds=1)))
    refusal = refused(decide(a_command(Announce, ANNA), book, NOW + 59 * MINUTE))
    assert (refusal.code, refusal.version) == (Code.RATE_LIMITED, 3 + ANNOUNCEMENTS_AN_HOUR)
    assert event(decide(a_command(Announce, ANNA), book, NOW + 60 * MINUTE)), "the first is an hour ago"
    assert refused(decide(a_command(Announce, ANNA), book, NOW + 60 * MINUTE)).code is Code.RATE_LIMITED


def test_the_book_gives_what_is_to_be_remembered_once_and_no_more_than_counts() -> None:
    book = a_book(an_appointment())
    for number in range(ANNOUNCEMENTS_AN_HOUR + 5):
        decide(a_command(Announce, ANNA), book, NOW + number * 2 * MINUTE)
    taken = book.take_changes().announced
    assert list(taken) == [ORG]
    assert len(taken[ORG]) == ANNOUNCEMENTS_AN_HOUR
    assert taken[ORG][-1] == NOW + (ANNOUNCEMENTS_AN_HOUR + 4) * 2 * MINUTE
    assert book.take_changes().announced == {}
