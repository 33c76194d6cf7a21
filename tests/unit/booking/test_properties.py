"""Properties of decisions, for any commands in any order."""

from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from services.booking.domain.attendance.seats import has_seat, taken
from services.booking.domain.decide import decide
from services.booking.domain.free_time.occupancy import Busy, freed_and_taken
from services.booking.domain.model import commands
from services.booking.domain.model.appointment import Appointment, Status, occupants
from services.booking.domain.model.book import Book
from services.booking.domain.model.calendar import Entry
from services.booking.domain.model.decision import Accepted, Decision
from services.booking.domain.model.status import open_status
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    COLLEAGUE,
    FOREIGNER,
    MONDAY_9,
    ORG,
    PEOPLE,
    a_create,
    by,
)

USERS = (ANNA, BEN, CARA, COLLEAGUE, ADMIN)
APPOINTMENTS = tuple(UUID(int=number) for number in range(0x200, 0x204))
OPEN, FINAL = {Status.PENDING, Status.CONFIRMED}, {Status.COMPLETED, Status.NO_SHOW, Status.CANCELLED}

actors = st.sampled_from([*map(by, USERS), by(FOREIGNER), by("reminders")])
starts = st.integers(-2, 6).map(lambda halves: MONDAY_9 + halves * timedelta(minutes=30))
seats = st.sampled_from((None, 1, 2))
lengths = st.integers(1, 4).map(lambda halves: halves * timedelta(minutes=30))
invited = st.lists(st.sampled_from(USERS), max_size=3).map(tuple)


@st.composite
def some_command(draw: st.DrawFn, number: int) -> commands.Command:
    """Any command, most of them sensible."""
    kind = draw(st.sampled_from(KINDS))
    start, length, actor = draw(starts), draw(lengths), draw(actors)
    about: dict[str, Any] = {"appointment_id": draw(st.sampled_from(APPOINTMENTS)), "actor": actor}
    if kind is commands.Create:
        about |= {"participant_ids": draw(invited), "seats": draw(seats)}
        return a_create(number=number, start=start, end=start + length, **about)
    about |= {"id": UUID(int=0x1000 + number), "organization": ORG}
    if kind is commands.Join:
        return commands.Join(wait=draw(st.booleans()), **about)
    if kind is not commands.Update:
        plain: commands.Command = kind(**about)
        return plain
    about |= {"start": start, "end": start + length} if draw(st.booleans()) else {}
    about |= {"participant_ids": draw(invited)} if draw(st.booleans()) else {}
    about |= {"seats": draw(seats), "changes_seats": True} if draw(st.booleans()) else {}
    return commands.Update(content={"title": draw(st.sampled_from("ab"))}, **about)


KINDS: tuple[Any, ...] = (
    commands.Create,
    commands.Create,
    commands.Update,
    commands.Update,
    commands.Confirm,
    commands.Decline,
    commands.Join,
    commands.Join,
    commands.Leave,
    commands.Cancel,
    commands.CheckIn,
    commands.Complete,
    commands.MarkNoShow,
)


@st.composite
def some_history(draw: st.DrawFn) -> list[tuple[commands.Command, datetime]]:
    """Commands with their decision times, which only grow."""
    at, history = MONDAY_9 - timedelta(hours=2), []
    for number in range(draw(st.integers(1, 25))):
        at += draw(st.integers(0, 40)) * timedelta(minutes=1)
        history.append((draw(some_command(number)), at))
    return history


def _replayed(history: list[tuple[commands.Command, datetime]]) -> tuple[list[Decision], Book]:
    book = Book((), PEOPLE)
    return [decide(command, book, at) for command, at in history], book


def _standing(book: Book) -> list[Appointment]:
    return [change.after for change in book.take_changes().appointments]


@given(some_history())
def test_nobody_is_ever_in_two_open_appointments_at_once(
    history: list[tuple[commands.Command, datetime]],
) -> None:
    _, book = _replayed(history)
    taken = defaultdict(list)
    for appointment in _standing(book):
        for user in occupants(appointment):
            taken[user].append((appointment.start, appointment.end))
    for ranges in taken.values():
        assert all(before[1] <= after[0] for before, after in pairwise(sorted(ranges)))


@given(some_history())
def test_the_same_commands_are_always_decided_alike(history: list[tuple[commands.Command, datetime]]) -> None:
    assert _replayed(history)[0] == _replayed(history)[0]


@given(some_history())
def test_each_change_is_the_next_version_and_what_is_final_stays(
    history: list[tuple[commands.Command, datetime]],
) -> None:
    known: dict[UUID, Appointment] = {}
    for decision in _replayed(history)[0]:
        if not isinstance(decision, Accepted):
            continue
        now, before = decision.appointment, known.get(decision.appointment.id)
        if decision.event is None:
            assert now == before
            continue
        assert now.version == (before.version + 1 if before else 1)
        assert before is None or before.status in OPEN
        if now.status in FINAL - {Status.CANCELLED}:
            assert before is not None
            assert before.status is Status.CONFIRMED
        if now.status in OPEN:
            assert now.status is open_status(now.answers, now.organizer_confirmed)
        assert now.organizer_id not in now.answers
        assert now.organizer_id not in now.waiting
        assert len(set(now.waiting)) == len(now.waiting)
        assert not any(has_seat(now.answers, user) for user in now.waiting)
        known[now.id] = now


@given(some_history())
def test_no_more_seats_are_taken_than_there_are_and_none_is_left_to_who_waits_and_has_time(
    history: list[tuple[commands.Command, datetime]],
) -> None:
    book = Book((), PEOPLE)
    for command, at in history:
        decision = decide(command, book, at)
        if not isinstance(decision, Accepted) or decision.event is None:
            continue
        now = decision.appointment
        assert now.seats is None or taken(now.answers) <= now.seats
        if isinstance(command, commands.Update | commands.Decline | commands.Leave) and now.start > at:
            may_sit = now.seats is None or taken(now.answers) < now.seats
            free = [user for user in now.waiting if not book.overlapping(user, now.start, now.end)]
            assert not (may_sit and free)


@given(some_history(), st.integers(0, 25))
def test_what_is_saved_after_two_batches_is_what_is_occupied(
    history: list[tuple[commands.Command, datetime]], split: int
) -> None:
    rows: set[Busy] = set()
    stored: dict[UUID, Appointment] = {}
    for batch in (history[:split], history[split:]):
        book = Book(stored.values(), PEOPLE, [(row.user_id, _entry(row)) for row in rows])
        for command, at in batch:
            decide(command, book, at)
        changed = book.take_changes().appointments
        freed, taken = freed_and_taken(changed)
        assert rows >= set(freed)
        rows = (rows - set(freed)) | set(taken)
        stored |= {change.after.id: change.after for change in changed}
    expected = {
        Busy(user, item.start, item.end, item.id) for item in stored.values() for user in occupants(item)
    }
    assert rows == expected


def _entry(row: Busy) -> Entry:
    return Entry(row.start, row.end, row.appointment_id)
