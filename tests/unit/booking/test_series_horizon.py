"""A series without an end among people who can be booked only so far ahead: the rest is for later nights."""

from datetime import timedelta
from uuid import UUID

from services.booking.domain.model import commands
from services.booking.domain.model.commands import Scope, SetAvailability, Update
from services.booking.domain.model.decision import Code
from tests.unit.booking.builders import ANNA, BEN, MONDAY_9, NOW, ORG, by, refused
from tests.unit.booking.recurring import WEEK, Diary, a_series, settled

DAY = timedelta(days=1)
ENDLESS = a_series(rrule="FREQ=WEEKLY", timezone="UTC")


def bookable_for(user: UUID, days: int) -> SetAvailability:
    """Whenever free, so many days ahead."""
    body = {"timezone": "UTC", "rules": [], "overrides": [], "policy": {"horizon_days": days}}
    return SetAvailability(id=UUID(int=0x71), organization=ORG, actor=by(user), user_id=user, body=body)


def night(diary: Diary) -> int:
    """How many occurrences the nightly command books."""
    series = diary.series()
    command = commands.ExtendSeries(
        id=UUID(int=0xEE), organization=ORG, actor=by("booking"), series_id=series.id
    )
    return len(settled(diary.do(command)).steps)


def test_it_is_booked_as_far_as_everybody_can_be() -> None:
    decision = settled(Diary(bookable_for(ANNA, 60), bookable_for(BEN, 21)).do(ENDLESS))
    assert [step.appointment.start for step in decision.steps] == [
        MONDAY_9,
        MONDAY_9 + WEEK,
        MONDAY_9 + 2 * WEEK,
    ]


def test_each_night_books_what_has_come_within_the_horizon() -> None:
    diary = Diary(bookable_for(BEN, 21), ENDLESS)
    assert night(diary) == 0
    diary.at = NOW + 6 * DAY
    assert night(diary) == 0
    diary.at = NOW + 7 * DAY
    assert night(diary) == 1
    assert night(diary) == 0
    diary.at = NOW + 21 * DAY
    assert night(diary) == 2
    starts = [item.start for item in diary.all()]
    assert starts == [MONDAY_9 + number * WEEK for number in range(6)]


def test_a_longer_horizon_books_the_rest() -> None:
    diary = Diary(bookable_for(BEN, 21), ENDLESS, bookable_for(BEN, 28))
    assert night(diary) == 1


def test_what_was_moved_counts_by_its_own_time() -> None:
    diary = Diary(bookable_for(BEN, 22), ENDLESS)
    first = diary.all()[0]
    settled(diary.ask(Update, first, scope=Scope.ALL, start=first.start + DAY, end=first.end + DAY))
    diary.at = NOW + 6 * DAY
    assert night(diary) == 0
    diary.at = NOW + 7 * DAY
    assert night(diary) == 1


def test_ones_own_horizon_may_be_ignored() -> None:
    diary = Diary(bookable_for(ANNA, 21))
    decision = settled(diary.do(a_series(rrule="FREQ=WEEKLY", ignore_availability=True)))
    assert len(decision.steps) == 53


def test_a_series_whose_first_is_too_far_is_refused() -> None:
    refusal = refused(Diary(bookable_for(BEN, 3)).do(ENDLESS))
    assert refusal.code is Code.UNAVAILABLE
    assert len(refusal.errors) == 1


def test_one_with_an_end_is_checked_as_a_whole() -> None:
    refusal = refused(Diary(bookable_for(BEN, 21)).do(a_series()))
    assert refusal.code is Code.UNAVAILABLE
    assert [error.field for error in refusal.errors] == ["occurrences.3"]
