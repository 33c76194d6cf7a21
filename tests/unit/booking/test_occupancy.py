"""The calendars that a batch loads before it is decided: enough of them, and not all."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.domain.decide import decide
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.times import Period
from tests.support.examples import examples
from tests.unit.booking.builders import (
    ANNA,
    BEN,
    CARA,
    COLLEAGUE,
    HOUR,
    MONDAY_9,
    NOW,
    PEOPLE,
    a_command,
    a_create,
    after,
    an_appointment,
    an_update,
    decided,
    needed_for,
)
from tests.unit.booking.test_properties import some_command

SLOT = Period(MONDAY_9, MONDAY_9 + HOUR)


def _needed(*asked: commands.Command, about: Appointment | None = None) -> set[tuple[UUID, Period]]:
    return needed_for(asked, {about.id: about} if about else {})


def test_a_booking_needs_its_people_in_its_range() -> None:
    assert _needed(a_create()) == {(ANNA, SLOT), (BEN, SLOT)}


def test_wall_clock_time_of_a_known_zone_is_exact() -> None:
    local = datetime(2027, 3, 8, 10)  # noqa: DTZ001  09:00 UTC in Berlin
    assert _needed(a_create(start=local, end=local + HOUR)) == {(ANNA, SLOT), (BEN, SLOT)}


def test_answers_and_endings_need_nothing() -> None:
    asked = [a_command(kind, BEN) for kind in (commands.Confirm, commands.Decline, commands.Cancel)]
    assert _needed(*asked, about=an_appointment()) == set()


def test_coming_back_after_declining_needs_that_persons_range() -> None:
    asked = a_command(commands.Confirm, BEN)
    assert _needed(asked, about=an_appointment({BEN: "declined"})) == {(BEN, SLOT)}


def test_moving_near_by_looks_once() -> None:
    later = an_update(start=MONDAY_9 + HOUR, end=MONDAY_9 + 2 * HOUR)
    around = Period(MONDAY_9, MONDAY_9 + 2 * HOUR)
    assert _needed(later, about=an_appointment()) == {(ANNA, around), (BEN, around)}


def test_moving_far_away_does_not_look_at_the_years_between() -> None:
    start = MONDAY_9 + timedelta(days=1000)
    found = _needed(an_update(start=start, end=start + HOUR), about=an_appointment())
    assert max(when.end - when.start for _, when in found) <= timedelta(hours=1)
    assert {(ANNA, Period(start, start + HOUR)), (BEN, Period(start, start + HOUR))} <= found


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/Los_Angeles", "Pacific/Kiritimati", "Etc/GMT+12"])
def test_wall_clock_time_of_a_zone_that_is_not_known_yet_is_looked_for_all_around(zone: str) -> None:
    local = datetime(2027, 3, 20, 9)  # noqa: DTZ001
    asked = an_update(start=local, end=local + HOUR)
    moved = after(decided(asked, about := an_appointment(timezone=zone)))
    ranges = [when for user, when in _needed(asked, about=about) if user == ANNA]
    assert any(when.start <= moved.start and moved.end <= when.end for when in ranges)


def test_impossible_times_need_nothing() -> None:
    skipped = datetime(2027, 3, 28, 2, 30)  # noqa: DTZ001
    assert _needed(a_create(start=skipped, end=skipped + HOUR)) == set()


@settings(max_examples=examples(300))
@given(st.data())
def test_a_batch_decides_the_same_on_what_it_needs_as_on_everything(data: st.DataObject) -> None:
    """The strongest statement about `needed`: nothing that would change a decision is left out."""
    standing = {item.id: item for item in (_somewhere(data, number) for number in range(3))}
    everything = [
        (user, Entry(item.start, item.end, item.id)) for item in standing.values() for user in occupants(item)
    ]
    asked = [data.draw(_local(some_command(number))) for number in range(data.draw(st.integers(1, 8)))]
    named = {command.appointment_id for command in asked if isinstance(command, commands.OfAppointment)}
    found = {identifier: item for identifier, item in standing.items() if identifier in named}
    ranges = needed_for(asked, found)
    around = [
        (user, entry)
        for user, entry in everything
        if any(user == who and entry.start < when.end and when.start < entry.end for who, when in ranges)
    ]
    whole, part = (Book(standing.values(), PEOPLE, occupied) for occupied in (everything, around))
    for command in asked:
        assert decide(command, part, NOW) == decide(command, whole, NOW)


def _local(asked: st.SearchStrategy[commands.Command]) -> st.SearchStrategy[commands.Command]:
    """Sometimes in wall-clock time, whose zone an earlier command of the batch may have changed."""
    return st.tuples(asked, st.booleans(), st.sampled_from((None, "Asia/Tokyo"))).map(_in_local_time)


def _in_local_time(drawn: tuple[commands.Command, bool, str | None]) -> commands.Command:
    command, local, zone = drawn
    if not local or not isinstance(command, commands.Create | commands.Update) or command.start is None:
        return command
    times: dict[str, Any] = {"start": command.start.replace(tzinfo=None)}
    if command.end is not None:
        times["end"] = command.end.replace(tzinfo=None)
    return replace(command, timezone=zone, **times)


def _somewhere(data: st.DataObject, number: int) -> Appointment:
    """One of three appointments that do not overlap, in the way of what the commands ask for."""
    shift = data.draw(st.sampled_from([-9 * HOUR, -HOUR, 0 * HOUR])) + number * 3 * HOUR
    people = data.draw(st.sampled_from([(ANNA, BEN), (CARA, BEN), (COLLEAGUE, CARA)]))
    answer = data.draw(st.sampled_from(["pending", "declined"]))
    return an_appointment(
        {people[1]: answer},
        id=UUID(int=0x200 + number),
        organizer_id=people[0],
        start=MONDAY_9 + shift,
        end=MONDAY_9 + shift + HOUR,
        timezone=data.draw(st.sampled_from(["Europe/Berlin", "Asia/Tokyo", "America/Los_Angeles"])),
    )
