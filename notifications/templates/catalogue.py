"""All templates: texts in every language, required variables, and the form in which they are registered."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from notifications import rendering
from notifications.languages import LANGUAGES, language
from notifications.templates.english import ENGLISH
from notifications.templates.frame import Texts, texts
from notifications.templates.german import GERMAN
from notifications.templates.layouts import LAYOUTS, Layout
from notifications.templates.versions import DIGESTS

_WORDS = {words.code: words for words in (ENGLISH, GERMAN)}

# The template of each type of notification.
TEMPLATE_OF: Mapping[str, str] = {
    "appointment_created": "appointment_confirmation_v1",
    "appointment_invitation": "appointment_invitation_v1",
    "appointment_updated": "appointment_update_v1",
    "appointment_confirmed": "appointment_confirmation_v1",
    "appointment_cancelled": "appointment_cancellation_v1",
    "appointment_rescheduled": "appointment_reschedule_v1",
    "appointment_reminder": "appointment_reminder_v1",
    "appointment_follow_up": "appointment_follow_up_v1",
    "no_show_alert": "no_show_alert_v1",
    "appointment_digest": "appointment_digest_v1",
    "appointment_announcement": "appointment_announcement_v1",
    "appointment_seat": "appointment_seat_v1",
}


@dataclass(frozen=True, slots=True)
class Template:
    """A template with its texts by language. required: variables without which a text would have a hole.

    version: how many digests of its content were noted in `versions`, so that a text cannot change without it.
    """

    layout: Layout
    texts: Mapping[str, Texts]
    required: frozenset[str]
    version: int

    @property
    def id(self) -> str:
        """Such as `appointment_reminder_v1`."""
        return self.layout.id

    def content(self) -> dict[str, Any]:
        """As the Communication Service registers it, but for the version: English, and the translations beside it."""
        return {
            "id": self.id,
            "name": ENGLISH.words[self.id].name,
            "priority": self.layout.priority,
            "channels": list(self.layout.channels),
            "variables": [*self.layout.variables, *map(_optional, self.layout.files)],
            "locale": ENGLISH.code,
            **_named(self.texts[ENGLISH.code]),
            "translations": {
                code: _named(translated) for code, translated in self.texts.items() if code != ENGLISH.code
            },
        }

    def registered(self) -> dict[str, Any]:
        """The body of its registration."""
        return self.content() | {"version": self.version}

    def digest(self) -> str:
        """Sixteen hexadecimal digits that change with any word of the content."""
        return hashlib.sha256(json.dumps(self.content(), sort_keys=True).encode()).hexdigest()[:16]

    def rendered(self, channel: str, locale: str, data: Mapping[str, str]) -> dict[str, str]:
        """The texts of one channel as a person reads them. Raises KeyError if the template has none for it."""
        return {
            name: rendering.render(rendering.parsed(text), data, as_html=name == "html_body")
            for name, text in self.texts[language(locale)][channel].items()
        }


def missing(template_id: str, data: Mapping[str, object]) -> list[str]:
    """The required variables that `data` lacks, has as null, or has without a single character; sorted.

    A template that is not known here (a newer service planned with it) is left to the Communication Service to judge.
    """
    template = TEMPLATES.get(template_id)
    return sorted(name for name in template.required if data.get(name) in (None, "")) if template else []


def _optional(file: str) -> dict[str, Any]:
    return {"name": file, "required": False}


def _named(texts_of: Texts) -> dict[str, Mapping[str, str]]:
    return {f"{channel}_template": texts_of_channel for channel, texts_of_channel in texts_of.items()}


def _required(written: Mapping[str, Texts]) -> Iterator[str]:
    for translated in written.values():
        for texts_of_channel in translated.values():
            for text in texts_of_channel.values():
                yield from rendering.needed(rendering.parsed(text))


def _template(layout: Layout) -> Template:
    written = {code: texts(layout, _WORDS[code]) for code in LANGUAGES}
    return Template(layout, written, frozenset(_required(written)), len(DIGESTS[layout.id]))


TEMPLATES: Mapping[str, Template] = {layout.id: _template(layout) for layout in LAYOUTS}
TEMPLATE_CHANNELS: Mapping[str, tuple[str, ...]] = {layout.id: tuple(layout.channels) for layout in LAYOUTS}
VARIABLES: Mapping[str, tuple[str, ...]] = {layout.id: tuple(layout.variables) for layout in LAYOUTS}
FILES: Mapping[str, tuple[str, ...]] = {layout.id: tuple(layout.files) for layout in LAYOUTS}
