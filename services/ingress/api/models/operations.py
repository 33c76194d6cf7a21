"""Health of the process as the API answers it."""

from pydantic import Field

from services.ingress.api.models.base import Answered


class HaltedPartition(Answered):
    """A partition that needs a person."""

    topic: str
    partition: int
    reason: str


class Health(Answered):
    """The state of the ingress; `waiting`, `down` and `halted` name parts, `reasons` says why."""

    service: str
    version: str
    live: bool
    ready: bool
    started: bool
    lag: int
    waiting: list[str]
    down: list[str]
    halted: list[HaltedPartition]
    reasons: dict[str, str]
    streams: int = Field(ge=0, description="Live streams that are open.")


class Liveness(Answered):
    """Whether the process should go on."""

    service: str
    live: bool


class Document(Answered):
    """An OpenAPI document, as far as readers of this one need to know."""

    openapi: str
    paths: dict[str, object]
