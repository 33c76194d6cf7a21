"""`appointments templates`: the notifications that people get, and how they look."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from cli.console import (
    EXIT_USAGE,
    JsonOption,
    did_you_mean,
    examples,
    fail,
    group,
    out,
    print_json,
    print_json_lines,
    warn,
)
from notifications.preferences import EMAIL
from notifications.preview import Listed, NoText, Preview, UnknownType, listed
from notifications.preview import preview as preview_of

app = group("templates", "List the notification templates, and preview one.", no_args_is_help=True)
_WIDTH = 90


@app.command("ls", epilog=examples("appointments templates ls"))
def ls(json: JsonOption = False) -> None:
    """List every type of notification with its template, channels and languages."""
    rows = listed()
    if json or not out.is_terminal:
        print_json_lines(asdict(row) for row in rows)
    else:
        _show_all(rows)


@app.command(
    "preview",
    epilog=examples(
        "appointments templates preview appointment_reminder",
        "appointments templates preview appointment_invitation --locale de --html invitation.html",
    ),
)
def preview(
    kind: Annotated[
        str,
        typer.Argument(
            metavar="TYPE", help="The type, for example appointment_reminder, or a template's id."
        ),
    ],
    channel: Annotated[
        str, typer.Option("--channel", metavar="email|sms|in_app|push", help="Show the text of this channel.")
    ] = EMAIL,
    locale: Annotated[
        str, typer.Option("--locale", help="Show this language; English where there is no text in it.")
    ] = "en",
    html: Annotated[
        Path | None,
        typer.Option(
            "--html", metavar="FILE", help="Write the HTML of the e-mail to this file.", dir_okay=False
        ),
    ] = None,
    json: JsonOption = False,
) -> None:
    """Show a message as a person reads it, with sample data."""
    try:
        shown = preview_of(kind, channel, locale)
    except UnknownType as error:
        near = did_you_mean(kind, [row.type for row in listed()])
        fail(f"there is no notification {kind[:60]!r}{near}" if near else str(error), EXIT_USAGE)
    except NoText as error:
        fail(str(error), EXIT_USAGE)
    if shown.locale.split("-")[0] != locale.replace("_", "-").split("-")[0].lower():
        warn(f"there is no text in {locale[:20]!r}: this is {shown.locale}")
    if html is not None:
        if "html_body" not in shown.rendered:
            fail(f"--html is for e-mail, and this is {channel}", EXIT_USAGE)
        html.write_text(shown.rendered["html_body"], encoding="utf-8")
    if json or not out.is_terminal:
        print_json(asdict(shown))
    else:
        _show(shown, html)


def _show_all(rows: list[Listed]) -> None:
    table = Table("type", "version", "priority", "channels", box=None, header_style="bold")
    table.columns[0].no_wrap = True
    for row in rows:
        table.add_row(row.type, str(row.version), row.priority, ", ".join(row.channels))
    out.print(table)
    out.print(f"[dim]each in {', '.join(rows[0].locales)}; appointments templates preview TYPE shows one[/]")


def _show(shown: Preview, html: Path | None) -> None:
    rendered = shown.rendered
    headline = rendered.get("subject") or rendered.get("title")
    body = Text()
    if headline:
        body.append(headline + "\n\n", style="bold")
    body.append((rendered.get("text_body") or rendered["body"]).rstrip())
    if page := rendered.get("action_url"):
        body.append(f"\n\n→ {page}", style="dim")
    about = f"{shown.template_id} version {shown.version} · {shown.channel} · {shown.locale}"
    out.print(Panel(body, title=about, title_align="left", padding=(1, 2), width=min(_WIDTH, out.width)))
    if html is not None:
        out.print(f"HTML written to {html}", style="dim", soft_wrap=True)
