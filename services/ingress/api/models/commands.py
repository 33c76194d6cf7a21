"""Commands that are not decided yet, delivery reports, and refusals."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, Field, WithJsonSchema

from contracts.outcomes import Alternative, Conflict, FieldError
from services.ingress.api.models.base import Answered
from services.ingress.domain.problems import CODES


class PendingCommand(Answered):
    """A command without an outcome yet."""

    command_id: UUID
    status: Literal["pending"]


class ReportAccepted(Answered):
    """A delivery report that Kafka has; `id` follows from its body."""

    id: UUID
    status: Literal["accepted"]


class FieldFlaw(FieldError):
    """An error in one field; `params` has the limits that the message names, such as `{"max": 200}`."""

    params: dict[str, str | int | list[str]] = Field(default_factory=dict)


class Problem(BaseModel):
    """RFC 9457 problem details; contracts/codes.json lists all codes.

    `errors`: what is wrong with single fields. `conflicts`: busy ranges in the way. `alternatives`: the
    nearest times that can be booked instead.
    """

    type: str
    title: str
    status: int
    detail: str
    code: Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(CODES)})]
    errors: list[FieldFlaw] = Field(default_factory=list)
    conflicts: list[Conflict] = Field(default_factory=list)
    alternatives: list[Alternative] = Field(default_factory=list)
