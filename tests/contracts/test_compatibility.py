"""A change of a model is refused exactly when a message that was valid before would not parse after it."""

from enum import StrEnum
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field, create_model

from contracts.catalog import MESSAGE_TYPES, MessageType
from contracts.tools.compatibility import breaks
from contracts.tools.generate import schema


class Wide(StrEnum):
    """Three values."""

    A = "a"
    B = "b"
    C = "c"


class Narrow(StrEnum):
    """Two of them."""

    A = "a"
    B = "b"


class Inner(BaseModel):
    """Nested, with one field."""

    depth: int


class InnerMore(BaseModel):
    """Nested, with a second field that is required."""

    depth: int
    width: int


OPTIONAL_TEXT = (str | None, None)


def _schema(closed: bool = False, **fields: Any) -> dict[str, Any]:
    config = ConfigDict(extra="forbid" if closed else "ignore")
    model: type[BaseModel] = create_model("Body", __config__=config, **fields)
    return model.model_json_schema()


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param({}, {"note": OPTIONAL_TEXT}, id="an optional field is added"),
        pytest.param({"note": OPTIONAL_TEXT}, {}, id="an optional field is removed that readers ignore"),
        pytest.param({"a": (str, ...)}, {"a": (str, "x")}, id="a required field becomes optional"),
        pytest.param({"a": (str, ...)}, {"a": (str | None, ...)}, id="null is accepted too"),
        pytest.param({"a": (Narrow, ...)}, {"a": (Wide, ...)}, id="an enum gains a value"),
        pytest.param({"a": (Literal["a"], ...)}, {"a": (Wide, ...)}, id="a constant becomes an enum"),
        pytest.param(
            {"a": (Annotated[str, Field(max_length=5)], ...)},
            {"a": (Annotated[str, Field(max_length=9)], ...)},
            id="an upper bound rises",
        ),
        pytest.param({"a": (Inner, ...)}, {"a": (Any, ...)}, id="a field takes anything"),
        pytest.param({"a": (list[InnerMore], ...)}, {"a": (list[InnerMore], ...)}, id="nothing changes"),
    ],
)
def test_a_change_that_old_messages_survive_is_accepted(old: dict[str, Any], new: dict[str, Any]) -> None:
    assert breaks(_schema(**old), _schema(**new)) == []


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        pytest.param({}, {"a": (str, ...)}, "a: is required now", id="a new field is required"),
        pytest.param(
            {"a": (str, "x")}, {"a": (str, ...)}, "a: is required now", id="a field becomes required"
        ),
        pytest.param({"a": (str, ...)}, {}, "a: was promised", id="a required field is removed"),
        pytest.param({"a": (str, ...)}, {"a": (int, ...)}, "a: was string, is integer", id="a type changes"),
        pytest.param({"a": (str | None, None)}, {"a": (str, "x")}, "a: was null", id="null is refused"),
        pytest.param(
            {"a": (Wide, ...)}, {"a": (Narrow, ...)}, "a: 'c' is refused", id="an enum loses a value"
        ),
        pytest.param({"a": (str, ...)}, {"a": (Wide, ...)}, "a: only", id="text becomes an enum"),
        pytest.param(
            {"a": (str, ...)},
            {"a": (Annotated[str, Field(max_length=5)], ...)},
            "a: maxLength fell",
            id="a bound is added",
        ),
        pytest.param(
            {"a": (Annotated[int, Field(ge=0)], ...)},
            {"a": (Annotated[int, Field(ge=1)], ...)},
            "a: minimum rose",
            id="a lower bound rises",
        ),
        pytest.param(
            {"a": (Inner, ...)}, {"a": (InnerMore, ...)}, "a.width: is required", id="a nested field is added"
        ),
        pytest.param(
            {"a": (list[Inner], ...)},
            {"a": (list[InnerMore], ...)},
            "a[].width: is required",
            id="a field of a list's items is added",
        ),
        pytest.param(
            {"a": (dict[Wide, int], ...)},
            {"a": (dict[Narrow, int], ...)},
            "a.[key]: 'c' is refused",
            id="a key is refused",
        ),
        pytest.param(
            {"a": (Any, ...)}, {"a": (Inner, ...)}, "a: anything was", id="anything becomes a shape"
        ),
    ],
)
def test_a_change_that_an_old_message_would_not_survive_is_refused(
    old: dict[str, Any], new: dict[str, Any], where: str
) -> None:
    reasons = breaks(_schema(**old), _schema(**new))
    assert any(reason.startswith(where) for reason in reasons), reasons


def test_a_body_that_refuses_unknown_fields_may_not_lose_one() -> None:
    assert breaks(_schema(closed=True, note=OPTIONAL_TEXT), _schema(closed=True)) == ["note: is refused now"]


@pytest.mark.parametrize("message", MESSAGE_TYPES, ids=lambda message: message.name)
def test_every_model_is_compatible_with_itself(message: MessageType) -> None:
    assert breaks(schema(message), schema(message)) == []
