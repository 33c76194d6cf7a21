"""Telling all participants something: what is told, and how often."""

from datetime import timedelta
from uuid import UUID

import pytest

from services.booking.domain.announcing import BY_A_PERSON, BY_AN_ORGANIZATION
from services.booking.domain.decide import decide
from services.booking.domain.model.book import Announced
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


def test_a_person_announces_so_often_in_an_hour_and_then_again_when_the_refusal_says() -> None:
    book = a_book(an_appointment())
    for number in range(BY_A_PERSON):
        assert event(decide(a_command(Announce, ANNA), book, NOW + number * timedelta(seconds=1)))
    later = NOW + 50 * MINUTE
    refusal = refused(decide(a_command(Announce, ANNA), book, later))
    assert (refusal.code, refusal.version) == (Code.RATE_LIMITED, 3 + BY_A_PERSON)
    assert refusal.retry_after == 600
    just_before, then = later + timedelta(seconds=599), later + timedelta(seconds=600)
    assert refused(decide(a_command(Announce, ANNA), book, just_before)).retry_after == 1
    assert event(decide(a_command(Announce, ANNA), book, then)), "the first is an hour ago"
    assert refused(decide(a_command(Announce, ANNA), book, then)).retry_after == 1


def test_a_person_who_announces_all_they_may_keeps_nobody_else_from_it() -> None:
    book = a_book(an_appointment())
    for _ in range(BY_A_PERSON):
        decide(a_command(Announce, ANNA), book, NOW)
    assert refused(decide(a_command(Announce, ANNA), book, NOW)).code is Code.RATE_LIMITED
    assert event(decide(a_command(Announce, ADMIN), book, NOW))


def test_an_organization_announces_so_often_in_an_hour() -> None:
    book = a_book(an_appointment())
    for number in range(BY_AN_ORGANIZATION):
        book.announce(ORG, Announced(NOW, UUID(int=number)), BY_AN_ORGANIZATION)
    refusal = refused(decide(a_command(Announce, ANNA), book, NOW + MINUTE))
    assert (refusal.code, refusal.retry_after) == (Code.RATE_LIMITED, 59 * 60)
    assert event(decide(a_command(Announce, ANNA), book, NOW + 60 * MINUTE))


def test_the_book_gives_what_is_to_be_remembered_once_and_no_more_than_counts() -> None:
    book = a_book(an_appointment())
    for number in range(BY_AN_ORGANIZATION + 5):
        decide(a_command(Announce, ANNA), book, NOW + number * 4 * MINUTE)
    taken = book.take_changes().announced
    assert list(taken) == [ORG]
    assert len(taken[ORG]) == BY_AN_ORGANIZATION
    assert taken[ORG][-1] == Announced(NOW + (BY_AN_ORGANIZATION + 4) * 4 * MINUTE, ANNA)
    assert book.take_changes().announced == {}
