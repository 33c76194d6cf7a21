"""Properties of series, for any commands in any order and in any batches."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st

from services.booking.domain.decide import decide, needs_of
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment, occupants
from services.booking.domain.model.book import Beside, Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.commands import Scope
from services.booking.domain.model.decision import Accepted, AcceptedMany, Decision
from services.booking.domain.model.recurring_series import Series
from services.booking.domain.series.expansion import created, expanded
from services.booking.domain.series.weight import meet_in_a_series, whole_series
from tests.unit.booking.builders import (
    ANNA,
    BEN,
    CARA,
    COLLEAGUE,
    HOUR,
    MONDAY_9,
    ORG,
    PEOPLE,
    a_create,
    by,
    needed_for,
)
from tests.unit.booking.recurring import a_pattern, a_series

DAY = timedelta(days=1)
USERS = (ANNA, BEN, CARA, COLLEAGUE)
History = Sequence[tuple[commands.Command, datetime]]

rules = st.one_of(
    st.builds(
        "FREQ={};INTERVAL={};COUNT={}".format,
        st.sampled_from(["DAILY", "WEEKLY", "MONTHLY"]),
        st.integers(1, 3),
        st.integers(1, 8),
    ),
    st.just("FREQ=WEEKLY;BYDAY=MO,TH;COUNT=6"),
    st.just("FREQ=MONTHLY"),
)
invited = st.lists(st.sampled_from(USERS), max_size=2).map(tuple)
starts = st.integers(-1, 60).map(lambda quarters: MONDAY_9 + quarters * 6 * HOUR)


lengths = st.sampled_from([1, 1, 2, 6, 25]).map(lambda hours: hours * HOUR)


@st.composite
def a_making(draw: st.DrawFn, number: int) -> commands.Command:
    start = draw(starts)
    fields: dict[str, Any] = {
        "number": number,
        "start": start,
        "end": start + draw(lengths),
        "participant_ids": draw(invited),
    }
    who = draw(st.sampled_from(USERS))
    if draw(st.integers(0, 3)) == 0:
        return a_create(who, **fields)
    pattern = a_pattern(draw(rules))
    return a_series(who, pattern=pattern, skip_conflicts=draw(st.booleans()), **fields)


@st.composite
def an_edit(draw: st.DrawFn, number: int, about: Appointment) -> commands.Command:
    """Mostly by who may."""
    kind = draw(
        st.sampled_from([commands.Update] * 5 + [commands.Cancel, commands.Decline, commands.Confirm])
    )
    who = about.organizer_id
    if draw(st.integers(0, 9)) == 0:
        who = draw(st.sampled_from(USERS))
    elif kind in (commands.Decline, commands.Confirm) and about.answers:
        who = draw(st.sampled_from(list(about.answers)))
    fields: dict[str, Any] = {
        "id": UUID(int=0x2000 + number),
        "organization": ORG,
        "actor": by(who),
        "appointment_id": about.id,
        "scope": draw(st.sampled_from([Scope.THIS, Scope.FOLLOWING, Scope.ALL, Scope.ALL])),
    }
    if kind is commands.Update:
        fields["content"] = {"title": draw(st.sampled_from("ab"))} if draw(st.booleans()) else {}
        fields["participant_ids"] = draw(st.none() | invited)
        if draw(st.booleans()):
            start = about.start + draw(st.sampled_from([-6, 1, 6, 24, 168])) * HOUR
            fields |= {"start": start, "end": start + draw(lengths)}
    edit: commands.Command = kind(**fields)
    return edit


@st.composite
def some_history(draw: st.DrawFn) -> History:
    """Commands with their decision times, about what those before them made."""
    at, book = MONDAY_9 - DAY, Book((), PEOPLE)
    history: list[tuple[commands.Command, datetime]] = []
    for number in range(draw(st.integers(1, 12))):
        at += draw(st.integers(0, 30)) * HOUR
        known = sorted(book._now.values(), key=lambda item: (not item.is_open, item.start, item.id))[:40]
        if not known or draw(st.integers(0, 3)) == 0:
            command = draw(a_making(number))
        else:
            command = draw(an_edit(number, draw(st.sampled_from(known))))
        decide(command, book, at)
        history.append((command, at))
    return history


def replayed(history: History) -> tuple[list[Decision], Book]:
    book = Book((), PEOPLE)
    return [decide(command, book, at) for command, at in history], book


def standing(book: Book) -> list[Appointment]:
    return [change.after for change in book.take_changes().appointments]


@settings(deadline=None)
@given(some_history())
def test_nobody_is_twice_anywhere_and_no_start_by_the_pattern_has_two_appointments(history: History) -> None:
    appointments = standing(replayed(history)[1])
    named = [(item.series_id, item.original_start) for item in appointments if item.series_id]
    assert len(named) == len(set(named))
    taken = defaultdict(list)
    for appointment in appointments:
        for user in occupants(appointment):
            taken[user].append((appointment.start, appointment.end))
    for ranges in taken.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(ranges)))


@settings(deadline=None)
@given(some_history())
def test_a_command_happens_to_all_that_it_touches_or_to_nothing(history: History) -> None:
    book = Book((), PEOPLE)
    known: dict[UUID, Appointment] = {}
    for command, at in history:
        decision = decide(command, book, at)
        changed = {change.after.id: change.after for change in book.take_changes().appointments}
        steps: Sequence[Accepted] = ()
        if isinstance(decision, AcceptedMany):
            steps = decision.steps
        elif isinstance(decision, Accepted) and decision.event:
            steps = (decision,)
        assert {step.appointment.id: step.appointment for step in steps} == changed
        for after in changed.values():
            before = known.get(after.id)
            assert after.version == (before.version + 1 if before else 1)
            assert before is None or (before.is_open and before.original_start == after.original_start)
        known |= changed


@settings(deadline=None)
@given(some_history())
def test_a_title_is_the_last_that_was_given_for_that_occurrence(history: History) -> None:
    book = Book((), PEOPLE)
    titles: dict[UUID, str] = {}
    for command, at in history:
        open_before = {item.id: item for item in book._now.values() if item.is_open}
        decision = decide(command, book, at)
        steps = decision.steps if isinstance(decision, AcceptedMany) else [decision]
        touched = {step.appointment.id for step in steps if isinstance(step, Accepted) and step.event}
        if isinstance(command, commands.Update) and "title" in command.content:
            titles |= dict.fromkeys(touched & open_before.keys(), command.content["title"])
        for item in book._now.values():
            assert item.title == titles.get(item.id, "Visit")


@settings(deadline=None)
@given(some_history())
def test_the_same_commands_are_always_decided_alike(history: History) -> None:
    assert replayed(history)[0] == replayed(history)[0]


@settings(deadline=None)
@given(some_history(), st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_batches_that_load_only_what_is_needed_decide_like_one_that_knows_all(
    history: History, sizes: list[int]
) -> None:
    expected = replayed(history)[0]
    stored: dict[UUID, Appointment] = {}
    series: dict[UUID, Series] = {}
    found: list[Decision] = []
    rest = list(history)
    for size in sizes:
        batch, rest = rest[:size], rest[size:]
        found += _applied(batch, stored, series)
    assert found == expected


def _applied(batch: History, stored: dict[UUID, Appointment], series: dict[UUID, Series]) -> list[Decision]:
    """As store and handlers do it: in halves where commands meet in a series."""
    if not batch:
        return []
    asked = [command for command, _ in batch]
    since, until = batch[0][1], batch[-1][1]
    new = list(created(asked, PEOPLE, until))
    all_asked: list[commands.Command] = [*asked, *new]
    ids = {one.appointment_id for one in all_asked if isinstance(one, commands.OfAppointment)}
    known = {identifier: stored[identifier] for identifier in ids if identifier in stored}
    whole = whole_series(asked, known) | needs_of(asked).series
    if len(batch) > 1 and meet_in_a_series(asked, known, whole, {one.appointment_id for one in new}):
        middle = len(batch) // 2
        return _applied(batch[:middle], stored, series) + _applied(batch[middle:], stored, series)
    of_series = (
        one for one in stored.values() if one.series_id in whole and one.is_open and one.start > since
    )
    known |= {one.id: one for one in of_series}
    loaded = {one: series[one] for one in whole}
    all_asked += expanded(asked, known, loaded, since, until)
    ranges = needed_for(all_asked, known)
    occupied = {
        (user, Entry(item.start, item.end, item.id))
        for item in stored.values()
        for user in occupants(item)
        if any(user == who and item.start < when.end and when.start < item.end for who, when in ranges)
    }
    others = {entry.appointment_id for _, entry in occupied} - known.keys()
    book = Book(
        [*known.values(), *(stored[one] for one in others)], PEOPLE, occupied, Beside(series=loaded.values())
    )
    decisions = [decide(command, book, at) for command, at in batch]
    changes = book.take_changes()
    stored |= {change.after.id: change.after for change in changes.appointments}
    series |= {one.id: one for one in changes.series}
    return decisions
