"""Fields of a call as the command line gives them: `name=value`, people by name."""

import json
from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from cli.console import EXIT_USAGE, fail

JSON = dict[str, Any]
ONE_PERSON = ("user_id", "organizer_id", "participant_id", "owner_id", "recipient_id")
SEVERAL = ("participant_ids", "user_ids")


def query_of(assignments: Sequence[str], person_id: Callable[[str], str]) -> tuple[tuple[str, str], ...]:
    """Return the parameters of a query; a repeated name repeats."""
    found = []
    for name, text in map(_split, assignments):
        people = name in ONE_PERSON or name in SEVERAL
        values = [_id(part, person_id) for part in text.split(",")] if people else [text]
        found.append((name, ",".join(values)))
    return tuple(found)


def body_of(assignments: Sequence[str], person_id: Callable[[str], str]) -> JSON:
    """Return the JSON object of a body: `a.b=V` nests; V is JSON, else text; a repeated list of people is
    joined.
    """
    body: JSON = {}
    for name, text in map(_split, assignments):
        *parents, last = name.split(".")
        place = body
        for parent in parents:
            place = place.setdefault(parent, {})
            if not isinstance(place, dict):
                fail(f"{name}={text}: {parent} is not an object", EXIT_USAGE)
        if last in SEVERAL:
            place[last] = [*place.get(last, []), *_several(text, person_id)]
        elif last in ONE_PERSON and text:
            place[last] = _id(text, person_id)
        else:
            place[last] = _value(text)
    return body


def picked(document: Any, path: str) -> Any:
    """Return the value at `a.b` or `items.0.id`; exit with 1 when there is none."""
    value = document
    for part in path.split("."):
        if isinstance(value, list) and part.isdecimal() and int(part) < len(value):
            value = value[int(part)]
        elif isinstance(value, dict) and part in value:
            value = value[part]
        else:
            known = f" (there are: {', '.join(value)})" if isinstance(value, dict) else ""
            fail(f"the answer has no {path!r}{known}")
    return value


def _split(assignment: str) -> tuple[str, str]:
    name, equals, text = assignment.partition("=")
    if not equals or not name:
        fail(f"a field has the form name=value, not {assignment!r}", EXIT_USAGE)
    return name, text


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _several(text: str, person_id: Callable[[str], str]) -> list[str]:
    given = _value(text)
    words = given if isinstance(given, list) else [part.strip() for part in text.split(",")]
    return [_id(str(word), person_id) for word in words if word]


def _id(word: str, person_id: Callable[[str], str]) -> str:
    """Return a UUID as it is, and the id of the person that another word means."""
    try:
        return str(UUID(word))
    except ValueError:
        return person_id(word)
