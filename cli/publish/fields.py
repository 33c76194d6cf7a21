"""The commands that can be published, and the fields of each."""

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from cli.console import say
from contracts.catalog import COMMANDS

JSON = dict[str, Any]
_NAMES = {
    "string": "text",
    "integer": "number",
    "number": "number",
    "boolean": "true or false",
    "object": "object",
}
_FORMATS = {"uuid": "id", "date-time": "time", "uri": "address"}


def show_types() -> None:
    """Print every command with its description."""
    width = max(map(len, COMMANDS))
    for name, command in COMMANDS.items():
        say(f"{name:<{width}}  {command.description}")


def show_fields(kind: str) -> None:
    """Print the fields of a command: name, type, whether it must be given, and its default."""
    rows = list(fields_of(COMMANDS[kind].body))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    say(f"{kind}: {COMMANDS[kind].description}")
    for name, type_, note in rows:
        say(f"  {name:<{widths[0]}}  {type_:<{widths[1]}}  {note}".rstrip())


def fields_of(body: type[BaseModel]) -> Iterator[tuple[str, str, str]]:
    """Yield name, type and remark of each field, those of nested objects as a.b; required ones first."""
    schema = body.model_json_schema()
    yield from _fields(schema, schema.get("$defs", {}), "")


def _fields(schema: JSON, known: JSON, before: str) -> Iterator[tuple[str, str, str]]:
    required = schema.get("required", [])
    for name, field in sorted(schema["properties"].items(), key=lambda item: item[0] not in required):
        options = [_resolved(one, known) for one in field.get("anyOf", [field])]
        given = [one for one in options if one.get("type") != "null"]
        yield (
            before + name,
            " or ".join(dict.fromkeys(_type(one, known) for one in given)),
            _note(field, name in required),
        )
        for one in given:
            if "properties" in one and not before:
                yield from _fields(one, known, f"{name}.")


def _resolved(schema: JSON, known: JSON) -> JSON:
    reference = schema.get("$ref")
    found: JSON = known[reference.rpartition("/")[2]] if reference else schema
    return found


def _type(schema: JSON, known: JSON) -> str:
    if "enum" in schema or "const" in schema:
        return "|".join(map(str, schema.get("enum", [schema.get("const")])))
    if schema.get("type") == "array":
        return f"list of {_type(_resolved(schema.get('items', {}), known), known)}"
    return _FORMATS.get(schema.get("format", ""), _NAMES.get(schema.get("type", ""), "any"))


def _note(field: JSON, required: bool) -> str:
    if required:
        return "required"
    default = field.get("default")
    return (
        ""
        if default in (None, [], {}, "")
        else f"default {str(default).lower() if isinstance(default, bool) else default}"
    )
