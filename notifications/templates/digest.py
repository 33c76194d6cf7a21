"""The list of a digest, ready to render: variables are texts, so the lines are made here and their values
escaped here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

from notifications.preferences import IN_APP
from notifications.templates.catalogue import TEMPLATES


@dataclass(frozen=True, slots=True)
class Entry:
    """One update: a headline, a sentence or two, and where to read on (perhaps nowhere)."""

    title: str
    text: str
    link: str = ""


def entry_of(template_id: str, locale: str, data: Mapping[str, str]) -> Entry:
    """Return the in-app text of a notification, as the digest lists it."""
    content = TEMPLATES[template_id].rendered(IN_APP, locale, data)
    link = data.get("appointment_link") or data.get("confirmation_link") or ""
    return Entry(content["title"], content["body"], link)


def digest_variables(date: str, entries: Sequence[Entry]) -> dict[str, str]:
    """The variables of `appointment_digest_v1` but for the recipient's name; `date` as the recipient reads
    it.
    """
    return {
        "digest_date": date,
        "digest_count": str(len(entries)),
        "digest_text": "\n".join(_line(entry) for entry in entries),
        "digest_html": "\n".join(_paragraph(entry) for entry in entries),
    }


def _line(entry: Entry) -> str:
    text = entry.text.replace("\n", "\n  ")
    return f"• {entry.title}: {text}" + (f"\n  {entry.link}" if entry.link else "")


def _paragraph(entry: Entry) -> str:
    title, text = escape(entry.title), escape(entry.text)
    if entry.link:
        title = f'<a href="{escape(entry.link)}" style="color:#0b5cad;text-decoration:none">{title}</a>'
    return f'<p style="margin:6px 0;white-space:pre-line"><b>{title}</b><br>{text}</p>'
