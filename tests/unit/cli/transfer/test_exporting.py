"""Appointments as a file has them, and that importing the file makes the same again."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cli.transfer.entries import Entry
from cli.transfer.exporting.entries import entries
from cli.transfer.exporting.history import History
from cli.transfer.importing.planning import Planned, planned
from cli.transfer.recurring import recurrence_in, still_to_come
from scheduling.recurrence import Recurrence, recurrence_of, shift, starts
from tests.support.examples import examples
from tests.unit.cli.transfer.cast import GRETA, JONAS, MIRA, NORDLICHT, roster

JSON = dict[str, Any]
SERIES = UUID(int=500)
BERLIN = "Europe/Berlin"
MONDAY_9 = datetime.fromisoformat("2027-03-01T09:00")
NOW = datetime(2027, 2, 20, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
WEEKLY = "FREQ=WEEKLY;COUNT=10"
Edit = Callable[[list[JSON]], None]


def told(instant: datetime) -> str:
    """An instant as events have it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def an_appointment(identifier: UUID, start: datetime, **different: Any) -> JSON:
    """An open appointment of Greta with Jonas, an hour long."""
    state = {
        "id": str(identifier),
        "organization_id": str(NORDLICHT),
        "organizer_id": GRETA.id,
        "participant_ids": [JONAS.id],
        "start_time": told(start),
        "end_time": told(start + HOUR),
        "timezone": BERLIN,
        "title": "Review",
        "description": "",
        "location": "",
        "meeting_url": "",
        "status": "pending",
        "confirmation_status": {JONAS.id: "pending"},
        "custom_fields": {},
        "reminder_settings": None,
        "seats": None,
        "client_id": None,
        "version": 1,
        "series_id": None,
    }
    return state | different


def a_series(rrule: str = WEEKLY, local: datetime = MONDAY_9, **different: Any) -> tuple[JSON, list[JSON]]:
    """A series' state and its occurrences as booked; Monday 09:00 in Berlin, ten times, ends an hour later."""
    zone, booked_until = different.get("timezone", BERLIN), different.get("booked_until")
    recurrence = recurrence_of(local_start=local, timezone=zone, rrule=rrule)
    state = {
        "id": str(SERIES),
        "organization_id": str(NORDLICHT),
        "organizer_id": GRETA.id,
        "timezone": zone,
        "local_start": recurrence.local_start.isoformat(),
        "rrule": recurrence.rrule,
        "exdates": [],
        "rdates": [],
        "booked_until": None,
        "ended": False,
        "version": 1,
    }
    until = datetime.fromisoformat(booked_until or "2035-01-01T00:00:00Z")
    occurrences = [
        an_appointment(
            uuid5(SERIES, told(start)), start, series_id=str(SERIES), original_start_time=told(start)
        )
        for start in starts(recurrence, until=until, at_most=750)
    ]
    return state | different, occurrences


def history(appointments: Sequence[JSON], *series: JSON) -> History:
    """The log of these states, one event each."""
    found = History(NORDLICHT)
    for one in appointments:
        found.add(orjson.dumps({"appointment_id": one["id"], "version": one["version"], "appointment": one}))
    for state in series:
        found.add(orjson.dumps({"series_id": state["id"], "version": state["version"], "series": state}))
    return found


def again(entry: Entry, at: datetime = NOW) -> set[tuple[datetime, datetime, str]]:
    """Start, end and title of everything that an import of the entry books."""
    plan = planned(entry, roster(), None, at=at, attempt=1)
    assert isinstance(plan, Planned), plan
    body = plan.body
    if "recurring_pattern" not in body:
        return {shown(body)}
    recurrence = recurrence_in(body, body["timezone"])
    length = datetime.fromisoformat(body["end_time"]) - datetime.fromisoformat(body["start_time"])
    changes = {change["original_start_time"]: change for change in entry.changes}
    booked = starts(recurrence, until=datetime(2032, 1, 1, tzinfo=UTC), at_most=750)
    assert changes.keys() <= set(map(told, booked))
    return {
        shown(
            {"start_time": told(start), "end_time": told(start + length), "title": body["title"]}
            | changes.get(told(start), {})
        )
        for start in booked
    }


def shown(body: JSON) -> tuple[datetime, datetime, str]:
    """The fields that are compared."""
    return datetime.fromisoformat(body["start_time"]), datetime.fromisoformat(body["end_time"]), body["title"]


def test_an_appointment_keeps_its_id_its_content_and_its_answers() -> None:
    one = an_appointment(
        UUID(int=7),
        NOW + HOUR,
        seats=3,
        custom_fields={"room": 2},
        status="confirmed",
        confirmation_status={JONAS.id: "confirmed"},
        waiting=[MIRA.id],
    )
    [entry] = entries(history([one]), NOW)
    assert (entry.uid, entry.organizer, entry.confirmed) == (one["id"], GRETA.id, True)
    assert (entry.answers, entry.waiting) == ({JONAS.id: "confirmed"}, [MIRA.id])
    assert entry.body == {
        "participant_ids": [JONAS.id],
        "start_time": one["start_time"],
        "end_time": one["end_time"],
        "timezone": BERLIN,
        "title": "Review",
        "custom_fields": {"room": 2},
        "seats": 3,
    }


def test_the_newest_version_counts_whatever_comes_last_and_closed_and_past_ones_stay() -> None:
    newer = an_appointment(UUID(int=7), NOW + HOUR, title="Newer", version=2)
    older = an_appointment(UUID(int=7), NOW + HOUR)
    closed = an_appointment(UUID(int=8), NOW + HOUR, status="cancelled")
    past = an_appointment(UUID(int=9), NOW - HOUR)
    strange = an_appointment(UUID(int=10), NOW + HOUR, organization_id=str(UUID(int=99)))
    found = entries(history([newer, older, closed, past, strange]), NOW)
    assert [entry.body["title"] for entry in found] == ["Newer"]


def cancel_third(occurrences: list[JSON]) -> None:
    occurrences[2]["status"] = "cancelled"


def drop_second(occurrences: list[JSON]) -> None:
    del occurrences[1]


def move_fourth(occurrences: list[JSON]) -> None:
    start = datetime.fromisoformat(occurrences[3]["start_time"]) + 5 * HOUR
    occurrences[3] |= {"start_time": told(start), "end_time": told(start + 2 * HOUR), "title": "Moved"}


def move_all(occurrences: list[JSON]) -> None:
    for one in occurrences:
        start = shift(datetime.fromisoformat(one["start_time"]), BERLIN, HOUR)
        one |= {"start_time": told(start), "end_time": told(start + HOUR)}


def move_all_by_a_day(occurrences: list[JSON]) -> None:
    for one in occurrences:
        start = shift(datetime.fromisoformat(one["start_time"]), BERLIN, timedelta(days=1))
        one |= {"start_time": told(start), "end_time": told(start + HOUR)}


def everything(occurrences: list[JSON]) -> None:
    cancel_third(occurrences)
    move_all(occurrences)
    move_fourth(occurrences)
    drop_second(occurrences)


@pytest.mark.parametrize(
    ("edit", "changes"),
    [
        pytest.param(lambda _: None, 0, id="as it was booked"),
        pytest.param(cancel_third, 0, id="one was cancelled"),
        pytest.param(drop_second, 0, id="one was never booked"),
        pytest.param(move_fourth, 1, id="one was moved and renamed"),
        pytest.param(move_all, 0, id="all were moved by an hour"),
        pytest.param(move_all_by_a_day, 10, id="all were moved to another day"),
        pytest.param(everything, 1, id="all of it"),
    ],
)
@pytest.mark.parametrize(
    "rrule",
    [
        pytest.param(WEEKLY, id="by count over the clock change"),
        pytest.param("FREQ=WEEKLY;BYDAY=MO;UNTIL=20270504", id="until a day"),
        pytest.param("FREQ=WEEKLY;UNTIL=20270503T070000Z", id="until an instant"),
        pytest.param("FREQ=WEEKLY;BYHOUR=9;BYMINUTE=0;COUNT=10", id="by hour"),
    ],
)
def test_a_series_comes_back_as_it_was_left(edit: Edit, changes: int, rrule: str) -> None:
    state, occurrences = a_series(rrule)
    edit(occurrences)
    [entry] = entries(history(occurrences, state), NOW)
    left = {shown(one) for one in occurrences if one["status"] == "pending"}
    assert again(entry) == left
    if "BYHOUR" not in rrule:
        assert len(entry.changes) == changes


def test_a_series_that_has_begun_keeps_step_and_counts_what_is_over() -> None:
    state, occurrences = a_series("FREQ=WEEKLY;INTERVAL=2;COUNT=6", MONDAY_9 - timedelta(weeks=4))
    [entry] = entries(history(occurrences, state), NOW)
    assert entry.body["start_time"] == "2027-03-01T09:00:00"
    assert entry.body["recurring_pattern"] == {"rrule": "FREQ=WEEKLY;INTERVAL=2;COUNT=4"}
    assert again(entry) == {shown(one) for one in occurrences[2:]}


def test_an_occurrence_moved_out_of_the_past_stands_alone() -> None:
    state, occurrences = a_series(WEEKLY, MONDAY_9 - timedelta(weeks=2))
    later = told(NOW + 30 * HOUR)
    occurrences[0] |= {"start_time": later, "end_time": told(NOW + 31 * HOUR)}
    alone, series = entries(history(occurrences, state), NOW)
    assert (alone.uid, alone.body["start_time"]) == (occurrences[0]["id"], later)
    assert again(series) == {shown(one) for one in occurrences[1:]}


def test_a_series_without_end_stays_one_and_an_ended_one_ends() -> None:
    state, occurrences = a_series("FREQ=WEEKLY", booked_until="2027-06-01T00:00:00Z")
    del occurrences[4]
    [entry] = entries(history(occurrences, state), NOW)
    assert entry.body["recurring_pattern"]["rrule"] == "FREQ=WEEKLY"
    assert len(entry.body["recurring_pattern"]["exdates"]) == 1
    [entry] = entries(history(occurrences[:6], state | {"ended": True}), NOW)
    assert again(entry) == {shown(one) for one in occurrences[:6]}


def test_answers_of_a_series_are_kept_for_all_or_for_each() -> None:
    state, occurrences = a_series()
    for one in occurrences:
        one["confirmation_status"] = {JONAS.id: "confirmed"}
    [entry] = entries(history(occurrences, state), NOW)
    assert (entry.answers, list(entry.changes)) == ({JONAS.id: "confirmed"}, [])
    occurrences[0]["confirmation_status"] = {JONAS.id: "declined"}
    occurrences[1]["confirmation_status"] = {JONAS.id: "pending"}
    [entry] = entries(history(occurrences, state), NOW)
    assert entry.answers == {}
    assert [change["confirmation_status"] for change in entry.changes] == [
        {JONAS.id: "declined"},
        *[{JONAS.id: "confirmed"}] * 8,
    ]


def test_people_who_were_added_to_one_occurrence_stay_there() -> None:
    state, occurrences = a_series()
    occurrences[5]["participant_ids"] = [JONAS.id, MIRA.id]
    [entry] = entries(history(occurrences, state), NOW)
    [change] = entry.changes
    assert change["participant_ids"] == [JONAS.id, MIRA.id]


@settings(max_examples=examples(60))
@given(
    st.sampled_from(["FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,WE,SU", "FREQ=MONTHLY;BYMONTHDAY=-1"]),
    st.integers(1, 3),
    st.integers(2, 18),
    st.integers(-40, 20),
    st.sampled_from([BERLIN, "Australia/Lord_Howe", "America/Sao_Paulo", "UTC"]),
    st.randoms(use_true_random=False),
)
def test_any_series_comes_back(
    rule: str, interval: int, count: int, begun: int, zone: str, chance: Any
) -> None:
    local = datetime.fromisoformat("2027-02-20T02:30") + timedelta(days=begun)
    rrule = f"{rule};INTERVAL={interval};COUNT={count}"
    state, occurrences = a_series(rrule, local, timezone=zone)
    for one in occurrences:
        fate = chance.random()
        if fate < 0.1:
            one["status"] = "cancelled"
        elif fate < 0.2:
            one["title"] = "Renamed"
        elif fate < 0.3:
            start = datetime.fromisoformat(one["start_time"]) + chance.randrange(-3, 12) * HOUR
            one |= {"start_time": told(start), "end_time": told(start + HOUR)}
    left = {shown(one) for one in occurrences if one["status"] == "pending"}
    left = {one for one in left if one[0] >= NOW}
    found = list(entries(history(occurrences, state), NOW))
    assert set().union(*(again(entry) for entry in found)) == left


def test_of_a_series_that_is_over_nothing_is_to_come() -> None:
    over = Recurrence(MONDAY_9 - timedelta(weeks=52), BERLIN, "FREQ=WEEKLY;COUNT=3")
    assert still_to_come(over, NOW) is None
