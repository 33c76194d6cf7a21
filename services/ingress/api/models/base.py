"""The base of all bodies that only the API answers."""

from pydantic import BaseModel, ConfigDict


class Answered(BaseModel):
    """A body of an answer: every field is always there; readers ignore fields that they do not know.

    A model with SOME_ABSENT leaves out fields that have a default.
    """

    model_config = ConfigDict(frozen=True, json_schema_serialization_defaults_required=True)


SOME_ABSENT = ConfigDict(frozen=True, json_schema_serialization_defaults_required=False)
