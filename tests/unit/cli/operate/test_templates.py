"""`appointments templates` shows what people are told."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.console import EXIT_USAGE
from cli.operate import templates
from contracts.notifications import NotificationType


def run(*arguments: str) -> Result:
    return CliRunner().invoke(templates.app, arguments)


def lines(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_every_type_is_listed_with_its_channels_and_languages() -> None:
    rows = lines(run("ls"))
    assert {row["type"] for row in rows} == set(NotificationType)
    [reminder] = (row for row in rows if row["type"] == "appointment_reminder")
    assert reminder["channels"] == ["email", "sms", "in_app", "push"]
    assert reminder["locales"] == ["en", "de"]
    assert "appointment_title" in reminder["required"]
    assert "location" not in reminder["required"]


def test_a_message_is_shown_as_a_person_reads_it(tmp_path: Path) -> None:
    [shown] = lines(run("preview", "appointment_cancelled", "--channel", "sms", "--locale", "de"))
    assert shown["rendered"]["body"].startswith("Abgesagt: Quartalsgespräch, Freitag, 26. Februar 2027")
    page = tmp_path / "letter.html"
    [letter] = lines(run("preview", "appointment_digest_v1", "--html", str(page)))
    assert letter["channel"] == "email"
    assert page.read_text("utf-8") == letter["rendered"]["html_body"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(("nothing",), "no type of notification called nothing", id="no such type"),
        pytest.param(("appointment_created", "--channel", "push"), "not for push", id="no text"),
        pytest.param(
            ("appointment_created", "--channel", "sms", "--html", "x.html"),
            "--html is for e-mail",
            id="no HTML",
        ),
    ],
)
def test_what_cannot_be_shown_is_said_in_a_sentence(arguments: tuple[str, ...], sentence: str) -> None:
    result = run("preview", *arguments)
    assert result.exit_code == EXIT_USAGE
    assert not result.stdout
    assert sentence in result.stderr
