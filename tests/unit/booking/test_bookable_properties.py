"""Properties of hours, holds, busy times and alternatives, for any commands in any order and batches."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random
from typing import Any
from uuid import UUID

from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from services.booking.domain.model import commands
from services.booking.domain.model.appointment import occupants
from services.booking.domain.model.commands import (
    BusyTime,
    ImportBusyTimes,
    PlaceHold,
    ReleaseHold,
    SetAvailability,
)
from services.booking.domain.model.decision import Accepted, AcceptedMany, Code, Refusal
from tests.support.examples import examples
from tests.unit.booking.builders import ANNA, BEN, CARA, MONDAY_9, ORG, a_create, by
from tests.unit.booking.ledger import Ledger

USERS = (ANNA, BEN, CARA)
APPOINTMENTS = tuple(UUID(int=number) for number in range(0x300, 0x306))
MINUTE = timedelta(minutes=1)
Asked = tuple[commands.Command, datetime]

seeds = st.integers(0, 2**32)
# Another seed is another history: there is nothing to shrink.
once_for_each_seed = settings(
    max_examples=examples(60), deadline=None, phases=(Phase.explicit, Phase.generate)
)


def some_hours(chance: Random) -> dict[str, Any]:
    """Of some days, in some zone, with some policy."""
    first, last = chance.choice([("08:00", "12:00"), ("09:00", "17:30"), ("00:00", "24:00")])
    return {
        "timezone": chance.choice(["UTC", "Europe/Berlin", "Australia/Lord_Howe"]),
        "rules": [
            {"day_of_week": day, "start_time": first, "end_time": last, "is_active": True}
            for day in range(7)
            if chance.random() < 0.9
        ],
        "overrides": [],
        "policy": {
            "buffer_before": chance.choice([0, 10]),
            "buffer_after": chance.choice([0, 25]),
            "minimum_notice": chance.choice([0, 30]),
            "step": chance.choice([15, 20]),
            "max_per_day": chance.choice([None, 2, 3]),
            "max_duration": chance.choice([None, None, 60]),
        },
    }


def some_command(chance: Random, number: int) -> commands.Command:
    """Anything that takes, closes or frees time."""
    user = chance.choice(USERS)
    who: dict[str, Any] = {"id": UUID(int=0x5000 + number), "organization": ORG, "actor": by(user)}
    start = MONDAY_9 + chance.randint(-3, 24) * 20 * MINUTE
    end = start + chance.choice([20, 30, 60, 90]) * MINUTE
    invited = tuple(chance.sample(USERS, chance.randint(0, 2)))
    appointment = chance.choice(APPOINTMENTS)
    match chance.choice("cccccuuhhhrxaii"):
        case "c":
            more = {"hold_id": hold_id(number - chance.randint(1, 9))} if chance.random() < 0.3 else {}
            return a_create(
                user,
                number=number,
                participant_ids=invited,
                start=start,
                end=end,
                appointment_id=appointment,
                ignore_availability=chance.random() < 0.2,
                **more,
            )
        case "u":
            people = chance.choice([None, invited])
            about: dict[str, Any] = {"appointment_id": appointment, "start": start, "end": end}
            return commands.Update(participant_ids=people, content={}, **about, **who)
        case "x":
            return commands.Cancel(appointment_id=appointment, **who)
        case "r":
            return ReleaseHold(hold_id=hold_id(number - chance.randint(1, 9)), **who)
        case "a":
            return SetAvailability(user_id=user, body=some_hours(chance), **who)
        case "i":
            ranges = [BusyTime(chance.choice("ab"), start, end)]
            return ImportBusyTimes(busy_times=ranges, removed=chance.choice([[], ["a"]]), **who)
        case _:
            return a_hold(who, number, invited, start, end, chance.choice([120, 600]))


def hold_id(number: int) -> UUID:
    """One for each command of a history."""
    return UUID(int=0x1000 + number)


def a_hold(
    who: dict[str, Any],
    number: int,
    participants: tuple[UUID, ...],
    start: datetime,
    end: datetime,
    expires_in: int = 600,
) -> PlaceHold:
    """The hold of this number."""
    return PlaceHold(
        hold_id=hold_id(number),
        organizer_id=None,
        participant_ids=participants,
        start=start,
        end=end,
        timezone=None,
        fold=0,
        expires_in=expires_in,
        ignore_availability=False,
        **who,
    )


def some_history(seed: int) -> list[Asked]:
    """Commands with their decision times; the first ones say when people can be booked."""
    chance = Random(seed)
    at = MONDAY_9 - timedelta(hours=3)
    history: list[Asked] = []
    for user in USERS:
        who: dict[str, Any] = {"id": user, "organization": ORG, "actor": by(user)}
        history.append((SetAvailability(user_id=user, body=some_hours(chance), **who), at))
    for number in range(40):
        at += chance.randint(0, 4) * MINUTE
        history.append((some_command(chance, number), at))
    return history


@once_for_each_seed
@given(seeds, st.integers(2, 9))
def test_it_does_not_matter_how_commands_are_batched(seed: int, size: int) -> None:
    history = some_history(seed)
    alone, together = Ledger(), Ledger()
    one_by_one = [decision for asked in history for decision in alone.decide([asked])]
    batches = [history[first : first + size] for first in range(0, len(history), size)]
    assert [decision for batch in batches for decision in together.decide(batch)] == one_by_one
    assert vars(together) == vars(alone)


@once_for_each_seed
@given(seeds)
def test_each_alternative_would_be_accepted_from_the_same_state(seed: int) -> None:
    ledger = Ledger()
    for command, at in some_history(seed):
        before = _copy(ledger)
        [decision] = ledger.decide([(command, at)])
        if not isinstance(decision, Refusal) or not decision.alternatives:
            continue
        assert decision.code in (Code.CONFLICT, Code.UNAVAILABLE)
        assert isinstance(command, commands.Create | commands.Update | PlaceHold)
        assert command.start is not None
        away = [abs(one.start - command.start) for one in decision.alternatives]
        assert away == sorted(away)
        for one in decision.alternatives:
            other = replace(command, start=one.start, end=one.end)
            [instead] = _copy(before).decide([(other, at)])
            assert not isinstance(instead, Refusal), instead


@once_for_each_seed
@given(seeds)
def test_what_is_accepted_overlaps_nothing_and_keeps_to_everybodys_policy(seed: int) -> None:
    ledger = Ledger()
    for command, at in some_history(seed):
        [decision] = ledger.decide([(command, at)])
        _check_apart(ledger, at)
        if isinstance(decision, Accepted) and isinstance(command, commands.Create):
            _check_policies(ledger, command, decision, at)


def _copy(ledger: Ledger) -> Ledger:
    found = Ledger()
    vars(found).update({name: value.copy() for name, value in vars(ledger).items()})
    return found


def _taken(ledger: Ledger, user: UUID, at: datetime) -> list[tuple[datetime, datetime]]:
    appointments = [
        (item.start, item.end) for item in ledger.appointments.values() if user in occupants(item)
    ]
    holds = [
        (hold.start, hold.end)
        for hold in ledger.holds.values()
        if user in hold.user_ids and hold.expires_at > at
    ]
    return sorted(appointments + holds)


def _check_apart(ledger: Ledger, at: datetime) -> None:
    for user in USERS:
        taken = _taken(ledger, user, at)
        assert all(earlier[1] <= later[0] for earlier, later in pairwise(taken))


def _check_policies(ledger: Ledger, command: commands.Create, decision: Accepted, at: datetime) -> None:
    booked = decision.appointment
    for user in occupants(booked):
        hours = ledger.hours.get(user)
        if command.ignore_availability and user == booked.organizer_id:
            continue
        elsewhere = ledger.elsewhere.get(user)
        for start, end in elsewhere.ranges.values() if elsewhere else ():
            assert end <= booked.start or booked.end <= start
        if hours is None:
            continue
        policy = hours.body["policy"]
        gap = (policy["buffer_before"] + policy["buffer_after"]) * MINUTE
        others = [one for one in _taken(ledger, user, at) if one != (booked.start, booked.end)]
        assert all(end + gap <= booked.start or booked.end + gap <= start for start, end in others)
        assert booked.start >= at + policy["minimum_notice"] * MINUTE
        if policy["max_duration"]:
            assert booked.end - booked.start <= policy["max_duration"] * MINUTE


def test_the_histories_reach_all_that_is_interesting() -> None:
    """A property that nothing falls under proves nothing: one history in which everything happens."""
    hours = {
        "timezone": "UTC",
        "rules": [{"day_of_week": 0, "start_time": "08:00", "end_time": "17:00", "is_active": True}],
        "overrides": [],
        "policy": {"buffer_after": 15, "step": 15},
    }
    who: dict[str, Any] = {"id": UUID(int=1), "organization": ORG, "actor": by(BEN)}
    at = datetime(2027, 3, 1, 12, tzinfo=UTC)
    ledger = Ledger()
    set_, placed, refused = ledger.decide(
        [
            (SetAvailability(user_id=BEN, body=hours, **who), at),
            (a_hold(who, 0, (), MONDAY_9, MONDAY_9 + 60 * MINUTE), at),
            (a_create(ANNA, start=MONDAY_9 + 30 * MINUTE, end=MONDAY_9 + 60 * MINUTE), at),
        ]
    )
    assert isinstance(set_, AcceptedMany)
    assert isinstance(placed, AcceptedMany)
    assert isinstance(refused, Refusal)
    assert [one.start - MONDAY_9 for one in refused.alternatives] == [
        timedelta(minutes=minutes) for minutes in (75, 90, -45, 105, -60)
    ]
    assert set(ledger.holds) == {hold_id(0)}
