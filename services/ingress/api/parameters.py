"""Query parameters as pydantic models: one declaration parses them and describes them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import partial
from typing import Annotated, Any, ClassVar, Generic, TypeVar, get_origin
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationInfo,
    field_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema
from starlette.requests import Request

from services.ingress.domain import queries
from services.ingress.domain.queries import BadParameter
from services.ingress.http import bodies

P = TypeVar("P", bound="Parameters")
V = TypeVar("V")


class Parameters(BaseModel):
    """The query of an operation. An absent or blank parameter has its default; of a repeated one the last
    counts.

    A tuple takes all values, repeated or separated by commas. `verbatim`: parameters that are taken
    unstripped, blank ones too.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    verbatim: ClassVar[frozenset[str]] = frozenset()


class BodyParameters(Parameters):
    """Parameters that stand for fields of a command's body."""

    def complete(self, body: dict[str, Any]) -> None:
        """Put the parameters into the body. Raises Problem 422 where both disagree."""
        raise NotImplementedError


class RangeParameters(Parameters):
    """Parameters with the fields `from_` and `to`, which together are a range of at most 366 days."""

    @field_validator("to", check_fields=False)
    @classmethod
    def _check_range(cls, to: datetime | None, info: ValidationInfo) -> datetime | None:
        if to is not None:
            reported(queries.check_range, info.data.get("from_"), to)
        return to


class QueryReader(Generic[P]):
    """Reads the query of a request into its model."""

    def __init__(self, model: type[P]) -> None:
        self._model = model
        fields = {field.alias or name: field for name, field in model.model_fields.items()}
        # A required parameter that is absent is read as blank, so that its own check names the allowed
        # values.
        self._blank = {name: "" for name, field in fields.items() if field.is_required()}
        self._lists = frozenset(
            name for name, field in fields.items() if get_origin(field.annotation) is tuple
        )

    def read(self, request: Request) -> P:
        """Return the parameters. Raises Problem 422, parameter by parameter."""
        values: dict[str, Any] = dict(self._blank)
        if request.scope["query_string"]:
            self._collect(request, values)
        return bodies.check(self._model, values)

    def _collect(self, request: Request, values: dict[str, Any]) -> None:
        for name, value in request.query_params.multi_items():
            if name in self._lists:
                parts = (part.strip() for part in value.split(","))
                values.setdefault(name, []).extend(part for part in parts if part)
            elif name in self._model.verbatim:
                values[name] = value
            elif stripped := value.strip():
                values[name] = stripped


@dataclass(frozen=True, slots=True, eq=False)
class Parsed:
    """Annotation of a parameter: how its text is read (raising BadParameter), and its JSON Schema."""

    convert: Callable[[Any], object]
    schema: Mapping[str, Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        """Return a validator that converts and nothing else."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, schema: Any, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the schema of the text, which says more than the converted value could."""
        return dict(self.schema)

    def _read(self, value: Any) -> object:
        return reported(self.convert, value)


def reported(function: Callable[..., V], *arguments: Any) -> V:
    """Call a function of the domain inside a validator: pydantic reports its BadParameter."""
    try:
        return function(*arguments)
    except BadParameter as error:
        raise PydanticCustomError(error.code, error.message, error.params or None) from error


def text_of(longest: int) -> Parsed:
    """Return the annotation of text with at most so many characters."""
    return Parsed(partial(queries.text, longest=longest), {"type": "string", "maxLength": longest})


def whole_number(least: int, most: int) -> Parsed:
    """Return the annotation of a whole number in these bounds, both included."""
    convert = partial(queries.number, least=least, most=most)
    return Parsed(convert, {"type": "integer", "minimum": least, "maximum": most})


def word_of(known: Sequence[str]) -> Parsed:
    """Return the annotation of a parameter that is one of these words."""
    return Parsed(partial(queries.one_of, known=known), {"type": "string", "enum": list(known)})


Instant = Annotated[datetime, Parsed(queries.instant, {"type": "string", "format": "date-time"})]
Moment = Annotated[datetime, Parsed(queries.moment, {"type": "string", "format": "date-time"})]
Day = Annotated[date, Parsed(queries.day, {"type": "string", "format": "date"})]
Id = Annotated[UUID, Parsed(queries.uuid, {"type": "string", "format": "uuid"})]
Text = Annotated[str, text_of(queries.TEXT_MAX)]
