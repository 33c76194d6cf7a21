"""The engine against the oracle: around the clock changes of a year, for random hours, policies and calendars."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from scheduling.availability import open_spans
from scheduling.reasons import explain, reasons_against
from scheduling.slots import Slot, nearest, offers
from tests.support.examples import examples
from tests.unit.scheduling.oracle import Oracle
from tests.unit.scheduling.worlds import DAY, MINUTE, World, worlds

THOROUGH = settings(max_examples=examples(60), deadline=None)


def oracles(world: World) -> list[Oracle]:
    return [Oracle(person, world.otherwise, world.center, world.now) for person in world.people]


def free(oracle: Oracle, start: int, duration: int) -> bool:
    return not oracle.codes(start, start + duration)


def offered_together(world: World) -> list[int]:
    everybody = oracles(world)
    leading = next(
        one for one in everybody if one.policy.step == max(other.policy.step for other in everybody)
    )
    return [
        start
        for start in leading.grid(world.first, world.last)
        if all(free(one, start, world.duration) for one in everybody)
    ]


@THOROUGH
@given(worlds())
def test_open_spans_are_the_minutes_in_which_clocks_show_an_hour_of_the_person(world: World) -> None:
    (oracle,) = oracles(world)
    if oracle.availability is None:
        return
    first, last = world.first // MINUTE * MINUTE, world.last // MINUTE * MINUTE + MINUTE
    spans = open_spans(oracle.availability, first, last)
    found = [minute for start, end in spans for minute in range(start, end, MINUTE)]
    assert found == sorted(minute for minute in oracle.open if first <= minute < last)
    assert all(one[1] < other[0] for one, other in pairwise(spans))


@THOROUGH
@given(worlds(people=3))
def test_together_all_that_suits_everybody_on_the_grid_is_offered_and_nothing_else(world: World) -> None:
    slots = offers(
        world.people,
        duration=world.duration,
        first=world.first,
        last=world.last,
        now=world.now,
        timezone=world.otherwise,
        together=True,
    )
    everybody = tuple(person.id for person in world.people)
    assert slots == [Slot(start, start + world.duration, everybody) for start in offered_together(world)]


@THOROUGH
@given(worlds(people=3))
def test_of_several_the_first_to_whom_a_time_can_be_offered_has_it(world: World) -> None:
    slots = offers(
        world.people,
        duration=world.duration,
        first=world.first,
        last=world.last,
        now=world.now,
        timezone=world.otherwise,
        together=False,
    )
    expected: dict[int, Slot] = {}
    for oracle in oracles(world):
        for start in oracle.grid(world.first, world.last):
            if start not in expected and free(oracle, start, world.duration):
                expected[start] = Slot(start, start + world.duration, (oracle.person.id,))
    assert slots == [expected[start] for start in sorted(expected)]


@THOROUGH
@given(worlds(people=3), st.integers(-DAY, 2 * DAY), st.integers(0, 8))
def test_alternatives_are_the_offered_times_nearest_to_the_wish(world: World, wish: int, count: int) -> None:
    start = world.first + wish
    found = nearest(
        world.people,
        start,
        start + world.duration,
        now=world.now,
        timezone=world.otherwise,
        count=count,
        first=world.first,
        last=world.last,
    )
    by_distance = sorted(offered_together(world), key=lambda other: (abs(other - start), other))
    assert found == [(other, other + world.duration) for other in by_distance[:count]]


@THOROUGH
@given(worlds(), st.data())
def test_reasons_are_all_that_closes_a_time_whether_it_is_on_the_grid_or_not(
    world: World, data: st.DataObject
) -> None:
    (oracle,) = oracles(world)
    (person,) = world.people
    on_grid = oracle.grid(world.first, world.last)
    start = data.draw(
        st.integers(world.first, world.last - 1) | (st.sampled_from(on_grid) if on_grid else st.nothing())
    )
    end = start + world.duration
    codes = {reason.code for reason in reasons_against(person, start, end, world.now, world.otherwise)}
    if start >= world.now - DAY:
        assert codes == oracle.codes(start, end)
    else:
        assert "in_the_past" in codes
    explained = {reason.code for reason in explain(person, start, end, world.now, world.otherwise)}
    assert explained == (codes or ({"between_steps"} if start not in on_grid else set()))
