"""Codes: every one that the sources name is listed for programs that put them into words."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from contracts.commands import CreateAppointment
from scheduling import reasons
from services.ingress.api import codes
from services.ingress.api.parameters import QueryReader
from services.ingress.domain.problems import Problem
from services.ingress.http import bodies
from services.ingress.routes.free_slots import SlotParameters
from services.ingress.routes.reads import ListParameters
from tests.unit.ingress.requests import a_request

ROOT = Path(__file__).parents[3]
# The functions that make the error of a field, and the place of its code among their arguments.
MAKERS = {"BadParameter": 0, "PydanticCustomError": 0, "invalid": 1, "FieldError": 1, "Unreadable": 0}


def named(top: str, makers: dict[str, int]) -> Iterator[str]:
    """Return the codes that stand literally in calls of these functions."""
    for file in sorted((ROOT / top).rglob("*.py")):
        if "tools" in file.parts:
            continue
        for node in ast.walk(ast.parse(file.read_text())):
            name = getattr(node.func, "id", "") if isinstance(node, ast.Call) else ""
            if isinstance(node, ast.Call) and len(node.args) > makers.get(name, 99):
                argument = node.args[makers[name]]
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield argument.value


@pytest.mark.parametrize(
    "top", ["contracts", "scheduling", "services/booking", "services/notifier", "services/ingress"]
)
def test_every_code_of_a_field_is_listed(top: str) -> None:
    found = {code for code in named(top, MAKERS) if code.islower()}
    if top in ("contracts", "services/ingress"):
        assert found
    assert found - set(codes.FIELDS) - set(codes.REASONS) == set()


def test_every_reason_is_listed() -> None:
    source = Path(reasons.__file__).read_text()
    assert set(named("scheduling", {"Reason": 0})) <= set(codes.REASONS)
    assert all(f'"{code}"' in source for code in codes.REASONS)


class Sample(BaseModel):
    """One field of each kind of limit."""

    name: str = Field(max_length=3)
    size: int = Field(ge=1, le=9)


def errors_of(call: object) -> list[dict[str, object]]:
    assert callable(call)
    with pytest.raises(Problem) as caught:
        call()
    return [dict(error) for error in caught.value.errors]


def test_an_error_names_its_limits() -> None:
    found = errors_of(lambda: bodies.check(Sample, {"name": "long", "size": 0}))
    assert [(error["field"], error.get("params")) for error in found] == [
        ("name", {"max": 3}),
        ("size", {"min": 1}),
    ]
    [missing] = errors_of(lambda: bodies.check(Sample, {"name": "a"}))
    assert "params" not in missing


@pytest.mark.parametrize(
    ("query", "params"),
    [("limit=0", {"min": 1, "max": 500}), (f"q={'x' * 201}", {"max": 200})],
)
def test_a_parameter_names_its_limits(query: str, params: dict[str, int]) -> None:
    [error] = errors_of(lambda: QueryReader(ListParameters).read(a_request(query)))
    assert error["params"] == params


def test_a_wrong_word_is_answered_with_the_right_ones() -> None:
    query = "start_date=2031-03-03&end_date=2031-03-03&view=weeks"
    [error] = errors_of(lambda: QueryReader(SlotParameters).read(a_request(query)))
    assert error["params"] == {"expected": ["slots", "days", "times"]}


def test_codes_of_a_create_are_listed() -> None:
    wrong = {"participant_ids": "x", "title": "", "start_time": 7, "seats": 0, "colour": "red"}
    found = errors_of(lambda: bodies.check(CreateAppointment, wrong))
    assert {error["code"] for error in found} <= set(codes.FIELDS)
