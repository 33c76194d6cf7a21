"""How a layout and the words of a language become the texts of each channel.

An e-mail is tables and inline styles, because every mail program understands these.
"""

from collections.abc import Mapping
from string import Template as Frame

from notifications.preferences import EMAIL, IN_APP, PUSH, SMS
from notifications.templates.language import Language, Words
from notifications.templates.layouts import Layout, Row

Texts = Mapping[str, Mapping[str, str]]
"""The texts of a template by channel and by name, such as `subject`."""

# `$name` is filled in here, `{{name}}` by the Communication Service.
_PAGE = Frame("""\
<!doctype html>
<html lang="$language">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light">
<title>$subject</title>
</head>
<body style="margin:0;padding:0;background:#eef1f5">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="background:#eef1f5">
<tr><td align="center" style="padding:28px 12px">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" style="max-width:560px;background:#ffffff;\
border-top:5px solid $color;border-radius:10px;font:16px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;\
color:#1f2733">
<tr><td style="padding:28px 32px 32px">
<p style="margin:0 0 4px;font-size:13px;font-weight:600;color:$color">$title</p>
<h1 style="margin:0 0 18px;font-size:23px;line-height:1.3;font-weight:650;overflow-wrap:anywhere">$heading</h1>
<p style="margin:0 0 12px">$greeting</p>
<p style="margin:0 0 20px;overflow-wrap:anywhere">$opening</p>
$passage$rows$button</td></tr>
</table>
<p style="max-width:560px;margin:14px auto 0;padding:0 20px;font:13px/1.5 -apple-system,'Segoe UI',Roboto,Helvetica,Arial,\
sans-serif;color:#667080">$because</p>
</td></tr>
</table>
</body>
</html>
""")
_PASSAGE = Frame(
    '<div style="margin:0 0 20px;padding:14px 18px;background:#f5f7fa;border-left:3px solid $color;'
    'border-radius:6px;overflow-wrap:anywhere">$passage</div>\n'
)
_ROWS = Frame(
    '<table role="presentation" width="100%" cellpadding="0" cellspacing="0" '
    'style="margin:0 0 8px;border-collapse:collapse;font-size:15px">\n$rows</table>\n'
)
_ROW = Frame(
    '<tr><td width="34%" style="padding:8px 12px 8px 0;border-top:1px solid #e4e8ee;vertical-align:top;'
    'color:#667080">$label</td><td style="padding:8px 0;border-top:1px solid #e4e8ee;vertical-align:top;'
    'white-space:pre-line;overflow-wrap:anywhere">$value</td></tr>\n'
)
_BUTTON = Frame(
    '<p style="margin:20px 0 0"><a href="$link" style="display:inline-block;padding:11px 22px;border-radius:7px;'
    'background:$color;color:#ffffff;font-weight:600;text-decoration:none">$text</a></p>\n'
)


def texts(layout: Layout, language: Language) -> Texts:
    """Return the texts that are registered for each channel of the template."""
    words = language.words[layout.id]
    short = {"title": words.title, "body": words.short}
    every = {
        EMAIL: {
            "subject": words.subject,
            "html_body": _html(layout, language, words),
            "text_body": _plain(layout, language, words),
        },
        SMS: {"body": words.short},
        IN_APP: {"title": words.title, "body": _in_app(layout, words), "action_url": layout.page},
        PUSH: short,
    }
    return {channel: every[channel] for channel in layout.channels}


def _html(layout: Layout, language: Language, words: Words) -> str:
    rows = "".join(_only_with(row, _html_row(row, language)) for row in layout.rows)
    passage = layout.passage and _PASSAGE.substitute(passage=layout.passage[1], color=layout.color)
    button = layout.link and _BUTTON.substitute(
        link=f"{{{{{layout.link}}}}}", text=words.button, color=layout.color
    )
    return _PAGE.substitute(
        language=language.code,
        subject=words.subject,
        color=layout.color,
        title=words.title,
        heading=f"{{{{{layout.heading}}}}}",
        greeting=language.greeting,
        opening=words.opening,
        passage=passage or "",
        rows=_ROWS.substitute(rows=rows) if rows else "",
        button=button or "",
        because=words.because or language.because,
    )


def _html_row(row: Row, language: Language) -> str:
    value = f"{{{{{row.variable}}}}}"
    shown = f'<a href="{value}" style="color:#0b5cad">{value}</a>' if row.is_link else value
    return _ROW.substitute(label=language.labels[row.label], value=shown)


def _plain(layout: Layout, language: Language, words: Words) -> str:
    rows = "".join(
        _only_with(row, f"\n{language.labels[row.label]}: {{{{{row.variable}}}}}") for row in layout.rows
    )
    paragraphs = [
        language.greeting,
        words.opening,
        layout.passage[0] if layout.passage else "",
        rows.removeprefix("\n"),  # the first row is never optional
        f"{words.button}: {{{{{layout.link}}}}}" if layout.link else "",
        f"-- \n{words.because or language.because}",
    ]
    return "\n\n".join(paragraph for paragraph in paragraphs if paragraph) + "\n"


def _in_app(layout: Layout, words: Words) -> str:
    return f"{words.opening}\n{layout.passage[0]}" if layout.passage else words.opening


def _only_with(row: Row, text: str) -> str:
    return f"{{{{#if {row.variable}}}}}{text}{{{{/if}}}}" if row.optional else text
