"""Which events a rebuild leaves out, and how it bounds its memory."""

from collections.abc import AsyncGenerator, Mapping
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from contracts.envelope import Record
from services.booking.domain.model.diary import Hours
from services.booking.domain.model.feed import Feed
from services.booking.rebuild.cuts import Cut, Cuts
from services.booking.rebuild.facts import Fact, OfAppointment, What
from services.booking.rebuild.reading import PORTION, PORTION_BYTES, portions
from services.booking.rebuild.summary import never_answered
from tests.unit.booking.builders import ANNA, NOW, ORG

ONE, TWO = UUID(int=1), UUID(int=2)
RECORD = Record("booking.events", 0, 0, NOW, None, None)


def appointment(subject: UUID, version: int) -> OfAppointment:
    return OfAppointment(subject, version, "appointment.updated", {}, None, None)


def fact(what: What, cause: str, subject: UUID = ONE) -> Fact:
    return Fact(RECORD, UUID(int=9), "any", ORG, cause, NOW, subject, what, ())


def cuts(*owed: int) -> Cuts:
    """Two partitions of ten commands; in those of `owed` deciding goes on at the fifth."""
    return Cuts(
        {("booking.commands", number): Cut(5, NOW) if number in owed else Cut(10, None) for number in (0, 1)}
    )


def test_an_event_of_a_command_before_the_cut_stands() -> None:
    found = cuts(0)
    assert not found.leave_out(fact(appointment(ONE, 1), "booking.commands/0/4"))
    assert found.leave_out(fact(appointment(ONE, 2), "booking.commands/0/5"))
    assert not found.lowered


def test_the_next_version_lowers_the_cut_of_its_own_partition() -> None:
    found = cuts(0)
    found.leave_out(fact(appointment(ONE, 2), "booking.commands/0/5"))
    assert found.leave_out(fact(appointment(ONE, 3), "booking.commands/1/7"))
    again = [found.lowered]
    assert dict(found.items())["booking.commands", 1] == Cut(7, NOW)
    found.begin()
    assert [*again, found.lowered] == [True, False]
    assert found.leave_out(fact(appointment(TWO, 1), "booking.commands/1/8")), "all that is behind it"
    assert not found.leave_out(fact(appointment(TWO, 1), "booking.commands/1/6"))


def test_what_follows_from_that_one_is_left_out_too() -> None:
    found = cuts(0)
    found.leave_out(fact(appointment(ONE, 2), "booking.commands/0/5"))
    found.leave_out(fact(appointment(ONE, 3), "booking.commands/1/7"))
    found.leave_out(fact(appointment(ONE, 4), "booking.commands/1/3"))
    assert dict(found.items())["booking.commands", 1] == Cut(3, NOW)


def test_an_earlier_version_does_not_follow() -> None:
    found = cuts(0)
    found.leave_out(fact(appointment(ONE, 2), "booking.commands/0/5"))
    assert not found.leave_out(fact(appointment(ONE, 1), "booking.commands/1/7")), "a late copy"
    assert not found.leave_out(fact(appointment(ONE, 2), "booking.commands/1/7")), "of the same"
    assert not found.lowered


def test_things_of_one_person_do_not_follow_from_each_other() -> None:
    found = cuts(0)
    found.leave_out(fact(Feed(ANNA, ORG, 1, None), "booking.commands/0/5", ANNA))
    assert not found.leave_out(fact(Hours(ANNA, ORG, 7, {}), "booking.commands/1/7", ANNA))


@pytest.mark.parametrize("cause", ["", "booking.commands", "booking.commands/x/1", "another/0/9"])
def test_a_cause_that_is_no_position_of_a_command_stands(cause: str) -> None:
    found = cuts(0)
    found.leave_out(fact(appointment(ONE, 2), "booking.commands/0/5"))
    assert not found.leave_out(fact(appointment(ONE, 3), cause))
    assert len(dict(found.items())) == 2


def test_an_event_of_before_the_topic_was_made_anew_stands() -> None:
    old = replace(fact(appointment(ONE, 1), "booking.commands/0/99"), at=NOW - timedelta(seconds=1))
    assert not cuts(0).leave_out(old)


@pytest.mark.parametrize(
    ("count", "some", "expected"),
    [
        pytest.param(0, [], [], id="none"),
        pytest.param(
            1, ["a/0/1"], ["1 command never got an outcome and is not decided now, either: a/0/1"], id="one"
        ),
        pytest.param(
            3,
            ["a/0/1", "a/0/2"],
            ["3 commands never got an outcome and are not decided now, either: a/0/1, a/0/2 …"],
            id="some of several",
        ),
    ],
)
def test_commands_without_an_outcome_are_named(count: int, some: list[str], expected: list[str]) -> None:
    assert list(never_answered(count, some)) == expected


class Heavy:
    """A log of `count` records of `size` bytes."""

    def __init__(self, count: int, size: int) -> None:
        self._records = [replace(RECORD, offset=number, value=b"x" * size) for number in range(count)]

    async def records(self, _: str) -> AsyncGenerator[Record, None]:
        for record in self._records:
            yield record

    async def ends(self, _: str) -> Mapping[int, int]:
        return {}


@pytest.mark.parametrize(
    ("count", "size", "sizes"),
    [
        pytest.param(PORTION + 1, 1, [PORTION, 1], id="by number"),
        pytest.param(5, PORTION_BYTES // 2, [2, 2, 1], id="by bytes"),
        pytest.param(2, PORTION_BYTES, [1, 1], id="one that is large alone"),
        pytest.param(0, 1, [], id="none"),
    ],
)
async def test_a_portion_is_bounded(count: int, size: int, sizes: list[int]) -> None:
    reported: list[int] = []
    found = [
        len(portion)
        async for portion in portions(Heavy(count, size), "t", lambda _, count: reported.append(count))
    ]
    assert found == sizes
    assert reported[-1] == count
