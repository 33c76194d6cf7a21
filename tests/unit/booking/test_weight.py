"""How much work a batch is, before anything is loaded for it."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import pytest

from services.booking.domain.decide import needs_of
from services.booking.domain.model import commands
from services.booking.domain.model.commands import Cancel, Confirm, Scope, Update
from services.booking.domain.model.decision import invalid
from services.booking.domain.series.expansion import created
from services.booking.domain.series.weight import meet_in_a_series, places_touched, whole_series
from services.booking.domain.weight import A_YEAR_OF_WEEKS, places_of_known, weight_of
from tests.unit.booking.builders import (
    ANNA,
    BEN,
    CARA,
    NOW,
    ORG,
    PEOPLE,
    a_command,
    a_create,
    an_appointment,
    by,
)
from tests.unit.booking.recurring import a_pattern, a_series

SERIES, OTHER = UUID(int=0x51), UUID(int=0x52)
ONE = an_appointment(id=UUID(int=0x101), series_id=SERIES)
TWO = an_appointment(id=UUID(int=0x102), series_id=SERIES)
FAR = an_appointment(id=UUID(int=0x103), series_id=OTHER)
ALONE = an_appointment(id=UUID(int=0x104))
FOUND = {item.id: item for item in (ONE, TWO, FAR, ALONE)}
SECOND = list(created([a_series()], PEOPLE, NOW))[1].appointment_id
EXTEND = commands.ExtendSeries(id=UUID(int=0xE1), organization=ORG, actor=by("booking"), series_id=SERIES)


def to(appointment: UUID, scope: Scope = Scope.THIS) -> commands.Command:
    """A cancellation."""
    return a_command(Cancel, ANNA, appointment_id=appointment, scope=scope)


def booking(kind: type[commands.Command], **fields: object) -> commands.Command:
    """A command of ANNA's in ORG."""
    return kind(id=UUID(int=0xE2), organization=ORG, actor=by(ANNA), **fields)


A_HOLD = commands.PlaceHold(
    id=UUID(int=0xE3),
    organization=ORG,
    actor=by(ANNA),
    hold_id=UUID(int=0xE4),
    organizer_id=None,
    participant_ids=(BEN, CARA),
    start=NOW,
    end=NOW,
    timezone=None,
    fold=0,
    expires_in=60,
    ignore_availability=False,
)
BUSY = commands.BusyTime("standup", NOW, NOW)


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        pytest.param(a_create(participant_ids=()), 1, id="a create for oneself"),
        pytest.param(a_create(participant_ids=(BEN, CARA)), 3, id="a create with others"),
        pytest.param(a_series(participant_ids=(BEN, CARA)), 3 * 4, id="people times count"),
        pytest.param(a_series(rrule="FREQ=DAILY;COUNT=99999"), 2 * 750, id="a count that will be refused"),
        pytest.param(a_series(pattern=a_pattern(None, frequency="daily", count=30)), 2 * 30, id="friendly"),
        pytest.param(
            a_series(pattern=a_pattern(None, frequency="daily", until=date(2027, 4, 1))),
            2 * 750,
            id="as many as there may be",
        ),
        pytest.param(a_command(Update, ANNA), 1, id="an update that names nobody"),
        pytest.param(a_command(Update, ANNA, participant_ids=(BEN, CARA)), 3, id="an update of the people"),
        pytest.param(
            a_command(Update, ANNA, participant_ids=(BEN,), scope=Scope.ALL),
            2 * A_YEAR_OF_WEEKS,
            id="an update of a series' people",
        ),
        pytest.param(a_command(Confirm, BEN), 1, id="an answer"),
        pytest.param(
            a_command(Confirm, BEN, scope=Scope.FOLLOWING), A_YEAR_OF_WEEKS, id="an answer for a series"
        ),
        pytest.param(a_command(commands.Join, BEN), 1, id="a seat"),
        pytest.param(EXTEND, A_YEAR_OF_WEEKS, id="an extension"),
        pytest.param(A_HOLD, 3, id="a hold"),
        pytest.param(
            booking(commands.RenewHold, hold_id=UUID(int=0xE4), renewed_id=UUID(int=0xE5), expires_in=60),
            1,
            id="a hold that is renewed",
        ),
        pytest.param(
            booking(commands.ReleaseHold, hold_id=UUID(int=0xE4)), 1, id="a hold that is given back"
        ),
        pytest.param(
            booking(commands.ImportBusyTimes, busy_times=(BUSY, BUSY), removed=("lunch",)),
            4,
            id="an import: a row for each range",
        ),
        pytest.param(
            booking(commands.RemoveBusyTimes, source=None),
            2_000,
            id="a removal: nobody knows yet of how many",
        ),
        pytest.param(
            booking(commands.SetAvailability, user_id=ANNA, body={"rules": [], "overrides": [{}, {}]}),
            3,
            id="hours: a row for each date",
        ),
        pytest.param(booking(commands.SetFeed, token_hash=None), 1, id="a feed"),
        pytest.param(invalid("title", "missing", "There is none."), 1, id="a refusal"),
    ],
)
def test_the_weight_of_a_command(command: commands.Command, expected: int) -> None:
    assert weight_of(command) == expected


def test_an_appointment_of_many_weighs_once_for_each_command_about_it() -> None:
    many = an_appointment({UUID(int=n): "pending" for n in range(500, 1000)}, id=ONE.id, waiting=(CARA,))
    asked = [to(ONE.id), to(ONE.id), to(UUID(int=0x999)), a_create()]
    assert places_of_known(asked, {ONE.id: many}) == 2 * 502


def test_places_touched() -> None:
    asked = [to(ONE.id, Scope.ALL), to(TWO.id), to(FAR.id, Scope.FOLLOWING), to(ALONE.id, Scope.ALL)]
    assert places_touched(asked, FOUND, {SERIES: 50, OTHER: 7}) == 2 * 50 + 2 * 7


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        pytest.param([to(ONE.id), to(TWO.id)], False, id="single edits are ordinary"),
        pytest.param([to(ONE.id, Scope.ALL), to(FAR.id, Scope.ALL)], False, id="two series"),
        pytest.param([to(ONE.id, Scope.ALL), to(TWO.id)], True, id="the whole, then one of it"),
        pytest.param([to(TWO.id), to(ONE.id, Scope.ALL)], True, id="one of it, then the whole"),
        pytest.param([to(ONE.id, Scope.ALL), EXTEND], True, id="an edit and an extension"),
        pytest.param([to(ALONE.id, Scope.ALL), to(ALONE.id, Scope.ALL)], False, id="no series at all"),
        pytest.param([a_create(), to(a_create().appointment_id)], False, id="a create and a cancellation"),
        pytest.param(
            [a_series(), to(a_series().appointment_id)], True, id="a series and its first occurrence"
        ),
        pytest.param([a_series(), to(SECOND)], True, id="a series and a cancellation of one of it"),
    ],
)
def test_what_meets_in_a_series(asked: Sequence[commands.Command], expected: bool) -> None:
    new = {one.appointment_id for one in created(asked, PEOPLE, NOW)}
    assert meet_in_a_series(asked, FOUND, whole_series(asked, FOUND), new) is expected


def test_which_series_are_meant_as_a_whole() -> None:
    asked = [
        a_command(Confirm, BEN, appointment_id=ONE.id),
        a_command(Update, ANNA, appointment_id=FAR.id, scope=Scope.ALL),
        EXTEND,
    ]
    assert whole_series(asked, FOUND) | needs_of(asked).series == {SERIES, OTHER}
