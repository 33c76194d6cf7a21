"""A series is told of once, as what happened to it; and looked at again as a whole."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
import pytest

from chassis.errors import InvalidMessage
from contracts.envelope import Record
from contracts.tools.samples import GOOD
from notifications.preferences import NO_RULES
from scheduling.recurrence import Recurrence
from services.notifier.domain.model import Change, Event, Occurrence, Series
from services.notifier.domain.workflow import plan
from services.notifier.messages.events import Happened
from services.notifier.messages.incoming import decode
from services.notifier.planning import deliveries
from services.notifier.store.appointments import Standing
from tests.unit.notifier.builders import (
    ANNA,
    BEN,
    CLEO,
    DORA,
    MONDAY_9,
    NOW,
    an_event,
    participants,
    someone,
)

SAMPLE = GOOD["series.changed"]
WEEK = timedelta(days=7)
HOUR = timedelta(hours=1)
WEEKLY = Recurrence(datetime(2028, 3, 27, 9), "Europe/Berlin", "FREQ=WEEKLY;COUNT=3")  # noqa: DTZ001
MANY = [
    Occurrence(someone(f"occurrence {number}"), at, at, at + HOUR)
    for number in range(3)
    for at in (MONDAY_9 + number * WEEK,)
]


def a_series(**different: Any) -> Series:
    """Three Mondays, with BEN and CLEO."""
    usual: dict[str, Any] = {
        "id": someone("series"),
        "version": 1,
        "recurrence": WEEKLY,
        "occurrences": MANY,
        "attending": (BEN, CLEO),
    }
    return Series(**usual | different)


def to_all(kind: str, *changes: Change, series: Series | None = None, **different: Any) -> Event:
    """`appointment.KIND`, to all of a series."""
    return replace(an_event(kind, *changes, **different), series=series or a_series())


def _told(event: Event) -> set[tuple[UUID, str]]:
    planned = plan(event, {}, NO_RULES, NOW)
    assert len({one.id for one in planned}) == len(planned)
    return {(one.recipient_id, one.type.removeprefix("appointment_")) for one in planned}


TOLD = [
    pytest.param(
        to_all("created"),
        {(ANNA, "created"), (BEN, "invitation"), (CLEO, "invitation")},
        id="created: one invitation, however many appointments",
    ),
    pytest.param(
        to_all("rescheduled"),
        {(BEN, "rescheduled"), (CLEO, "rescheduled")},
        id="rescheduled: once",
    ),
    pytest.param(
        to_all("cancelled", series=a_series(attending=(BEN, CLEO, DORA)), waiting=(someone("x"),)),
        {(ANNA, "cancelled"), (BEN, "cancelled"), (CLEO, "cancelled"), (DORA, "cancelled")},
        id="cancelled: also who had declined the first of them only; who waits is told by its own appointment",
    ),
    pytest.param(
        to_all("updated", participants([CLEO], [BEN, CLEO])),
        {(BEN, "invitation"), (CLEO, "updated")},
        id="who is added to all of it is invited once",
    ),
    pytest.param(
        to_all("participant_declined", actor=DORA), {(ANNA, "updated")}, id="declined: the organizer, once"
    ),
    pytest.param(
        replace(an_event("created"), of_series=True), set(), id="one appointment of it tells nothing itself"
    ),
    pytest.param(
        replace(an_event("cancelled", waiting=(CLEO,)), of_series=True),
        {(CLEO, "cancelled")},
        id="but who waits for a seat in it hears of its end",
    ),
    pytest.param(
        replace(an_event("updated"), of_series=True, seated=(BEN,)),
        {(BEN, "seat")},
        id="and who has a seat in it now hears of that",
    ),
]


@pytest.mark.parametrize(("event", "expected"), TOLD)
def test_who_is_told_what_of_a_series(event: Event, expected: set[tuple[UUID, str]]) -> None:
    assert _told(event) == expected


def test_an_invitation_says_how_often_and_is_of_use_until_the_last_is_over() -> None:
    [invitation, *_] = [one for one in plan(to_all("created"), {}, NO_RULES, NOW) if one.recipient_id == BEN]
    assert invitation.data["series_pattern"] == "every Monday, 3 times"
    assert invitation.data["series_occurrences"] == "3"
    assert invitation.expires_at == MONDAY_9 + 2 * WEEK + HOUR


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        pytest.param(an_event("created"), ("", ""), id="not of a series"),
        pytest.param(to_all("rescheduled"), ("", "3"), id="moved: the pattern is not true any more"),
        pytest.param(
            to_all("cancelled", series=a_series(occurrences=MANY[2:])), ("", ""), id="only one is left"
        ),
        pytest.param(
            to_all("created", series=a_series(recurrence=replace(WEEKLY, rrule="FREQ=WEEKLY"))),
            ("every Monday", ""),
            id="without end there is no number",
        ),
    ],
)
def test_the_words_about_a_series(event: Event, expected: tuple[str, str]) -> None:
    data = next(one.data for one in plan(event, {}, NO_RULES, NOW) if one.recipient_id == BEN)
    assert (data["series_pattern"], data["series_occurrences"]) == expected


def test_it_concerns_whoever_attends_any_of_them() -> None:
    known = {
        MANY[0].appointment_id: Standing(4, [ANNA, BEN]),
        MANY[1].appointment_id: Standing(2, [ANNA, DORA]),
    }
    event = to_all("updated", series=a_series(attending=()))
    source = deliveries.completed(Happened(event, "", None, None), known).source
    assert isinstance(source, Event)
    assert source.series is not None
    assert set(source.series.attending) == {BEN, CLEO, DORA}
    assert [one.version for one in source.series.occurrences] == [4, 2, 1]
    assert deliveries.of_series([Happened(event, "", None, None)]) == [one.appointment_id for one in MANY]


def test_a_series_is_looked_at_again_as_a_whole() -> None:
    [created] = deliveries.seen([to_all("created")])
    assert (created.id, created.version, created.moved_in) == (someone("series"), 1, 0)
    assert created.end == MONDAY_9 + 2 * WEEK + HOUR
    assert set(created.involved) == {ANNA, BEN, CLEO}
    [moved] = deliveries.seen([to_all("created"), to_all("rescheduled", series=a_series(version=2))])
    assert (moved.version, moved.moved_in) == (2, 2)


def test_what_is_about_some_of_a_series_leaves_what_was_said_of_all_true() -> None:
    assert deliveries.seen([to_all("cancelled", series=a_series(version=2, whole=False))]) == []


def test_a_delivery_about_a_series_carries_the_series_version() -> None:
    record = Record("booking.events", 0, 0, NOW, None, None)
    happened = Happened(to_all("created", series=a_series(version=7)), "", None, None)
    planned = [item for item, _ in deliveries.planned(record, happened, {}, {}, NOW, "https://hub")]
    assert {(item.series_id, item.version) for item in planned} == {(someone("series"), 7)}
    [alone, *_] = deliveries.planned(
        record, Happened(an_event("created"), "", None, None), {}, {}, NOW, "https://hub"
    )
    assert (alone[0].series_id, alone[0].version) == (None, 3)


def _record(**different: Any) -> Record:
    body = SAMPLE | different
    headers = (("ce_id", str(someone("e")).encode()), ("ce_type", b"series.changed"))
    return Record("booking.events", 0, 0, NOW, None, orjson.dumps(body), headers)


def _read(**different: Any) -> Event | None:
    found = decode(_record(**different))
    if found is None:
        return None
    assert isinstance(found, Happened)
    assert isinstance(found.source, Event)
    return found.source


@pytest.mark.parametrize(
    ("change", "changes", "kind"),
    [
        ("created", [], "appointment.created"),
        ("rescheduled", [], "appointment.rescheduled"),
        ("updated", [], "appointment.updated"),
        ("cancelled", [], "appointment.cancelled"),
        ("confirmed", [], "appointment.participant_confirmed"),
        (
            "confirmed",
            [{"field": "status", "old": "pending", "new": "confirmed"}],
            "appointment.confirmed",
        ),
        ("declined", [], "appointment.participant_declined"),
    ],
)
def test_a_change_of_a_series_is_what_happened_to_its_first(
    change: str, changes: list[dict[str, Any]], kind: str
) -> None:
    event = _read(change=change, changes=changes)
    assert event is not None
    assert event.type == kind
    assert event.series is not None
    assert event.series.recurrence.rrule == SAMPLE["series"]["rrule"]
    assert event.series.occurrences[0].start.tzinfo is not None


@pytest.mark.parametrize(
    "different",
    [{"change": "extended"}, {"appointment": None}, {"occurrences": []}],
    ids=["booked a little further", "no appointment touched", "no occurrences"],
)
def test_nobody_is_told_of(different: dict[str, Any]) -> None:
    assert _read(**different) is None


@pytest.mark.parametrize(
    ("scope", "original", "whole"),
    [("all", 1, True), ("following", 0, True), ("following", 1, False)],
    ids=["all", "following from the first", "following from a later one"],
)
def test_whether_all_of_it_is_meant(scope: str, original: int, whole: bool) -> None:
    first = datetime.fromisoformat(SAMPLE["series"]["local_start"])
    at = (first + original * WEEK).replace(tzinfo=UTC) - timedelta(hours=2)
    occurrence = SAMPLE["occurrences"][0] | {"original_start_time": at.isoformat()}
    event = _read(change="cancelled", scope=scope, occurrences=[occurrence])
    assert event is not None
    assert event.series is not None
    assert event.series.whole is whole


@pytest.mark.parametrize("broken", [{"local_start": "noon"}, {"rrule": "FREQ=SOMETIMES"}])
def test_a_pattern_that_cannot_be_read_is_set_aside(broken: dict[str, Any]) -> None:
    with pytest.raises(InvalidMessage, match="pattern"):
        _read(series=SAMPLE["series"] | broken)
