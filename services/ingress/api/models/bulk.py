"""One command to many appointments."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import AfterValidator, Field, ValidationInfo, field_validator
from pydantic_core import PydanticCustomError

from contracts.fields import CommandBody, Reason
from services.ingress.api.models.base import Answered

IDS_MAX = 50


def _each_once(ids: list[UUID]) -> list[UUID]:
    return list(dict.fromkeys(ids))


class BulkCommand(CommandBody):
    """The same answer to many appointments, or their cancellation; each is decided by itself."""

    operation: Literal["confirm", "decline", "cancel"]
    ids: Annotated[list[UUID], Field(min_length=1, max_length=IDS_MAX), AfterValidator(_each_once)]
    reason: Reason | None = Field(None, description="Of `decline` and `cancel`.")

    @field_validator("reason")
    @classmethod
    def _has_a_use(cls, reason: str | None, info: ValidationInfo) -> str | None:
        if reason is not None and info.data.get("operation") == "confirm":
            raise PydanticCustomError("extra_forbidden", "A confirmation has no reason")
        return reason


class BulkOutcome(Answered):
    """The outcome for one appointment; a pending one is decided later: its outcome can be read at `outcome`."""

    id: UUID
    status: Literal["accepted", "refused", "pending"]
    code: str | None
    detail: str | None
    version: int | None
    outcome: str


class BulkOutcomes(Answered):
    """An outcome for each appointment, in the order of the request."""

    items: list[BulkOutcome]
