"""Query parameters, cursors, busy ranges."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TypeVar
from urllib.parse import urlencode
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.api.parameters import Parameters, QueryReader
from services.ingress.domain import busy, cursors
from services.ingress.domain.problems import Problem
from services.ingress.routes.reads import CalendarParameters, ListParameters
from tests.unit.ingress.requests import a_request

NOW = datetime(2031, 3, 3, 15, 30, tzinfo=UTC)
DAY = datetime(2031, 3, 3, tzinfo=UTC)
P = TypeVar("P", bound=Parameters)


def read(model: type[P], params: dict[str, str]) -> P:
    return QueryReader(model).read(a_request(urlencode(params)))


def errors(model: type[Parameters], params: dict[str, str]) -> dict[str, str]:
    """The code of each field that is refused."""
    with pytest.raises(Problem) as raised:
        read(model, params)
    assert raised.value.code == "invalid"
    return {error["field"]: error["code"] for error in raised.value.errors}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("2031-03-03T09:00:00Z", datetime(2031, 3, 3, 9, tzinfo=UTC), id="UTC"),
        pytest.param("2031-03-03T09:00:00+01:00", datetime(2031, 3, 3, 8, tzinfo=UTC), id="an offset"),
        pytest.param(
            "2031-03-03T09:00:00 01:00", datetime(2031, 3, 3, 8, tzinfo=UTC), id="a plus not escaped"
        ),
        pytest.param("2031-03-03T09:00:00", datetime(2031, 3, 3, 9, tzinfo=UTC), id="no offset is UTC"),
        pytest.param("2031-03-03", DAY, id="a date is its midnight"),
        pytest.param("2031-03-03 09:00", datetime(2031, 3, 3, 9, tzinfo=UTC), id="a space for the T"),
    ],
)
def test_instants(text: str, expected: datetime) -> None:
    assert read(ListParameters, {"from": text}).query().ends_after == expected


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        pytest.param({}, DAY, DAY + timedelta(days=31), id="from today for a month"),
        pytest.param(
            {"from": "2031-01-01"},
            datetime(2031, 1, 1, tzinfo=UTC),
            datetime(2031, 2, 1, tzinfo=UTC),
            id="a month from there",
        ),
        pytest.param(
            {"to": "2031-02-01"},
            datetime(2031, 1, 1, tzinfo=UTC),
            datetime(2031, 2, 1, tzinfo=UTC),
            id="a month until then",
        ),
    ],
)
def test_a_calendar_without_a_range_shows_31_days(
    params: dict[str, str], start: datetime, end: datetime
) -> None:
    query = read(CalendarParameters, params).query(NOW)
    assert (query.start, query.end) == (start, end)


def test_every_wrong_parameter_is_named_at_once() -> None:
    params = {"from": "x", "status": "open", "limit": "0", "client_id": "7"}
    assert errors(ListParameters, params) == {
        "from": "datetime",
        "status": "enum",
        "limit": "out_of_range",
        "client_id": "uuid",
    }


@pytest.mark.parametrize(
    ("params", "field", "code"),
    [
        pytest.param({"from": "2031-03-03", "to": "2031-03-03"}, "to", "range", id="an empty range"),
        pytest.param({"from": "2031-03-03", "to": "2032-04-04"}, "to", "range", id="more than 366 days"),
        pytest.param({"from": "9999-12-31"}, "from", "datetime", id="after the end of the calendar"),
        pytest.param({"q": "x" * 201}, "q", "string_too_long", id="a long text"),
        pytest.param({"q": "a\x00b"}, "q", "control_character", id="a control character"),
        pytest.param({"limit": "501"}, "limit", "out_of_range", id="a page that is too long"),
        pytest.param({"limit": "1.0"}, "limit", "out_of_range", id="a fraction"),
        pytest.param({"limit": "+5"}, "limit", "out_of_range", id="a sign"),
    ],
)
def test_a_parameter_out_of_its_bounds_is_named(params: dict[str, str], field: str, code: str) -> None:
    assert errors(ListParameters, params) == {field: code}


def test_lists_are_repeated_or_separated_by_commas_and_of_others_the_last_counts() -> None:
    request = a_request(
        "status=pending,confirmed&status=pending&limit=3&limit=7&q=%20two%20words%20&client_id="
    )
    query = QueryReader(ListParameters).read(request)
    assert (query.status, query.limit, query.q, query.client_id) == (
        ("pending", "confirmed"),
        7,
        "two words",
        None,
    )


@given(
    st.integers(0, 200_000_000_000_000_000).map(
        lambda n: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=n)
    ),
    st.uuids(),
)
def test_a_cursor_comes_back_as_it_went(start: datetime, appointment: UUID) -> None:
    assert cursors.decode(cursors.encode(start, appointment)) == (start, appointment)


@given(st.text(max_size=40))
def test_anything_else_is_no_cursor(text: str) -> None:
    try:
        start, appointment = cursors.decode(text)
    except ValueError:
        return
    assert cursors.decode(cursors.encode(start, appointment)) == (start, appointment)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), max_size=12))
def test_merged_ranges_cover_the_same_time_and_do_not_touch(spans: list[tuple[int, int]]) -> None:
    ranges = [(NOW + timedelta(minutes=a), NOW + timedelta(minutes=a + length)) for a, length in spans]
    found = busy.merged(ranges)
    assert all(first[1] < second[0] for first, second in pairwise(found))
    for minute in range(80):
        instant = NOW + timedelta(minutes=minute)
        assert any(a <= instant < b for a, b in ranges) == any(a <= instant < b for a, b in found)
