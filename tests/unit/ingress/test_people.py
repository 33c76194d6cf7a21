"""People as the engine takes them, out of rows of the views."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import orjson
import pytest

from scheduling.slots import Taken
from services.ingress.domain.caller import Caller
from services.ingress.views import people as view_people
from services.ingress.views.people import People

ANNA, BEN, HUB = UUID(int=1), UUID(int=2), UUID(int=9)
NOTHING = dict.fromkeys(
    ("body", "starts", "ends", "held_starts", "held_ends", "elsewhere_starts", "elsewhere_ends")
)


def hours(zone: str = "Europe/Berlin", **policy: Any) -> str:
    return orjson.dumps({"timezone": zone, "rules": [], "overrides": [], "policy": policy}).decode()


CALLER = Caller(ANNA, HUB, frozenset(["member"]), "", 0.0)


class Views:
    """Answers the rows it is given, in order."""

    def __init__(self, *rows: dict[str, Any]) -> None:
        self.rows = [NOTHING | row for row in rows]

    async def taken(self, *_: object) -> Sequence[Any]:
        return self.rows


def of(views: Views) -> People:
    return People(views)  # type: ignore[arg-type]


async def test_what_is_taken_is_sorted_whatever_takes_it() -> None:
    views = Views(
        {
            "starts": [10, 40],
            "ends": [20, 50],
            "held_starts": [5],
            "held_ends": [6],
            "elsewhere_starts": [45, 15],
            "elsewhere_ends": [90, 17],
        },
        {"starts": [1], "ends": [2]},
    )
    anna, ben = await of(views).read(CALLER, [ANNA, BEN], 0, 100, 0)
    assert (anna.id, anna.availability, ben.id) == (ANNA, None, BEN)
    assert list(anna.taken) == [
        Taken(5, 6, "hold"),
        Taken(10, 20, "appointment"),
        Taken(15, 17, "elsewhere"),
        Taken(40, 50, "appointment"),
        Taken(45, 90, "elsewhere"),
    ]
    assert list(ben.taken) == [Taken(1, 2, "appointment")]


async def test_hours_are_parsed_again_only_when_they_are_others() -> None:
    views = Views({"body": hours()})
    people = of(views)
    [first] = await people.read(CALLER, [ANNA], 0, 100, 0)
    [again] = await people.read(CALLER, [ANNA], 0, 100, 0)
    assert again.availability is first.availability
    views.rows = [NOTHING | {"body": hours("UTC", step=30)}]
    [changed] = await people.read(CALLER, [ANNA], 0, 100, 0)
    assert changed.availability is not None
    assert (changed.availability.timezone, changed.availability.policy.step) == ("UTC", 30)
    views.rows = [NOTHING]
    [gone] = await people.read(CALLER, [ANNA], 0, 100, 0)
    assert gone.availability is None


async def test_only_so_much_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Those that came first go first, and one that was replaced counts once."""
    body = hours()
    monkeypatch.setattr(view_people, "KEPT", 2 * len(body))
    people = of(Views(*[{"body": body}] * 3))
    who = [UUID(int=number) for number in range(3)]
    first = await people.read(CALLER, who, 0, 100, 0)
    second = await people.read(CALLER, list(reversed(who)), 0, 100, 0)
    kept = [
        one.availability is other.availability for one, other in zip(first, reversed(second), strict=True)
    ]
    assert kept == [False, True, True]
