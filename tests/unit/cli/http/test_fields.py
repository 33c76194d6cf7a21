"""Fields of a call: JSON or text, nested by dots, people by name."""

from typing import Any

import pytest
import typer

from cli.http.fields import body_of, picked, query_of

MIRA = "0192d1aa-0000-7000-8000-000000000001"


def person_id(word: str) -> str:
    """An id that shows the word."""
    return f"id-of-{word}"


@pytest.mark.parametrize(
    ("assignments", "body"),
    [
        (
            ["title=Review", "seats=3", "on=true", "hold_id=null"],
            {"title": "Review", "seats": 3, "on": True, "hold_id": None},
        ),
        (
            ["quiet_hours.start=22:00", "quiet_hours.end=07:00"],
            {"quiet_hours": {"start": "22:00", "end": "07:00"}},
        ),
        (["participant_ids=mira,jonas"], {"participant_ids": ["id-of-mira", "id-of-jonas"]}),
        (["participant_ids=mira", f"participant_ids={MIRA}"], {"participant_ids": ["id-of-mira", MIRA]}),
        (['participant_ids=["mira"]'], {"participant_ids": ["id-of-mira"]}),
        (["user_id=lukas"], {"user_id": "id-of-lukas"}),
        (['rules=[{"day_of_week": 0}]', "note=a=b"], {"rules": [{"day_of_week": 0}], "note": "a=b"}),
    ],
)
def test_a_body_is_made_of_its_fields(assignments: list[str], body: dict[str, Any]) -> None:
    assert body_of(assignments, person_id) == body


def test_a_query_keeps_texts_and_repeats_names() -> None:
    found = query_of(["status=pending", "status=confirmed", "user_id=mira,jonas", "limit=5"], person_id)
    assert found == (
        ("status", "pending"),
        ("status", "confirmed"),
        ("user_id", "id-of-mira,id-of-jonas"),
        ("limit", "5"),
    )


@pytest.mark.parametrize("wrong", ["title", "=x", "a.b=1"])
def test_another_form_is_wrong_use(wrong: str) -> None:
    with pytest.raises(typer.Exit) as stopped:
        body_of(["a=text", wrong], person_id)
    assert stopped.value.exit_code == 2


def test_a_field_of_the_answer_is_picked_by_its_path() -> None:
    document = {"id": 7, "items": [{"id": "x"}]}
    assert (picked(document, "id"), picked(document, "items.0.id")) == (7, "x")
    with pytest.raises(typer.Exit):
        picked(document, "items.1.id")
