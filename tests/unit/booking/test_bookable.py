"""Refusals for hours, policies, busy times and holds, and the alternatives offered with them."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from services.booking.domain.model import commands
from services.booking.domain.model.commands import (
    BusyTime,
    ImportBusyTimes,
    PlaceHold,
    ReleaseHold,
    RemoveBusyTimes,
    RenewHold,
    SetAvailability,
    Stretch,
)
from services.booking.domain.model.decision import AcceptedMany, Code, Decision, Refusal
from tests.unit.booking.builders import (
    ADMIN,
    ANNA,
    BEN,
    CARA,
    FOREIGNER,
    HOUR,
    MONDAY_9,
    NOBODY,
    NOW,
    ORG,
    a_create,
    accepted,
    an_update,
    by,
    refused,
)
from tests.unit.booking.ledger import Ledger, at_once

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
HOLD = UUID(int=0x70)


def hours(start: str = "09:00", end: str = "17:00", **policy: Any) -> dict[str, Any]:
    """Monday to Friday, in UTC."""
    days = [{"day_of_week": day, "start_time": start, "end_time": end, "is_active": True} for day in range(5)]
    return {"timezone": "UTC", "rules": days, "overrides": [], "policy": policy}


def set_hours(user: UUID, body: dict[str, Any], who: UUID | None = None) -> SetAvailability:
    """By themself, unless somebody else is named."""
    return SetAvailability(
        id=UUID(int=0x71), organization=ORG, actor=by(who or user), user_id=user, body=body
    )


def a_hold(who: UUID = ANNA, start: datetime = MONDAY_9, **different: Any) -> PlaceHold:
    """An hour with BEN for ten minutes."""
    fields: dict[str, Any] = {
        "id": UUID(int=0x72),
        "organization": ORG,
        "actor": by(who),
        "hold_id": HOLD,
        "organizer_id": None,
        "participant_ids": (BEN,),
        "start": start,
        "end": start + HOUR,
        "timezone": None,
        "fold": 0,
        "expires_in": 600,
        "ignore_availability": False,
    }
    return PlaceHold(**(fields | different))


def busy(
    user: UUID,
    *ranges: tuple[str, datetime, datetime],
    removed: tuple[str, ...] = (),
    source: str = "",
    replaces: Stretch | None = None,
) -> ImportBusyTimes:
    """An import of somebody's calendar."""
    return ImportBusyTimes(
        id=UUID(int=0x73),
        organization=ORG,
        actor=by(user),
        busy_times=[BusyTime(*item) for item in ranges],
        removed=removed,
        source=source,
        replaces=replaces,
    )


def removal(user: UUID, source: str | None = None) -> RemoveBusyTimes:
    """A removal of somebody's busy times."""
    return RemoveBusyTimes(id=UUID(int=0x74), organization=ORG, actor=by(user), source=source)


def after(*before: commands.Command, at: datetime = NOW) -> Ledger:
    """The state after these commands, all of which are accepted."""
    ledger = Ledger()
    for command in before:
        assert not isinstance(decision := at_once(command, at, ledger), Refusal), decision
    return ledger


def codes(decision: Decision) -> list[str]:
    """Why somebody is not available."""
    refusal = refused(decision)
    assert refusal.code is Code.UNAVAILABLE
    assert {error.field for error in refusal.errors} == {"start_time"}
    return [error.code for error in refusal.errors]


@pytest.mark.parametrize(
    ("body", "start", "length", "expected"),
    [
        pytest.param(hours(), MONDAY_9 - HOUR, HOUR, ["outside_hours"], id="before the hours"),
        pytest.param(hours(), MONDAY_9 - DAY, HOUR, ["outside_hours"], id="on a day without hours"),
        pytest.param(hours(end="24:00"), MONDAY_9, 4 * HOUR, [], id="within the hours"),
        pytest.param(
            hours(minimum_notice=6 * 1440 + 22 * 60), MONDAY_9, HOUR, ["minimum_notice"], id="too soon"
        ),
        pytest.param(hours(horizon_days=6), MONDAY_9, HOUR, ["beyond_horizon"], id="too far ahead"),
        pytest.param(hours(max_duration=59), MONDAY_9, HOUR, ["too_long"], id="too long"),
        pytest.param(hours(min_duration=61), MONDAY_9, HOUR, ["too_short"], id="too short"),
        pytest.param(
            hours(), MONDAY_9 + 7 * MINUTE, HOUR, [], id="between the steps, which only shape offers"
        ),
        pytest.param(
            hours() | {"overrides": [{"date": "2027-03-08", "ranges": []}]},
            MONDAY_9,
            HOUR,
            ["day_closed"],
            id="on a day off",
        ),
    ],
)
def test_a_participants_availability_decides(
    body: dict[str, Any], start: datetime, length: timedelta, expected: list[str]
) -> None:
    decision = at_once(a_create(start=start, end=start + length), NOW, after(set_hours(BEN, body)))
    assert (codes(decision) if expected else accepted(decision)) == (expected or decision)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("0001-01-01T00:00:00", id="before any clock"),
        pytest.param("9999-12-31T22:59:59", id="after any"),
    ],
)
def test_times_that_no_calendar_shows_are_refused_for_those_with_hours_too(text: str) -> None:
    ledger = after(set_hours(BEN, hours(buffer_after=60, max_per_day=1)))
    start = datetime.fromisoformat(text)
    for zone in ("Pacific/Kiritimati", "America/Los_Angeles"):
        create = a_create(start=start, end=start + HOUR, timezone=zone)
        assert refused(at_once(create, NOW, ledger)).code in (Code.INVALID, Code.IN_THE_PAST)


def test_of_two_with_the_same_reason_it_is_told_once_and_not_of_whom() -> None:
    ledger = after(set_hours(BEN, hours()), set_hours(CARA, hours()))
    night = MONDAY_9 + 12 * HOUR
    create = a_create(participant_ids=(BEN, CARA), start=night, end=night + HOUR)
    assert codes(at_once(create, NOW, ledger)) == ["outside_hours"]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        pytest.param(MONDAY_9 + 89 * MINUTE, ["buffer"], id="a minute too near after"),
        pytest.param(MONDAY_9 + 90 * MINUTE, [], id="just far enough after"),
        pytest.param(MONDAY_9 - 89 * MINUTE, ["buffer"], id="a minute too near before"),
        pytest.param(MONDAY_9 - 90 * MINUTE, [], id="just far enough before"),
    ],
)
def test_buffers_of_neighbours_add(start: datetime, expected: list[str]) -> None:
    policy = hours("00:00", "24:00", buffer_before=10, buffer_after=20)
    ledger = after(set_hours(BEN, policy), a_create(CARA))
    decision = at_once(a_create(number=2, start=start, end=start + HOUR), NOW, ledger)
    assert (codes(decision) if expected else accepted(decision)) == (expected or decision)


def test_a_number_a_day_counts_appointments_and_holds() -> None:
    body = hours("00:00", "24:00", max_per_day=2)
    ledger = after(set_hours(BEN, body), a_create(CARA), a_hold(start=MONDAY_9 + 12 * HOUR))
    start = MONDAY_9 + 6 * HOUR
    assert codes(at_once(a_create(number=2, start=start, end=start + HOUR), NOW, ledger)) == ["max_per_day"]
    late = NOW + timedelta(seconds=600)
    accepted(at_once(a_create(number=2, start=start, end=start + HOUR), late, ledger))


@pytest.mark.parametrize(
    ("who", "more", "code"),
    [
        pytest.param(BEN, {}, None, id="the organizer's own hours"),
        pytest.param(ANNA, {}, Code.UNAVAILABLE, id="not a participant's"),
        pytest.param(ADMIN, {"organizer_id": BEN}, Code.NOT_ALLOWED, id="not for somebody else"),
    ],
)
def test_only_ones_own_availability_is_let_be(who: UUID, more: dict[str, Any], code: Code | None) -> None:
    night = MONDAY_9 + 12 * HOUR
    create = a_create(who, start=night, end=night + HOUR, ignore_availability=True, **more)
    decision = at_once(create, NOW, after(set_hours(BEN, hours())))
    assert (refused(decision).code if isinstance(decision, Refusal) else None) is code


def test_what_is_agreed_may_be_prolonged_without_notice_but_not_out_of_hours() -> None:
    create = a_create()
    ledger = after(set_hours(BEN, hours(minimum_notice=60)), create)
    under_way = MONDAY_9 + 10 * MINUTE
    about: dict[str, Any] = {"appointment_id": create.appointment_id}
    accepted(at_once(an_update(end=MONDAY_9 + 2 * HOUR, **about), under_way, ledger))
    longer = at_once(an_update(end=MONDAY_9 + 9 * HOUR, **about), under_way, ledger)
    assert codes(longer) == ["outside_hours"]
    added = at_once(an_update(participant_ids=(BEN, CARA), **about), under_way, ledger)
    accepted(added)


def test_an_appointments_own_time_is_in_the_way_of_nothing_that_moves_it() -> None:
    create = a_create()
    ledger = after(set_hours(BEN, hours(buffer_after=60, max_per_day=1)), create)
    start = MONDAY_9 + 15 * MINUTE
    moved = an_update(start=start, end=start + HOUR, appointment_id=create.appointment_id)
    accepted(at_once(moved, NOW, ledger))


def test_other_times_for_an_appointment_suit_those_in_it_and_those_who_come() -> None:
    mine, theirs = a_create(), a_create(CARA, number=2, participant_ids=())
    blocked = a_create(
        number=3, participant_ids=(), start=MONDAY_9 + HOUR, end=MONDAY_9 + 2 * HOUR, organizer_id=None
    )
    ledger = after(mine, theirs, blocked)
    refusal = refused(
        at_once(an_update(participant_ids=(BEN, CARA), appointment_id=mine.appointment_id), NOW, ledger)
    )
    assert refusal.code is Code.CONFLICT
    first, second = refusal.alternatives[:2]
    assert (first.start, second.start) == (MONDAY_9 - HOUR, MONDAY_9 - HOUR - 15 * MINUTE)


def test_what_is_days_away_stands_in_the_way_of_other_times_too() -> None:
    day = hours("09:00", "10:00")
    weeks = [MONDAY_9 + days * DAY for days in (0, 1, 2, 3, 4, 7, 8, 9, 10)]
    booked = [
        a_create(CARA, number=number, start=start, end=start + HOUR) for number, start in enumerate(weeks)
    ]
    ledger = after(set_hours(BEN, day), *booked)
    refusal = refused(at_once(a_create(number=99), NOW, ledger))
    free = [(one.start - MONDAY_9).days for one in refusal.alternatives]
    assert free == [-3, -4, -5, -6, 11]


def test_nothing_else_is_offered_where_no_time_would_do() -> None:
    too_long = at_once(a_create(), NOW, after(set_hours(BEN, hours(max_duration=30))))
    assert refused(too_long).alternatives == ()
    never = at_once(a_create(), NOW, after(set_hours(BEN, hours(horizon_days=1))))
    assert refused(never).alternatives != ()
    assert all(one.start < NOW + 2 * DAY for one in refused(never).alternatives)


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(set_hours(BEN, hours(), ANNA), Code.NOT_ALLOWED, id="somebody else's"),
        pytest.param(set_hours(NOBODY, hours(), ADMIN), Code.UNKNOWN_USER, id="of nobody"),
        pytest.param(set_hours(FOREIGNER, hours(), ADMIN), Code.UNKNOWN_USER, id="of another organization"),
        pytest.param(set_hours(BEN, hours(), FOREIGNER), Code.NOT_ALLOWED, id="by a stranger"),
    ],
)
def test_whose_availability_is_not_set(command: SetAvailability, code: Code) -> None:
    ledger = Ledger()
    assert refused(at_once(command, NOW, ledger)).code is code
    assert ledger.hours == {}


def test_availability_that_is_there_already_is_not_told_again() -> None:
    ledger = after(set_hours(BEN, hours()))
    again, other = (at_once(set_hours(BEN, body), NOW, ledger) for body in (hours(), hours(step=30)))
    assert isinstance(again, AcceptedMany)
    assert isinstance(other, AcceptedMany)
    assert (again.version, len(again.happened), other.version, len(other.happened)) == (1, 0, 2, 1)


class TestHolds:
    """Time that is kept free for a moment."""

    @pytest.mark.parametrize(
        ("who", "seconds", "more", "code"),
        [
            pytest.param(CARA, 599, {}, Code.CONFLICT, id="nobody else while it lives"),
            pytest.param(CARA, 600, {}, None, id="anybody when it has expired"),
            pytest.param(ANNA, 0, {}, Code.CONFLICT, id="not its owner without naming it"),
            pytest.param(ANNA, 599, {"hold_id": HOLD}, None, id="its owner"),
            pytest.param(ANNA, 600, {"hold_id": HOLD}, None, id="its owner late, when nobody was faster"),
            pytest.param(CARA, 0, {"hold_id": HOLD}, Code.NOT_FOUND, id="not another who names it"),
            pytest.param(ANNA, 0, {"hold_id": NOBODY}, Code.NOT_FOUND, id="nobody by one that is none"),
        ],
    )
    def test_who_books_what_is_held(
        self, who: UUID, seconds: int, more: dict[str, Any], code: Code | None
    ) -> None:
        decision = at_once(a_create(who, **more), NOW + timedelta(seconds=seconds), after(a_hold()))
        assert (refused(decision).code if isinstance(decision, Refusal) else None) is code

    def test_it_is_used_up_by_the_booking_that_names_it(self) -> None:
        ledger = after(a_hold())
        event = accepted(at_once(a_create(hold_id=HOLD), NOW, ledger)).event
        assert event is not None
        assert event.more == {"hold_id": HOLD, "organizer_confirmed": False}
        assert ledger.holds == {}

    def test_it_stays_when_the_booking_is_refused(self) -> None:
        ledger = after(a_hold(), a_create(CARA, participant_ids=(), number=2))
        refused(at_once(a_create(hold_id=HOLD, participant_ids=(CARA,)), NOW, ledger))
        assert set(ledger.holds) == {HOLD}

    def test_one_that_has_expired_is_not_told_as_used(self) -> None:
        late = NOW + timedelta(seconds=600)
        event = accepted(at_once(a_create(hold_id=HOLD), late, after(a_hold()))).event
        assert event is not None
        assert event.more == {"organizer_confirmed": False}

    @pytest.mark.parametrize(
        ("who", "seconds", "code"),
        [
            pytest.param(ANNA, 599, None, id="its owner"),
            pytest.param(ADMIN, 0, None, id="an admin"),
            pytest.param(BEN, 0, Code.NOT_FOUND, id="not who is held"),
            pytest.param(ANNA, 600, Code.NOT_FOUND, id="nobody when it has expired"),
        ],
    )
    def test_who_releases_it(self, who: UUID, seconds: int, code: Code | None) -> None:
        release = ReleaseHold(id=UUID(int=0x74), organization=ORG, actor=by(who), hold_id=HOLD)
        ledger = after(a_hold())
        decision = at_once(release, NOW + timedelta(seconds=seconds), ledger)
        assert (refused(decision).code if isinstance(decision, Refusal) else None) is code
        assert (HOLD in ledger.holds) is (code is not None)

    @pytest.mark.parametrize(
        ("who", "seconds", "code"),
        [
            pytest.param(ANNA, 599, None, id="its owner"),
            pytest.param(ADMIN, 0, None, id="an admin"),
            pytest.param(BEN, 0, Code.NOT_FOUND, id="not who is held"),
            pytest.param(ANNA, 600, Code.NOT_FOUND, id="nobody when it has expired"),
        ],
    )
    def test_who_renews_it(self, who: UUID, seconds: int, code: Code | None) -> None:
        later, at = UUID(int=0x75), NOW + timedelta(seconds=seconds)
        renew = RenewHold(
            id=UUID(int=0x74), organization=ORG, actor=by(who), hold_id=HOLD, renewed_id=later, expires_in=90
        )
        ledger = after(a_hold())
        old = ledger.holds[HOLD]
        decision = at_once(renew, at, ledger)
        if code is not None:
            assert refused(decision).code is code
            assert set(ledger.holds) == {HOLD}
            return
        assert isinstance(decision, AcceptedMany)
        assert [event.type for event in decision.happened] == ["hold.released", "hold.placed"]
        assert ledger.holds == {later: replace(old, id=later, expires_at=at + timedelta(seconds=90))}

    def test_a_renewed_hold_keeps_the_time_for_its_owner(self) -> None:
        later = UUID(int=0x75)
        renew = RenewHold(
            id=UUID(int=0x74), organization=ORG, actor=by(ANNA), hold_id=HOLD, renewed_id=later, expires_in=90
        )
        ledger = after(a_hold())
        at_once(renew, NOW + timedelta(seconds=599), ledger)
        late = NOW + timedelta(seconds=650)
        assert isinstance(at_once(a_create(CARA, number=5), late, ledger), Refusal)
        assert not isinstance(at_once(a_create(hold_id=later), late, ledger), Refusal)
        assert ledger.holds == {}

    def test_what_could_not_be_booked_cannot_be_held(self) -> None:
        ledger = after(a_create(CARA), set_hours(ANNA, hours()))
        refusal = refused(at_once(a_hold(), NOW, ledger))
        assert refusal.code is Code.CONFLICT
        assert refusal.alternatives[0].start == MONDAY_9 + HOUR
        assert codes(at_once(a_hold(start=MONDAY_9 + 12 * HOUR), NOW, ledger)) == ["outside_hours"]
        past = at_once(a_hold(start=NOW - HOUR), NOW, ledger)
        assert refused(past).code is Code.IN_THE_PAST
        assert refused(at_once(a_hold(participant_ids=(NOBODY,)), NOW, ledger)).code is Code.UNKNOWN_USER
        assert refused(at_once(a_hold(organizer_id=BEN), NOW, ledger)).code is Code.NOT_ALLOWED

    def test_one_person_has_five_that_live(self) -> None:
        holds = [
            a_hold(hold_id=UUID(int=number), start=MONDAY_9 + number * HOUR, participant_ids=())
            for number in range(6)
        ]
        ledger = after(*holds[:5])
        assert refused(at_once(holds[5], NOW, ledger)).code is Code.RATE_LIMITED
        accepted_late = at_once(holds[5], NOW + timedelta(seconds=600), ledger)
        assert isinstance(accepted_late, AcceptedMany)


class TestTimeElsewhere:
    """Busy times from another calendar."""

    def test_it_closes_time_but_not_against_ones_own_word(self) -> None:
        ledger = after(busy(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)))
        assert codes(at_once(a_create(), NOW, ledger)) == ["busy_elsewhere"]
        own = a_create(BEN, number=2, participant_ids=(), ignore_availability=True)
        accepted(at_once(own, NOW, ledger))

    def test_what_is_named_is_replaced_and_what_is_not_named_stays(self) -> None:
        a, b, c = (MONDAY_9 + number * HOUR for number in range(3))
        ledger = after(busy(BEN, ("a", a, b), ("b", b, c)))
        decision = at_once(busy(BEN, ("a", c, c + HOUR), removed=("b", "nothing")), NOW, ledger)
        assert isinstance(decision, AcceptedMany)
        [event] = decision.happened
        assert (event.body["version"], decision.outcome["imported"]) == (2, 1)
        assert [item["uid"] for item in event.body["busy_times"]] == ["a"]
        assert event.body["removed"] == ["b"]
        assert ledger.elsewhere[BEN].ranges == {"a": (c, c + HOUR)}

    @pytest.mark.parametrize(
        ("start", "end"),
        [
            pytest.param(NOW - 2 * HOUR, NOW, id="over"),
            pytest.param(NOW + 1828 * DAY, NOW + 1829 * DAY, id="more than five years ahead"),
        ],
    )
    def test_what_moves_out_of_sight_is_gone(self, start: datetime, end: datetime) -> None:
        ledger = after(busy(BEN, ("a", MONDAY_9, MONDAY_9 + HOUR)))
        decision = at_once(busy(BEN, ("a", start, end)), NOW, ledger)
        assert isinstance(decision, AcceptedMany)
        assert decision.outcome["imported"] == 0
        assert decision.happened[0].body["removed"] == ["a"]
        again = at_once(busy(BEN, ("a", start, end)), NOW, ledger)
        assert isinstance(again, AcceptedMany)
        assert (again.happened, again.version) == ((), 2)

    def test_what_lasts_for_ever_is_cut_where_it_can_be_stored(self) -> None:
        first = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
        last = datetime.fromisoformat("9999-12-31T23:59:59-12:00")
        ledger = after(busy(BEN, ("a", first, last), ("b", first, first + HOUR)))
        [(start, end)] = ledger.elsewhere[BEN].ranges.values()
        assert (start.year, end.year) == (1970, 9000)
        assert codes(at_once(a_create(), NOW, ledger)) == ["busy_elsewhere"]

    def test_so_many_and_no_more_are_kept(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("services.booking.domain.calendars.busy_times.KEPT_AT_MOST", 2)
        ranges = [(str(hour), MONDAY_9 + hour * HOUR, MONDAY_9 + (hour + 1) * HOUR) for hour in range(3)]
        ledger = after(busy(BEN, *ranges[:2]))
        refusal = refused(at_once(busy(BEN, ranges[2]), NOW, ledger))
        assert (refusal.code, refusal.errors[0].code) == (Code.INVALID, "too_many")
        assert isinstance(at_once(busy(BEN, ranges[2], removed=("0",)), NOW, ledger), AcceptedMany)
