"""An offered slot can be booked, and a refusal has the reasons that are shown: one engine for both.

The book knows no more than booking loads for the command, so that a rule that looks farther than what is loaded shows.
"""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.availability import Availability, Span
from scheduling.reasons import reasons_against
from scheduling.slots import Slot, Taken, offers
from services.booking.domain.decide import decide
from services.booking.domain.free_time.reach import surroundings, widened
from services.booking.domain.model import commands
from services.booking.domain.model.book import Beside, Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.decision import Accepted, Code, Decision, Refusal
from services.booking.domain.model.diary import BusyTimes, Diary, Hold, Hours
from services.booking.domain.model.people import People
from services.booking.domain.model.times import Period
from tests.support.examples import examples
from tests.unit.booking.builders import ORG, a_create, a_person, needed_for
from tests.unit.scheduling.worlds import DAY, World, worlds

THOROUGH = settings(max_examples=examples(150), deadline=None)


def instant(second: int) -> datetime:
    return datetime.fromtimestamp(second, UTC)


def clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def as_json(availability: Availability) -> dict[str, Any]:
    """The body of an `availability.set` that says this."""
    policy = availability.policy
    return {
        "timezone": availability.timezone,
        "rules": [
            {
                "day_of_week": rule.day_of_week,
                **_range((rule.start, rule.end)),
                "is_active": True,
                "effective_from": _date(rule.effective_from),
                "effective_until": _date(rule.effective_until),
            }
            for rule in availability.rules
        ],
        "overrides": [
            {"date": day.isoformat(), "ranges": [_range(hours) for hours in ranges]}
            for day, ranges in availability.overrides.items()
        ],
        "policy": {name: getattr(policy, name) for name in policy.__slots__},
    }


def _range(hours: Span) -> dict[str, str]:
    return {"start_time": clock(hours[0]), "end_time": clock(hours[1])}


def _date(day: date | None) -> str | None:
    return day.isoformat() if day else None


def possible(world: World) -> World:
    """Without appointments that overlap: booking has none."""
    for person in world.people:
        kept: list[Taken] = []
        free = min((one.start for one in person.taken), default=0)
        for one in person.taken:
            if one.kind != "appointment" or one.start >= free:
                kept.append(one)
                free = max(free, one.end) if one.kind == "appointment" else free
        object.__setattr__(person, "taken", kept)
    return world


def create_at(world: World, start: int) -> commands.Create:
    """The first of the people books for all."""
    organizer, *others = (person.id for person in world.people)
    return a_create(
        organizer, participant_ids=tuple(others), start=instant(start), end=instant(start + world.duration)
    )


def decided(world: World, start: int, *, surrounded: bool = False) -> Decision:
    """Decide by a book that was loaded for this command; also for its alternatives if `surrounded`."""
    command = create_at(world, start)
    at = instant(world.now)
    book = loaded(world, command)
    decision = decide(command, book, at)
    if surrounded and book.sought:
        decision = decide(command, loaded(world, command, book), at)
    return decision


def loaded(world: World, command: commands.Create, earlier: Book | None = None) -> Book:
    """As booking's store loads it, from everything that there is."""
    people: People = {person.id: a_person(person.id, timezone=world.otherwise) for person in world.people}
    hours = {
        person.id: Hours(person.id, ORG, 1, as_json(person.availability))
        for person in world.people
        if person.availability
    }
    ranges = widened(needed_for([command], {}, people), hours, {})
    sought = earlier.sought if earlier else {}
    ranges |= surroundings(sought.values())
    taken: dict[str, list[tuple[UUID, Period, UUID]]] = {"appointment": [], "hold": [], "elsewhere": []}
    for person in world.people:
        for number, one in enumerate(person.taken):
            when = Period(instant(one.start), instant(one.end))
            if any(
                user == person.id and when.start < to and since < when.end for user, (since, to) in ranges
            ):
                taken[one.kind].append((person.id, when, UUID(int=person.id.int * 1_000 + number + 100)))
    elsewhere: dict[UUID, BusyTimes] = {}
    for user, when, name in taken["elsewhere"]:
        elsewhere.setdefault(user, BusyTimes(1)).ranges[str(name)] = when
    later = instant(world.now + DAY)
    holds = [Hold(name, ORG, UUID(int=0xF), (user,), *when, later) for user, when, name in taken["hold"]]
    return Book(
        (),
        people,
        [(user, Entry(*when, name)) for user, when, name in taken["appointment"]],
        Beside(diary=Diary(hours.values(), elsewhere, holds), surrounded=sought),
    )


def offered(world: World, together: bool = True) -> list[Slot]:
    return offers(
        world.people,
        duration=world.duration,
        first=world.first,
        last=world.last,
        now=world.now,
        timezone=world.otherwise,
        together=together,
    )


@THOROUGH
@given(worlds(people=3).map(possible), st.data())
def test_every_time_that_is_offered_can_be_booked(world: World, data: st.DataObject) -> None:
    slots = offered(world)
    if not slots:
        return
    for slot in data.draw(st.lists(st.sampled_from(slots), min_size=1, max_size=5, unique=True)):
        assert isinstance(decided(world, slot.start), Accepted)


@THOROUGH
@given(worlds(people=3).map(possible), st.integers(-DAY, 2 * DAY))
def test_a_time_is_refused_for_the_reasons_that_are_told_and_for_no_other(world: World, wish: int) -> None:
    start = world.first + wish // 300 * 300
    against = {
        reason.code
        for person in world.people
        for reason in reasons_against(person, start, start + world.duration, world.now)
    }
    decision = decided(world, start)
    if not against:
        assert isinstance(decision, Accepted)
        return
    assert isinstance(decision, Refusal)
    if "in_the_past" in against:
        assert decision.code is Code.IN_THE_PAST
    elif against & {"busy", "held"}:
        assert decision.code is Code.CONFLICT
    else:
        assert decision.code is Code.UNAVAILABLE
        assert {error.code for error in decision.errors} == against


@THOROUGH
@given(worlds(people=3).map(possible), st.integers(-DAY, 2 * DAY))
def test_every_alternative_can_be_booked_by_the_same_command(world: World, wish: int) -> None:
    decision = decided(world, world.first + wish // 300 * 300, surrounded=True)
    if isinstance(decision, Refusal):
        for other in decision.alternatives:
            assert isinstance(decided(world, int(other.start.timestamp())), Accepted)
