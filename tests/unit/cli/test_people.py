"""A person is named by an id, an address, or how a name begins; and shown with an id that is never cut."""

import os
import shutil
from typing import Any

import pytest
import typer

from cli.stack import people
from cli.stack.people import matching, person_of

MIRA = "0192d1aa-0000-7000-8000-000000000001"


def person(name: str, email: str, identifier: str = MIRA) -> dict[str, Any]:
    """A person as the sandbox lists one."""
    return {
        "id": identifier,
        "name": name,
        "email": email,
        "timezone": "Europe/Berlin",
        "roles": ["member"],
    } | {
        "organization_id": MIRA,
        "locale": "de",
    }


EVERYBODY = [
    person("Mira Hoffmann", "mira@nordlicht.example"),
    person("Maya Bennett", "maya@harbor.example", MIRA[:-1] + "2"),
    person("Jonas Becker", "jonas@nordlicht.example", MIRA[:-1] + "3"),
]


@pytest.mark.parametrize(
    "word", ["mira", "Mira", "MIRA@nordlicht.example", "hoff", "mira hoffmann", MIRA, MIRA.upper()]
)
def test_a_person_is_found_by_any_beginning(word: str) -> None:
    assert person_of(EVERYBODY, word)["email"] == "mira@nordlicht.example"


def test_several_are_no_person_and_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(matching(EVERYBODY, "m")) == 2
    with pytest.raises(typer.Exit) as stopped:
        person_of(EVERYBODY, "m")
    assert stopped.value.exit_code == 2
    assert "mira@nordlicht.example, maya@harbor.example" in capsys.readouterr().err


def test_an_unknown_name_is_met_with_the_nearest(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stopped:
        person_of(EVERYBODY, "myra")
    assert stopped.value.exit_code == 2
    assert "did you mean mira?" in capsys.readouterr().err


@pytest.mark.parametrize("columns", [40, 60, 100, 160])
def test_ids_and_addresses_stay_whole_in_any_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "get_terminal_size", lambda: os.terminal_size((columns, 24)))
    people._show(EVERYBODY, everyone=True)
    lines = capsys.readouterr().out.splitlines()
    for one in EVERYBODY:
        for shown in (one["id"], one["email"]):
            assert sum(shown in line for line in lines) == 1
    assert all(len(line) <= max(columns, 42) for line in lines)
