"""The errors of a body that does not fit its model, as plain values: no input is repeated, because it may be huge or secret."""

from typing import NamedTuple

from pydantic import ValidationError

FLAWS_MAX = 50
FIELD_MAX = 200


class Flaw(NamedTuple):
    """An error of one field: `field` is a path such as `participant_ids.3`, "" for the whole body."""

    field: str
    code: str
    message: str


def flaws(error: ValidationError) -> list[Flaw]:
    """The errors of a pydantic model, at most 50; a field name, which the sender may have made up, is cut."""
    return [
        Flaw(".".join(map(str, item["loc"]))[:FIELD_MAX], item["type"], item["msg"])
        for item in error.errors(include_url=False, include_input=False, include_context=False)[:FLAWS_MAX]
    ]
