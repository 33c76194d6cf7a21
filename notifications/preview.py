"""Preview of every message with sample data."""

from dataclasses import dataclass

from notifications.languages import language
from notifications.templates.catalogue import TEMPLATE_OF, TEMPLATES, Template
from notifications.templates.samples import sample


class UnknownType(Exception):
    """There is no such type of notification."""


class NoText(Exception):
    """That template has no text for this channel."""


@dataclass(frozen=True, slots=True)
class Preview:
    """One template on one channel. locale: the language that it is written in, which may not be the one asked
    for.
    """

    type: str
    template_id: str
    version: int
    channel: str
    locale: str
    variables: dict[str, str]
    rendered: dict[str, str]


@dataclass(frozen=True, slots=True)
class Listed:
    """The message of a type of notification. required: the variables without which it is not sent."""

    type: str
    template_id: str
    version: int
    priority: str
    channels: tuple[str, ...]
    locales: tuple[str, ...]
    variables: tuple[str, ...]
    required: tuple[str, ...]


def listed() -> list[Listed]:
    """Every type with its template."""
    return [_listed(kind, TEMPLATES[template_id]) for kind, template_id in TEMPLATE_OF.items()]


def _listed(kind: str, template: Template) -> Listed:
    layout = template.layout
    return Listed(
        kind,
        template.id,
        template.version,
        layout.priority,
        tuple(layout.channels),
        tuple(template.texts),
        (*layout.variables, *layout.files),
        tuple(sorted(template.required)),
    )


def preview(kind: str, channel: str, locale: str) -> Preview:
    """The texts of a type of notification (or of a template, by its id). Raises UnknownType or NoText."""
    template = TEMPLATES.get(TEMPLATE_OF.get(kind, kind))
    if template is None:
        raise UnknownType(
            f"There is no type of notification called {kind}; there are {', '.join(TEMPLATE_OF)}"
        )
    if channel not in template.layout.channels:
        raise NoText(f"{kind} has texts for {', '.join(template.layout.channels)}, not for {channel}")
    data = sample(template.id, locale)
    return Preview(
        kind,
        template.id,
        template.version,
        channel,
        language(locale),
        data,
        template.rendered(channel, locale, data),
    )
