"""A batch reads nothing of hours, holds and busy times where an organization has none."""

from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chassis.database.transactions import Transaction
from services.booking.domain.model import commands
from services.booking.store import batches
from tests.unit.booking.builders import BEN, ORG, PEOPLE, a_create
from tests.unit.booking.test_bookable import a_hold, hours, set_hours

TABLES = (
    "organizations",
    "appointments",
    "occupancy",
    "availability",
    "availability_dates",
    "busy_times",
    "holds",
)
ALWAYS = ["organizations", "appointments", "occupancy"]


class Reading:
    """A transaction in which all tables are empty but the organization's row; it notes what is asked."""

    def __init__(self, **flags: bool) -> None:
        self.asked: list[str] = []
        plain = {"has_availability": False, "has_busy_times": False, "has_holds": False}
        self._organization = SimpleNamespace(id=ORG, **(plain | flags))

    async def execute(self, statement: Any, values: Any = None) -> list[Any]:
        """Note the tables of a statement."""
        words = {(word, table) for word, table in pairwise(str(statement).replace("(", " ").split())}
        self.asked += [table for table in TABLES if not words.isdisjoint({("FROM", table), ("JOIN", table)})]
        return [self._organization] if self.asked == ["organizations"] else []


@pytest.mark.parametrize(
    ("command", "flags", "expected"),
    [
        pytest.param(a_create(), {}, ALWAYS, id="nobody has anything"),
        pytest.param(a_create(), {"has_availability": True}, [*ALWAYS, "availability"], id="hours"),
        pytest.param(
            a_create(), {"has_busy_times": True}, [*ALWAYS, "busy_times"], id="a calendar elsewhere"
        ),
        pytest.param(a_create(), {"has_holds": True}, [*ALWAYS, "holds"], id="a hold that lives"),
        pytest.param(a_create(hold_id=ORG), {}, [*ALWAYS, "holds"], id="a hold that is named"),
        pytest.param(a_hold(), {}, ["organizations", "occupancy", "holds"], id="the first hold"),
        pytest.param(set_hours(BEN, hours()), {}, ["organizations", "availability"], id="the first hours"),
    ],
)
async def test_only_what_the_organization_has_is_read(
    command: commands.Command, flags: dict[str, bool], expected: list[str]
) -> None:
    reading = Reading(**flags)
    await batches.load_book(cast("Transaction", reading), [command], PEOPLE)
    assert sorted(set(reading.asked)) == sorted(expected)
