"""Compatibility check: a changed schema must accept every message that the old one accepted.

Events are kept for ever and commands for 14 days: whatever was valid when it was written must parse for as long as
it can be read. Compares JSON Schemas of the kinds that our models produce; an unknown construct counts as a break.
"""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]

# A bound that is absent bounds nothing; a new one may only be wider than the old.
_LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
_UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
_SAME = ("pattern", "format", "uniqueItems", "multipleOf")


def breaks(old: Schema, new: Schema) -> list[str]:
    """Return the breaks for old messages, as `path: reason`; empty if every old message still parses.

    Removing an optional field that readers ignore is fine; removing a required one is not, because readers
    were promised it.
    """
    return list(_Comparison(old, new).compare(old, new, ""))


class _Comparison:
    """Two documents, each with its own definitions."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self._old = old.get("$defs", {})
        self._new = new.get("$defs", {})

    def compare(self, old: Any, new: Any, path: str) -> Iterator[str]:
        """Why something that `old` accepts at `path` is not accepted by `new`."""
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if old == new and self._old == self._new:
            return
        options = _options(new)
        for option in _options(old):
            attempts = [list(self._one(option, candidate, path)) for candidate in options]
            if all(attempts):
                yield from min(attempts, key=len)

    def _one(self, old: Any, new: Any, path: str) -> Iterator[str]:
        old, new = _resolved(old, self._old), _resolved(new, self._new)
        if _unbounded(new):
            return
        if _unbounded(old):
            yield f"{path or 'the body'}: anything was accepted, now only {_kind(new)} is"
            return
        if "anyOf" in old or "anyOf" in new:
            yield from self.compare(old, new, path)
            return
        if _kind(old) != _kind(new):
            yield f"{path or 'the body'}: was {_kind(old)}, is {_kind(new)}"
            return
        yield from _narrowed(old, new, path or "the body")
        yield from self._object(old, new, path)
        if "items" in new:
            yield from self.compare(old.get("items", True), new["items"], f"{path}[]")

    def _object(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        was, now = old.get("properties", {}), new.get("properties", {})
        for name in new.get("required", []):
            if name not in old.get("required", []):
                yield f"{_join(path, name)}: is required now"
        for name in was:
            if name in now:
                yield from self.compare(was[name], now[name], _join(path, name))
            elif name in old.get("required", []):
                yield f"{_join(path, name)}: was promised to readers and is gone"
            elif new.get("additionalProperties") is False:
                yield f"{_join(path, name)}: is refused now"
        yield from self._names(old, new, path)

    def _names(self, old: Schema, new: Schema, path: str) -> Iterator[str]:
        """About fields that have no name in the schema: unknown ones, and keys of dictionaries."""
        if "object" in (old.get("type"), new.get("type")):
            rest = new.get("additionalProperties", True)
            if rest is False and old.get("additionalProperties", True) is not False:
                yield f"{path or 'the body'}: unknown fields are refused now"
            elif isinstance(rest, dict):
                yield from self.compare(old.get("additionalProperties", True), rest, _join(path, "*"))
        if "propertyNames" in new:
            yield from self.compare(
                old.get("propertyNames", True), new["propertyNames"], _join(path, "[key]")
            )


def _unbounded(schema: Any) -> bool:
    """Return whether a schema accepts anything: it has nothing but annotations."""
    return schema is True or not schema.keys() - {"title", "description", "default", "examples"}


def _resolved(schema: Any, definitions: Schema) -> Any:
    while isinstance(schema, dict) and "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    return schema


def _options(schema: Any) -> list[Any]:
    return list(schema["anyOf"]) if isinstance(schema, dict) and "anyOf" in schema else [schema]


def _kind(schema: Schema) -> str:
    kind = schema.get("type")
    if kind is None and ("const" in schema or "enum" in schema):
        return "string"
    return str(kind or "anything")


def _narrowed(old: Schema, new: Schema, path: str) -> Iterator[str]:
    gone = _values(old) - _values(new) if _values(new) else set()
    if _values(new) and not _values(old):
        yield f"{path}: only {sorted(_values(new))} are accepted now"
    for value in sorted(gone):
        yield f"{path}: {value!r} is refused now"
    for keyword in _LOWER:
        if keyword in new and new[keyword] > old.get(keyword, float("-inf")):
            yield f"{path}: {keyword} rose to {new[keyword]}"
    for keyword in _UPPER:
        if keyword in new and new[keyword] < old.get(keyword, float("inf")):
            yield f"{path}: {keyword} fell to {new[keyword]}"
    for keyword in _SAME:
        if keyword in new and new[keyword] != old.get(keyword):
            yield f"{path}: {keyword} is {new[keyword]!r} now"


def _values(schema: Schema) -> set[str]:
    return {str(schema["const"])} if "const" in schema else {str(value) for value in schema.get("enum", ())}


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
