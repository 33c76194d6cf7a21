"""The syntax of message texts: `{{variable}}`, `{{{variable}}}` for a value that is HTML already, `{{#if
variable}}…{{/if}}`.
"""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

_TAG = re.compile(r"(\{\{\{\s*\w+\s*\}\}\}|\{\{\s*(?:#if\s+\w+|/if|\w+)\s*\}\})")


@dataclass(frozen=True, slots=True)
class Variable:
    """Replaced by its value; in an HTML text escaped, unless it is HTML already."""

    name: str
    is_html: bool = False


@dataclass(frozen=True, slots=True)
class Guarded:
    """Rendered only if `name` has a value that is not empty."""

    name: str
    parts: "Parts"


Parts = tuple[str | Variable | Guarded, ...]


@lru_cache(maxsize=1_000)
def parsed(text: str) -> Parts:
    """The parts of a text. Raises ValueError if an `{{#if}}` and its `{{/if}}` do not match."""
    stack: list[tuple[str, list[str | Variable | Guarded]]] = [("", [])]
    for index, token in enumerate(_TAG.split(text)):
        if index % 2 == 0:
            stack[-1][1].append(token)
            continue
        tag = token.strip("{} \t\n")
        if tag == "/if":
            _close(stack)
        elif tag.startswith("#if"):
            stack.append((tag[3:].strip(), []))
        else:
            stack[-1][1].append(Variable(tag, token.startswith("{{{")))
    if len(stack) > 1:
        raise ValueError(f"{{{{#if {stack[-1][0]}}}}} is never closed")
    return tuple(stack[0][1])


def render(parts: Parts, values: Mapping[str, str], *, as_html: bool = False) -> str:
    """Return the text with its values; a missing value is empty. as_html: the text is HTML, its values are
    escaped.
    """
    return "".join(_pieces(parts, values, as_html))


def used(parts: Parts) -> set[str]:
    """Every variable that is shown or asked for."""
    names: set[str] = set()
    for part in parts:
        if isinstance(part, Variable):
            names.add(part.name)
        elif isinstance(part, Guarded):
            names |= {part.name} | used(part.parts)
    return names


def needed(parts: Parts) -> set[str]:
    """The variables without which there is a hole: those that are shown outside of their own `{{#if}}`."""
    return set(_unguarded(parts, frozenset()))


def _close(stack: list[tuple[str, list[str | Variable | Guarded]]]) -> None:
    if len(stack) == 1:
        raise ValueError("{{/if}} without an {{#if}}")
    name, parts = stack.pop()
    stack[-1][1].append(Guarded(name, tuple(parts)))


def _pieces(parts: Parts, values: Mapping[str, str], as_html: bool) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Variable):
            value = values.get(part.name, "")
            yield html.escape(value) if as_html and not part.is_html else value
        elif values.get(part.name):
            yield from _pieces(part.parts, values, as_html)


def _unguarded(parts: Parts, guards: frozenset[str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Variable) and part.name not in guards:
            yield part.name
        elif isinstance(part, Guarded):
            yield from _unguarded(part.parts, guards | {part.name})
