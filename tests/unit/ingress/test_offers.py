"""Questions about free time, and the form of offered times."""

from datetime import UTC, datetime
from itertools import product
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

import orjson
import pytest

from scheduling.reasons import Reason
from scheduling.slots import Slot
from services.ingress.api.parameters import Parameters, QueryReader
from services.ingress.domain import offers, slots
from services.ingress.domain.problems import Problem
from services.ingress.routes.free_slots import MomentParameters, SlotParameters
from tests.unit.ingress.requests import a_request

P = TypeVar("P", bound=Parameters)
ANNA, BEN = UUID(int=1), UUID(int=2)
DAYS = {"start_date": ["2027-03-01"], "end_date": ["2027-03-31"]}


def seconds(*parts: int) -> int:
    return int(datetime(*parts, tzinfo=UTC).timestamp())  # type: ignore[misc,arg-type]


def read(model: type[P], params: dict[str, list[str]]) -> P:
    return QueryReader(model).read(a_request(urlencode(params, doseq=True)))


def errors(model: type[Parameters], params: dict[str, list[str]]) -> list[tuple[str, str]]:
    """Field and code of each error."""
    with pytest.raises(Problem) as raised:
        read(model, params)
    return [(error["field"], error["code"]) for error in raised.value.errors]


def test_a_search_needs_only_its_days() -> None:
    query = read(SlotParameters, DAYS)
    assert (query.user_id, query.duration, query.timezone, query.mode) == ((), 30, None, "all")
    assert offers.instants("Europe/Berlin", query.start_date, query.end_date) == (
        seconds(2027, 2, 28, 23),
        seconds(2027, 3, 31, 22),
    )


def test_a_search_with_all_its_parameters() -> None:
    params = {
        "user_id": [f"{BEN},{ANNA}", str(BEN)],
        "start_date": ["2027-03-28"],
        "end_date": ["2027-03-28"],
        "duration": ["1440"],
        "timezone": ["Europe/Berlin"],
        "mode": ["any"],
    }
    query = read(SlotParameters, params)
    assert (query.user_id, query.duration, query.mode) == ((BEN, ANNA), 1440, "any")
    days = query.start_date, query.end_date
    assert offers.instants("Europe/Berlin", *days)[1] == seconds(2027, 3, 28, 22), "the day has 23 hours"
    assert offers.reach(query.timezone, *days, query.duration) == (
        seconds(2027, 3, 27, 23),
        seconds(2027, 3, 29, 22),
    ), "the last slot runs over midnight"


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "Etc/GMT+12", "UTC"])
def test_days_of_any_zone_are_within_reach(zone: str) -> None:
    """A zone that is not named becomes known with what is read."""
    query = read(SlotParameters, DAYS)
    days = query.start_date, query.end_date
    (low, high), (first, last) = offers.reach(None, *days, query.duration), offers.instants(zone, *days)
    assert low <= first < last + 60 * query.duration <= high


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        pytest.param({"start_date": []}, "start_date", "date", id="no first day"),
        pytest.param({"end_date": ["2027-02-30"]}, "end_date", "date", id="no such day"),
        pytest.param({"end_date": ["20270331"]}, "end_date", "date", id="another way to write a date"),
        pytest.param({"end_date": ["2027-W13-3"]}, "end_date", "date", id="a week"),
        pytest.param({"end_date": ["9999-12-31"]}, "end_date", "date", id="the end of the calendar"),
        pytest.param({"start_date": ["0001-01-01"]}, "start_date", "date", id="its beginning"),
        pytest.param({"end_date": ["2027-02-28"]}, "end_date", "range", id="the end before the start"),
        pytest.param({"end_date": ["2027-06-01"]}, "end_date", "range", id="93 days"),
        pytest.param({"user_id": ["me"]}, "user_id", "uuid", id="nobody"),
        pytest.param(
            {"user_id": [str(UUID(int=n)) for n in range(21)]}, "user_id", "too_long", id="21 people"
        ),
        pytest.param({"duration": ["0"]}, "duration", "out_of_range", id="no time at all"),
        pytest.param({"duration": ["1441"]}, "duration", "out_of_range", id="more than a day"),
        pytest.param({"duration": ["-5"]}, "duration", "out_of_range", id="less than nothing"),
        pytest.param({"timezone": ["Mars/Base"]}, "timezone", "unknown_timezone", id="no such zone"),
        pytest.param({"mode": ["some"]}, "mode", "enum", id="no such mode"),
        pytest.param({"mode": [""]}, "mode", "enum", id="a blank mode"),
    ],
)
def test_a_search_that_cannot_be_read_names_the_parameter(
    changed: dict[str, list[str]], field: str, code: str
) -> None:
    assert errors(SlotParameters, DAYS | changed) == [(field, code)]


def test_92_days_and_20_people_are_not_too_much() -> None:
    people = [str(UUID(int=n)) for n in range(20)]
    query = read(SlotParameters, DAYS | {"end_date": ["2027-05-31"], "user_id": people})
    assert (len(query.user_id), (query.end_date - query.start_date).days) == (20, 91)


@pytest.mark.parametrize(
    ("changed", "field", "code"),
    [
        pytest.param({"at": []}, "at", "missing", id="no time"),
        pytest.param({"at": ["soon"]}, "at", "datetime", id="no such time"),
        pytest.param({"user_id": ["me"]}, "user_id", "uuid", id="nobody"),
        pytest.param({"duration": ["x"]}, "duration", "out_of_range", id="no number"),
        pytest.param({"timezone": ["Mars/Base"]}, "timezone", "unknown_timezone", id="no such zone"),
    ],
)
def test_a_moment_that_cannot_be_read_names_the_parameter(
    changed: dict[str, list[str]], field: str, code: str
) -> None:
    assert errors(MomentParameters, {"at": ["2027-03-01T09:00:00Z"]} | changed) == [(field, code)]


def test_a_moment_is_an_instant() -> None:
    query = read(MomentParameters, {"at": ["2027-03-01T09:00:00 01:00"]})
    assert (query.user_id, query.at.timestamp(), query.duration) == (None, seconds(2027, 3, 1, 8), 30)


def test_slots_are_written_as_json() -> None:
    """For each combination of people their ids in the order given; instants in UTC."""
    start = seconds(2027, 3, 1, 8)
    people = [(ANNA, BEN), (BEN,)]
    offered = [
        Slot(start + number, start + number + 1800, who) for number, who in product((0, 59, 86_400), people)
    ]
    found = orjson.loads(slots.slots_body(offered))["slots"]
    assert found[0] == {
        "start_time": "2027-03-01T08:00:00Z",
        "end_time": "2027-03-01T08:30:00Z",
        "user_ids": [str(ANNA), str(BEN)],
    }
    assert [(one["start_time"], len(one["user_ids"])) for one in found[2:5]] == [
        ("2027-03-01T08:00:59Z", 2),
        ("2027-03-01T08:00:59Z", 1),
        ("2027-03-02T08:00:00Z", 2),
    ]
    assert orjson.loads(slots.slots_body([])) == {"slots": []}


def test_a_tag_is_the_same_for_the_same_slots_only() -> None:
    start = seconds(2027, 3, 1, 8)
    answers = [
        [],
        [Slot(start, start + 1800, (ANNA,))],
        [Slot(start, start + 3600, (ANNA,))],
        [Slot(start, start + 1800, (ANNA, BEN))],
        [Slot(start, start + 1800, (BEN, ANNA))],
        [Slot(start, start + 1800, (ANNA,)), Slot(start + 900, start + 2700, (ANNA,))],
        [Slot(start, start + 1800, (ANNA,)), Slot(start + 900, start + 2700, (BEN,))],
        [Slot(start, start + 1800, (BEN,)), Slot(start + 900, start + 2700, (ANNA,))],
    ]
    tags = [slots.tag_of(answer) for answer in answers]
    assert len(set(tags)) == len(answers)
    assert tags == [slots.tag_of(list(answer)) for answer in answers]


@pytest.mark.parametrize(
    ("people", "number", "too_much"),
    [
        pytest.param(1, 26_496, False, id="one person's every five minutes of 92 days"),
        pytest.param(20, 3_000, False, id="office hours of twenty people"),
        pytest.param(20, 26_496, True, id="every five minutes of twenty people"),
        pytest.param(1, 0, False, id="nothing"),
    ],
)
def test_how_long_an_answer_may_be(people: int, number: int, too_much: bool) -> None:
    slot = Slot(0, 1800, tuple(UUID(int=n) for n in range(people)))
    assert slots.is_too_much([slot] * number) is too_much
    if number:
        assert len(slots.slots_body([slot] * 100)) < 100 * (slots.ANSWER_MAX / number) or too_much


def test_an_explanation_reads_as_offered_only_without_reasons() -> None:
    busy = Reason("busy", "Another appointment is in the way.")
    assert slots.explanation([]) == {"offered": True, "reasons": []}
    assert slots.explanation([busy]) == {
        "offered": False,
        "reasons": [{"code": "busy", "detail": "Another appointment is in the way."}],
    }
