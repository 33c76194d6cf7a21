"""Message templates: checked when registered, then rendered in the language of the call."""

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from contracts.fields import Channel
from deploy.local.communication.payloads import Channels, Name
from notifications.rendering import needed, parsed, render

# The minimal texts of each channel's template; `html_body`, `action_url` and others may be added.
REQUIRED_TEXTS: Mapping[Channel, tuple[str, ...]] = {
    Channel.EMAIL: ("subject", "text_body"),
    Channel.SMS: ("body",),
    Channel.IN_APP: ("title", "body"),
    Channel.PUSH: ("title", "body"),
}


class VariableDeclaration(BaseModel):
    """A variable, optional if `required` is false."""

    name: Name
    required: bool = True


class Translation(BaseModel):
    """The texts of each channel in one language."""

    email_template: dict[str, str] | None = None
    sms_template: dict[str, str] | None = None
    in_app_template: dict[str, str] | None = None
    push_template: dict[str, str] | None = None

    def texts(self, channel: Channel) -> dict[str, str]:
        """The texts of one channel by their name, such as `subject`."""
        return getattr(self, f"{channel}_template") or {}


class Template(Translation):
    """A template as registered: its texts, written in `locale`, and optional other languages.

    A variable declared by its name alone is required, unless all its uses stand inside its own `{{#if}}`.
    """

    model_config = ConfigDict(extra="allow")

    id: Name
    name: Name
    channels: Channels
    variables: list[Name | VariableDeclaration] = Field(default_factory=list)
    priority: Literal["low", "normal", "high"] = "normal"
    version: int | str = 1
    locale: Name = "en"
    translations: dict[Name, Translation] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _complete(self) -> "Template":
        for channel in self.channels:
            for written in (self, *self.translations.values()):
                missing = [text for text in REQUIRED_TEXTS[channel] if text not in written.texts(channel)]
                if missing:
                    raise ValueError(f"{channel}_template lacks {', '.join(missing)}")
                for text in written.texts(channel).values():
                    parsed(text)
        return self


class Compiled:
    """A template ready to render, with its required variables."""

    def __init__(self, template: Template) -> None:
        languages = {template.locale: template, **template.translations}
        self._default = template.locale
        self._texts = {
            language: {
                channel: {name: parsed(text) for name, text in written.texts(channel).items()}
                for channel in template.channels
            }
            for language, written in languages.items()
        }
        self.channels = frozenset(template.channels)
        self.required = frozenset(_required(template, self._bare()))

    def missing(self, data: Mapping[str, Any]) -> list[str]:
        """Return the required variables that `data` lacks or has as null, sorted."""
        return sorted(name for name in self.required if data.get(name) is None)

    def render(
        self, channels: list[Channel], data: Mapping[str, Any], locale: str | None = None
    ) -> dict[str, dict[str, str]]:
        """Return the rendered texts by channel; an unknown locale gets the template's own language."""
        values = {name: "" if value is None else str(value) for name, value in data.items()}
        texts = self._texts[self._language(locale or self._default)]
        return {
            channel.value: {
                name: render(parts, values, as_html=name == "html_body")
                for name, parts in texts[channel].items()
            }
            for channel in channels
        }

    def _language(self, locale: str) -> str:
        """Return the texts for `de-AT`, else `de`, else the template's own language."""
        candidates = (locale, locale.replace("_", "-").split("-")[0].lower())
        return next((known for known in candidates if known in self._texts), self._default)

    def _bare(self) -> set[str]:
        return {
            name
            for written in self._texts.values()
            for texts in written.values()
            for parts in texts.values()
            for name in needed(parts)
        }


def _required(template: Template, bare: set[str]) -> Iterator[str]:
    for variable in template.variables:
        if isinstance(variable, VariableDeclaration):
            if variable.required:
                yield variable.name
        elif variable in bare:
            yield variable
