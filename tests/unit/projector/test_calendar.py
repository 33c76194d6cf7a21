"""Which versions are shown, which are history, which are missing."""

from itertools import pairwise, permutations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.projector.domain.calendar import MISSING_MAX, Change, Known, project, search_text, unique
from services.projector.messages.incoming import read
from tests.unit.projector.builders import ANNA, BEN, ORGANIZER, a_record, an_event, an_id

PLANNING = an_id("planning")
EVERYBODY = frozenset((ORGANIZER, ANNA, BEN))


def version(number: int, name: str = "planning", **fields: object) -> Change:
    """That version of an appointment, as it is read from the log."""
    fact = read(a_record(an_event("updated", name, number, **fields)))
    assert fact is not None
    assert isinstance(fact.body, Change)
    return fact.body


@pytest.mark.parametrize(
    ("known", "came", "shown", "missing", "arrived"),
    [
        pytest.param(0, [1], [1], [], [], id="the first version of an unknown appointment is shown"),
        pytest.param(3, [4], [4], [], [], id="the next version is shown"),
        pytest.param(3, [4, 5], [5], [], [], id="of several in a batch the newest is shown"),
        pytest.param(3, [5, 4], [5], [], [], id="versions swapped in a batch leave no gap"),
        pytest.param(3, [3], [], [], [], id="the known version again is history only"),
        pytest.param(3, [2], [], [], [2], id="an older version is history only, and has arrived"),
        pytest.param(3, [6], [6], [4, 5], [], id="a leap is shown, and what it leapt over is missing"),
        pytest.param(3, [6, 4], [6], [5], [], id="what came in the same batch is not missing"),
        pytest.param(0, [3], [3], [1, 2], [], id="an appointment may begin with a later version"),
        pytest.param(6, [4, 7], [7], [], [4], id="a late version and the next one in one batch"),
    ],
)
def test_versions(
    known: int, came: list[int], shown: list[int], missing: list[int], arrived: list[int]
) -> None:
    """A table of what a batch does to an appointment that is shown in some version."""
    before = {PLANNING: Known(known, EVERYBODY)} if known else {}
    projection = project([version(number) for number in came], before)
    assert [change.version for change in projection.show] == shown
    assert [number for _, number in projection.missing] == missing
    assert [number for _, number in projection.arrived] == arrived


def test_who_was_removed_loses_the_place() -> None:
    """The people of the newest version have places, nobody else."""
    projection = project([version(2, participant_ids=[ANNA])], {PLANNING: Known(1, EVERYBODY)})
    assert projection.removed == [(PLANNING, BEN)]


def test_appointments_do_not_touch_each_other() -> None:
    """Two appointments in one batch are decided each for itself."""
    projection = project(
        [version(2), version(1, "review"), version(4, "review")],
        {PLANNING: Known(3, EVERYBODY)},
    )
    assert [(change.appointment_id, change.version) for change in projection.show] == [(an_id("review"), 4)]
    assert projection.missing == [(an_id("review"), 2), (an_id("review"), 3)]
    assert projection.arrived == [(PLANNING, 2)]


def test_a_leap_without_end_is_noted_in_part() -> None:
    """A version out of all proportion must not fill the table of missing ones."""
    assert len(project([version(1_000_000)], {}).missing) == MISSING_MAX


@given(st.permutations(range(1, 7)), st.sets(st.integers(1, 5)))
def test_any_order_in_any_batches_ends_the_same(order: list[int], cuts: set[int]) -> None:
    """However versions are swapped and cut into batches, the last is shown and none is missing."""
    known: dict[UUID, Known] = {}
    missing: set[tuple[UUID, int]] = set()
    edges = [0, *sorted(cuts), len(order)]
    for start, end in pairwise(edges):
        projection = project([version(number) for number in order[start:end]], known)
        for change in projection.show:
            known[PLANNING] = Known(change.version, frozenset(user for user, _ in change.attendees))
        missing = (missing | set(projection.missing)) - set(projection.arrived)
    assert known[PLANNING].version == 6
    assert missing == set()


def test_every_order_of_two_is_covered() -> None:
    """Both orders of a create and its update give one row in the end."""
    for order in permutations((1, 2)):
        known: dict[UUID, Known] = {}
        for number in order:
            for change in project([version(number)], known).show:
                known[PLANNING] = Known(change.version)
        assert known == {PLANNING: Known(2)}


def test_search_text_is_casefolded_and_short() -> None:
    """The text filter finds the title in any case, and the beginning of a long description."""
    assert search_text("Straße 4", "Room", "x" * 500) == f"strasse 4\nroom\n{'x' * 200}"


def test_of_equal_versions_a_rebuild_keeps_the_first_as_the_live_view_does() -> None:
    one, other = (version(1, title=title) for title in ("one", "other"))
    assert unique([one, other]) == [one]
    assert project([one, other], {}).show == [one]
