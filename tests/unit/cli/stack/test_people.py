"""Single fields of a person, for scripts."""

from types import SimpleNamespace

import pytest
import typer

from cli.stack import people

MIRA = {
    "id": "3d1c7ec6-0000-4000-8000-000000000001",
    "name": "Mira Sander",
    "email": "mira@nordlicht.example",
    "organization_id": "7f3a0000-0000-4000-8000-000000000002",
    "timezone": "Europe/Berlin",
    "locale": "de",
    "roles": ["member", "admin"],
}


@pytest.fixture(autouse=True)
def sandbox(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(people, "running_stack", lambda _: SimpleNamespace(urls={"IDENTITY_URL": ""}))
    monkeypatch.setattr(people, "fetch_people", lambda _: [MIRA])


@pytest.mark.parametrize(
    ("field", "value"),
    [("organization_id", MIRA["organization_id"]), ("id", MIRA["id"]), ("roles", "member,admin")],
)
def test_one_field_of_a_person_is_printed_alone(
    field: str, value: str, capsys: pytest.CaptureFixture[str]
) -> None:
    people.people("mira", get=field)
    assert capsys.readouterr().out == f"{value}\n"


def test_id_is_short_for_the_field_id(capsys: pytest.CaptureFixture[str]) -> None:
    people.people("mira", identifier=True)
    assert capsys.readouterr().out == f"{MIRA['id']}\n"


@pytest.mark.parametrize(
    ("name", "field", "complaint"),
    [("mira", "phone", "their fields: id, name"), (None, "email", "--get needs a person")],
)
def test_an_unknown_field_or_nobody_is_a_usage_error(
    name: str | None, field: str, complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as exit_:
        people.people(name, get=field)
    assert exit_.value.exit_code == 2
    assert complaint in capsys.readouterr().err
