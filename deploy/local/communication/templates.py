"""Message templates: `{{variable}}` and `{{#if variable}}…{{/if}}`, checked when registered, then rendered."""

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.fields import Channel
from deploy.local.communication.payloads import Channels, Name

# What each channel's template must say at the least; `html_body`, `action_url` and others may be added.
REQUIRED_TEXTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("subject", "text_body"),
    Channel.SMS: ("body",),
    Channel.IN_APP: ("title", "body"),
    Channel.PUSH: ("title", "body"),
}
_TAG = re.compile(r"\{\{\s*(#if\s+\w+|/if|\w+)\s*\}\}")


@dataclass(frozen=True, slots=True)
class Variable:
    """Replaced by its value."""

    name: str


@dataclass(frozen=True, slots=True)
class Guarded:
    """Rendered only if `name` has a value that is not empty."""

    name: str
    parts: "Parts"


Parts = tuple[str | Variable | Guarded, ...]


class VariableDeclaration(BaseModel):
    """A variable that need not be given when `required` is false."""

    name: Name
    required: bool = True


class Template(BaseModel):
    """A template as it is registered.

    A variable declared by its name alone is required, unless all its uses stand inside its own `{{#if}}`.
    """

    model_config = ConfigDict(extra="allow")

    id: Name
    name: Name
    channels: Channels
    variables: list[Name | VariableDeclaration] = Field(default_factory=list)
    email_template: dict[str, str] | None = None
    sms_template: dict[str, str] | None = None
    in_app_template: dict[str, str] | None = None
    push_template: dict[str, str] | None = None
    priority: Literal["low", "normal", "high"] = "normal"
    version: int | str = 1

    @model_validator(mode="after")
    def _complete(self) -> "Template":
        for channel in self.channels:
            missing = [text for text in REQUIRED_TEXTS[channel] if text not in self.texts(channel)]
            if missing:
                raise ValueError(f"{channel}_template lacks {', '.join(missing)}")
            for text in self.texts(channel).values():
                parsed(text)
        return self

    def texts(self, channel: Channel) -> dict[str, str]:
        """The texts of one channel by their name, such as `subject`."""
        return getattr(self, f"{channel}_template") or {}


class Compiled:
    """A template ready to render, and what it needs."""

    def __init__(self, template: Template) -> None:
        self._texts = {
            channel: {name: parsed(text) for name, text in template.texts(channel).items()}
            for channel in template.channels
        }
        self.required = frozenset(_required(template, self._bare()))

    @property
    def channels(self) -> set[Channel]:
        """The channels that this template has texts for."""
        return set(self._texts)

    def missing(self, data: Mapping[str, Any]) -> list[str]:
        """Required variables that `data` lacks or has as null, sorted."""
        return sorted(name for name in self.required if data.get(name) is None)

    def render(self, channels: list[Channel], data: Mapping[str, Any]) -> dict[str, dict[str, str]]:
        """What a person would read, by channel; values are escaped where the text is HTML."""
        values = {name: "" if value is None else str(value) for name, value in data.items()}
        escaped: dict[str, str] = {}
        rendered: dict[str, dict[str, str]] = {}
        for channel in channels:
            rendered[channel.value] = texts = {}
            for name, parts in self._texts[channel].items():
                if name == "html_body":
                    escaped = escaped or {key: html.escape(value) for key, value in values.items()}
                texts[name] = "".join(_pieces(parts, escaped if name == "html_body" else values))
        return rendered

    def _bare(self) -> set[str]:
        texts = (parts for channel in self._texts.values() for parts in channel.values())
        return {name for parts in texts for name in _unguarded(parts, frozenset())}


def parsed(text: str) -> Parts:
    """The parts of a template text. Raises ValueError if an `{{#if}}` and its `{{/if}}` do not match."""
    stack: list[tuple[str, list[str | Variable | Guarded]]] = [("", [])]
    for index, token in enumerate(_TAG.split(text)):
        if index % 2 == 0:
            stack[-1][1].append(token)
        elif token == "/if":  # noqa: S105 - a tag, not a secret
            _close(stack)
        elif token.startswith("#if"):
            stack.append((token[3:].strip(), []))
        else:
            stack[-1][1].append(Variable(token))
    if len(stack) > 1:
        raise ValueError(f"{{{{#if {stack[-1][0]}}}}} is never closed")
    return tuple(stack[0][1])


def _close(stack: list[tuple[str, list[str | Variable | Guarded]]]) -> None:
    if len(stack) == 1:
        raise ValueError("{{/if}} without an {{#if}}")
    name, parts = stack.pop()
    stack[-1][1].append(Guarded(name, tuple(parts)))


def _pieces(parts: Parts, values: Mapping[str, str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, str):
            yield part
        elif isinstance(part, Variable):
            yield values.get(part.name, "")
        elif values.get(part.name):
            yield from _pieces(part.parts, values)


def _unguarded(parts: Parts, guards: frozenset[str]) -> Iterator[str]:
    for part in parts:
        if isinstance(part, Variable) and part.name not in guards:
            yield part.name
        elif isinstance(part, Guarded):
            yield from _unguarded(part.parts, guards | {part.name})


def _required(template: Template, bare: set[str]) -> Iterator[str]:
    for variable in template.variables:
        if isinstance(variable, VariableDeclaration):
            if variable.required:
                yield variable.name
        elif variable in bare:
            yield variable
