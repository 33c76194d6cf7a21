"""The looks that all e-mails share, and how a template is put together."""

from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Any

from services.notifier.domain.kinds import TEMPLATE_CHANNELS

VERSION = 1
_CARD = (
    "font-family:system-ui,sans-serif;max-width:34rem;margin:0 auto;padding:1.5rem;"
    "border:1px solid #d8dee4;border-radius:.6rem;color:#1f2328"
)
_BUTTON = "display:inline-block;padding:.6rem 1.1rem;border-radius:.4rem;background:#0b5cad;color:#fff;text-decoration:none"

# Lines of an e-mail that only appear when there is something to say.
WHEN_AND_WHERE = (
    ("Date", "{{appointment_date}}", None),
    ("Time", "{{appointment_time}}", None),
    ("Place", "{{location}}", "location"),
    ("Join online", "{{meeting_url}}", "meeting_url"),
    ("Organizer", "{{organizer_name}}", None),
)
Row = tuple[str, str, str | None]


def template(
    identifier: str,
    name: str,
    *,
    variables: Sequence[str],
    subject: str,
    opening: str,
    rows: Sequence[Row] = WHEN_AND_WHERE,
    link: tuple[str, str],
    short: str,
    title: str,
    priority: str = "normal",
) -> dict[str, Any]:
    """A template as the Communication Service registers it, with a text for each of its channels.

    opening: what it is about, in a sentence or two. rows: label, value, and the variable without which the row is
    left out. link: its text and its variable. short: the SMS. title: the headline in the app and of a push message.
    """
    link_text, link_variable = link
    texts: Mapping[str, dict[str, str]] = {
        "email": {
            "subject": subject,
            "html_body": _html(opening, rows, link_text, link_variable),
            "text_body": _text(opening, rows, link_text, link_variable),
        },
        "sms": {"body": short},
        "in_app": {"title": title, "body": opening, "action_url": "/appointments/{{appointment_id}}"},
        "push": {"title": title, "body": short},
    }
    channels = TEMPLATE_CHANNELS[identifier]
    return {
        "id": identifier,
        "name": name,
        "version": VERSION,
        "priority": priority,
        "channels": list(channels),
        "variables": list(variables),
        **{f"{channel}_template": texts[channel] for channel in channels},
    }


def _html(opening: str, rows: Sequence[Row], link_text: str, link_variable: str) -> str:
    lines = "\n".join(_only_with(needs, f"<p><b>{label}</b><br>{value}</p>") for label, value, needs in rows)
    return dedent("""\
        <div style="{card}">
        <p>Hello {{{{recipient_name}}}},</p>
        <p>{opening}</p>
        {lines}
        <p><a href="{{{{{link_variable}}}}}" style="{button}">{link_text}</a></p>
        </div>""").format(
        card=_CARD,
        button=_BUTTON,
        opening=opening,
        lines=lines,
        link_text=link_text,
        link_variable=link_variable,
    )


def _text(opening: str, rows: Sequence[Row], link_text: str, link_variable: str) -> str:
    lines = "".join(_only_with(needs, f"{label}: {value}\n") for label, value, needs in rows)
    return f"Hello {{{{recipient_name}}}},\n\n{opening}\n\n{lines}\n{link_text}: {{{{{link_variable}}}}}\n"


def _only_with(variable: str | None, text: str) -> str:
    return f"{{{{#if {variable}}}}}{text}{{{{/if}}}}" if variable else text
