"""Reading events of other services: a release older than the writer must accept unknown values.

Fields that are unknown are ignored, at any depth; a value that an enumeration or a Literal of texts does not have is
carried through as it came. Commands are not read by this: unknown fields in them are refused.
"""

from collections.abc import Callable
from enum import Enum, StrEnum
from functools import cache, partial
from typing import Any, TypeVar, cast

from pydantic import BaseModel, ValidationError
from pydantic_core import PydanticCustomError, SchemaValidator, core_schema

Body = TypeVar("Body", bound=BaseModel)
Value = TypeVar("Value", bound=StrEnum)
VALUE_MAX = 100  # characters of a value that is carried through


def read_event(model: type[Body], value: bytes | None) -> Body:
    """The body of an event of any release. Raises ValidationError when this release cannot read it."""
    try:
        return model.model_validate_json(value or b"", extra="ignore")
    except ValidationError as error:
        if not any(item["type"] in ("enum", "literal_error") for item in error.errors(include_url=False)):
            raise
    body: Body = _tolerant(model).validate_json(value or b"", extra="ignore")
    return body


def is_known(value: StrEnum) -> bool:
    """Return whether this release knows the value; an unknown one was kept as it came."""
    return value.name in type(value).__members__


def value_of(kind: type[Value], text: str) -> Value:
    """The value of that enumeration, carried through if this release does not know it."""
    known: Value | None = cast("Any", kind)._value2member_map_.get(text)
    return known if known is not None else cast("Value", _member(kind, text))


@cache
def _tolerant(model: type[BaseModel]) -> SchemaValidator:
    """Makes the same objects as the model itself; kept apart, because the tolerance costs a third more time."""
    schema: core_schema.CoreSchema = _opened(model.__pydantic_core_schema__)
    return SchemaValidator(schema, _use_prebuilt=False)  # nested models are opened, too


def _opened(node: Any) -> Any:
    """The same schema with every enumeration of texts open."""
    if isinstance(node, list | tuple):
        return type(node)(map(_opened, node))
    if not isinstance(node, dict):
        return node
    if node.get("type") == "enum" and issubclass(node["cls"], StrEnum):
        return _or_text(node, partial(_member, node["cls"]))
    if node.get("type") == "literal" and all(isinstance(one, str) for one in node["expected"]):
        return _or_text(node, str)
    return {name: _opened(part) for name, part in node.items()}


def _or_text(known: Any, carried: Callable[[str], str]) -> core_schema.CoreSchema:
    def printable(text: str) -> str:
        if not text.isprintable():
            raise PydanticCustomError("unknown_value", "The value is not known, and cannot be carried on")
        return carried(text)

    text = core_schema.str_schema(strict=True, min_length=1, max_length=VALUE_MAX)
    unknown = core_schema.no_info_after_validator_function(printable, text)
    return core_schema.union_schema([known, unknown], mode="left_to_right")


def _member(kind: type[Enum], text: str) -> Any:
    """A value that looks like a member of `kind` and is none: equal to its text, and not in the enumeration."""
    member: Any = str.__new__(kind, text)  # type: ignore[type-var]
    member._name_ = member._value_ = text
    return member
