"""Subscribed calendars: how many there may be, what a poll changes, and what goes with them."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest

from services.booking.domain.calendars import busy_times, subscriptions
from services.booking.domain.model.commands import (
    Command,
    ImportBusyTimes,
    NoteCalendarPoll,
    Stretch,
    SubscribeCalendar,
    UnsubscribeCalendar,
)
from services.booking.domain.model.decision import AcceptedMany, Code
from services.booking.domain.model.people import Actor
from tests.unit.booking.builders import (
    ANNA,
    BEN,
    FOREIGNER,
    HOUR,
    MONDAY_9,
    NOW,
    ORG,
    a_create,
    accepted,
    by,
    refused,
)
from tests.unit.booking.ledger import Ledger, at_once
from tests.unit.booking.test_bookable import after, busy, codes, removal

SERVICE = Actor("service:reminders", None)
LATER = NOW + timedelta(hours=1)


def calendar(number: int = 1) -> UUID:
    """The id of a subscription."""
    return UUID(int=0x5AB0 + number)


def subscribe(user: UUID, number: int = 1) -> SubscribeCalendar:
    """A subscription to a calendar."""
    return SubscribeCalendar(
        id=UUID(int=0x80), organization=ORG, actor=by(user), subscription_id=calendar(number),
        name="Work", sealed="sealed", timezone="Europe/Berlin",
    )  # fmt: skip


def unsubscribe(user: UUID, number: int = 1) -> UnsubscribeCalendar:
    """The end of a subscription."""
    return UnsubscribeCalendar(
        id=UUID(int=0x81), organization=ORG, actor=by(user), subscription_id=calendar(number)
    )


def note(user: UUID, error: str | None = None, times: int = 0, number: int = 1) -> NoteCalendarPoll:
    """The result of a poll."""
    return NoteCalendarPoll(
        id=UUID(int=0x82), organization=ORG, actor=SERVICE, user_id=user, subscription_id=calendar(number),
        error=error, times=times,
    )  # fmt: skip


def polled(user: UUID, *ranges: tuple[str, datetime, datetime], number: int = 1) -> ImportBusyTimes:
    """The times that a poll found."""
    whole = Stretch(None, None, len(ranges))
    return busy(user, *ranges, source=f"subscription:{calendar(number)}", replaces=whole)


def settled(command: Command, ledger: Ledger, at: datetime = NOW) -> AcceptedMany:
    """The decision, which must be accepted."""
    decision = at_once(command, at, ledger)
    assert isinstance(decision, AcceptedMany), decision
    return decision


def shown(ledger: Ledger, user: UUID = BEN) -> list[tuple[object, ...]]:
    """Each subscription's check, success, error, first failure and number of times."""
    names = ("checked_at", "succeeded_at", "error", "failing_since", "times")
    return [tuple(item[name] for name in names) for item in ledger.subscriptions[user].items]


def test_a_subscribed_calendar_closes_time_until_the_host_removes_the_event_or_it_ends() -> None:
    ledger = after(subscribe(BEN), polled(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)))
    assert codes(at_once(a_create(), NOW, ledger)) == ["busy_elsewhere"]
    settled(polled(BEN), ledger)
    accepted(at_once(a_create(number=1), NOW, ledger))
    late = MONDAY_9 + 2 * HOUR
    settled(polled(BEN, ("b", late, late + HOUR)), ledger)
    settled(busy(BEN, ("own", late + 4 * HOUR, late + 5 * HOUR)), ledger)
    ended = settled(unsubscribe(BEN), ledger)
    assert [event.type for event in ended.happened] == [
        "busy_times.changed",
        "calendar_subscriptions.changed",
    ]
    assert ended.outcome == {"user_id": BEN, "removed": 1}
    assert list(ledger.elsewhere[BEN].ranges) == ["own"]
    assert ledger.subscriptions[BEN].items == ()


def test_a_poll_that_ends_after_its_subscription_brings_nothing_back() -> None:
    ledger = after(subscribe(BEN), unsubscribe(BEN))
    refusal = refused(at_once(polled(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)), NOW, ledger))
    assert (refusal.code, refusal.errors[0].code) == (Code.INVALID, "subscribed")
    assert settled(note(BEN), ledger).happened == ()


def test_a_persons_own_removal_leaves_subscribed_times() -> None:
    ledger = after(subscribe(BEN), polled(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)), removal(BEN))
    assert list(ledger.elsewhere[BEN].ranges) == ["a"]


def test_the_same_id_again_changes_nothing() -> None:
    ledger = after(subscribe(BEN))
    assert settled(subscribe(BEN), ledger).happened == ()
    assert len(ledger.subscriptions[BEN].items) == 1


def test_a_person_has_so_many_and_no_more() -> None:
    ledger = after(*(subscribe(BEN, number) for number in range(5)))
    assert refused(at_once(subscribe(BEN, 5), NOW, ledger)).errors[0].code == "too_many_subscriptions"
    settled(unsubscribe(BEN, 0), ledger)
    settled(subscribe(BEN, 5), ledger)


def test_an_organization_has_so_many_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subscriptions, "OF_AN_ORGANIZATION", 2)
    ledger = after(subscribe(BEN), subscribe(ANNA))
    assert refused(at_once(subscribe(ANNA, 2), NOW, ledger)).errors[0].code == "too_many_subscriptions"
    settled(unsubscribe(BEN), ledger)
    settled(subscribe(ANNA, 2), ledger)


def test_an_unknown_subscription_is_not_found() -> None:
    assert refused(at_once(unsubscribe(BEN), NOW, after(subscribe(ANNA)))).code is Code.NOT_FOUND


def test_the_last_success_and_the_first_failure_are_kept() -> None:
    ledger = after(subscribe(BEN))
    at, later = (f"{instant:%Y-%m-%dT%H:%M:%SZ}" for instant in (NOW, LATER))
    settled(note(BEN, times=3), ledger)
    assert shown(ledger) == [(at, at, None, None, 3)]
    settled(note(BEN, "gone"), ledger)
    settled(note(BEN, "busy"), ledger, LATER)
    assert shown(ledger) == [(later, at, "busy", at, 3)]
    settled(note(BEN, times=4), ledger, LATER)
    assert shown(ledger) == [(later, later, None, None, 4)]


def test_times_for_which_there_is_no_room_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(busy_times, "KEPT_AT_MOST", 1)
    monkeypatch.setattr(subscriptions, "KEPT_AT_MOST", 1)
    ledger = after(subscribe(BEN), busy(BEN, ("own", MONDAY_9, MONDAY_9 + HOUR)))
    refused(at_once(polled(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)), NOW, ledger))
    settled(note(BEN, times=1), ledger)
    assert shown(ledger)[0][2] == "too_many"


def test_only_the_service_notes_polls_and_only_of_its_organization() -> None:
    ledger = after(subscribe(BEN))
    own = NoteCalendarPoll(
        id=UUID(int=0x83), organization=ORG, actor=by(BEN), user_id=BEN, subscription_id=calendar(),
        error=None, times=0,
    )  # fmt: skip
    assert refused(at_once(own, NOW, ledger)).code is Code.NOT_ALLOWED
    assert refused(at_once(subscribe(FOREIGNER), NOW, ledger)).code is Code.NOT_ALLOWED
    elsewhere = NoteCalendarPoll(
        id=UUID(int=0x84), organization=UUID(int=0x99), actor=SERVICE, user_id=BEN,
        subscription_id=calendar(), error="gone", times=0,
    )  # fmt: skip
    assert settled(elsewhere, ledger).happened == ()
