"""The base of all bodies that only the API answers."""

from pydantic import BaseModel, ConfigDict


class Answered(BaseModel):
    """A body of an answer: every field is always there; readers ignore fields that they do not know."""

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)
