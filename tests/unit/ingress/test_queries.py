"""Query parameters, cursors, busy ranges."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.ingress.domain import busy, cursors, queries

NOW = datetime(2031, 3, 3, 15, 30, tzinfo=UTC)
DAY = datetime(2031, 3, 3, tzinfo=UTC)


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
    assert queries.list_query({"from": [text]}).ends_after == expected


@pytest.mark.parametrize(
    ("params", "start", "end"),
    [
        pytest.param({}, DAY, DAY + timedelta(days=31), id="from today for a month"),
        pytest.param(
            {"from": ["2031-01-01"]},
            datetime(2031, 1, 1, tzinfo=UTC),
            datetime(2031, 2, 1, tzinfo=UTC),
            id="a month from there",
        ),
        pytest.param(
            {"to": ["2031-02-01"]},
            datetime(2031, 1, 1, tzinfo=UTC),
            datetime(2031, 2, 1, tzinfo=UTC),
            id="a month until then",
        ),
    ],
)
def test_what_a_calendar_shows_unless_told(params: queries.Params, start: datetime, end: datetime) -> None:
    query = queries.calendar_query(params, NOW)
    assert (query.start, query.end) == (start, end)


def test_every_wrong_parameter_is_named_at_once() -> None:
    params = {"from": ["x"], "status": ["open"], "limit": ["0"], "client_id": ["7"]}
    with pytest.raises(queries.InvalidQuery) as raised:
        queries.list_query(params)
    assert {error.field for error in raised.value.errors} == set(params)


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
