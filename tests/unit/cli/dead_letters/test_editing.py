"""A dead letter is corrected, and must fit its contract before it is sent back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import typer

from cli.dead_letters.editing import complaints, edited
from cli.dead_letters.letter import Edited, Letter
from cli.dead_letters.reading import gathered
from contracts.tools.samples import GOOD
from tests.unit.cli.dead_letters.letter_box import a_letter, a_record, redelivered, set_aside


def wrong(letter: Letter, edit: Edited) -> list[str]:
    """The fields that the contract complains about."""
    return [problem.field for problem in complaints(letter, edit)]


def test_a_field_is_set_and_named_and_the_rest_stays() -> None:
    letter = a_letter()
    edit = edited(letter, None, ["reason=Moved"], [])
    assert json.loads(edit.value or b"") == GOOD["appointment.cancel"] | {"reason": "Moved"}
    assert (edit.what, edit.headers) == ("reason", letter.original_headers)
    assert wrong(letter, edit) == []


def test_a_field_that_the_contract_does_not_know_is_refused() -> None:
    letter = a_letter()
    assert wrong(letter, edited(letter, None, ["colour=red"], [])) == ["colour"]


def test_a_header_that_was_missing_is_added() -> None:
    record = a_record()
    letter = a_letter(replace(record, headers=record.headers[1:]))
    assert wrong(letter, edited(letter, None, ["reason=x"], [])) == ["ce_id"]
    edit = edited(letter, None, [], ["ce_id=0d6b5b6c-6d3f-4d0c-9d0a-3a2f5b6c7d8e"])
    assert (edit.what, edit.value) == ("header ce_id", record.value)
    assert wrong(letter, edit) == []


def test_a_type_that_is_none_of_the_topic_is_refused() -> None:
    letter = a_letter()
    assert wrong(letter, edited(letter, None, [], ["ce_type=appointment.created"])) == ["ce_type"]


def test_a_letter_that_failed_again_is_checked_as_what_it_was_at_first() -> None:
    first = set_aside(a_record())
    again = set_aside(redelivered(gathered([first])[0].again("x", "greta")))
    letter = gathered([first, again])[1]
    assert letter.story["topic"] == "booking.redrive"
    assert wrong(letter, edited(letter, None, ["reason=x"], [])) == []


def test_a_value_that_is_no_json_is_replaced_whole(tmp_path: Path) -> None:
    letter = a_letter(a_record(value=b"{not json"))
    with pytest.raises(typer.Exit):
        edited(letter, None, ["reason=x"], [])
    body = tmp_path / "body.json"
    body.write_text(json.dumps(GOOD["appointment.cancel"]))
    edit = edited(letter, body, [], [])
    assert (edit.what, wrong(letter, edit)) == ("body", [])


def test_the_editor_gets_the_body_and_what_it_saves_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VISUAL", "sed -i s/stopped/resumed/")
    edit = edited(a_letter(), None, [], [])
    assert json.loads(edit.value or b"")["reason"] == "The project was resumed."


@pytest.mark.parametrize("editor", ["true", "false", "no-such-editor", "sed -i 1d"])
def test_what_no_editor_changed_or_what_is_no_json_any_more_is_not_sent(
    editor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VISUAL", editor)
    with pytest.raises(typer.Exit):
        edited(a_letter(), None, [], [])


def a_refused_delivery() -> Letter:
    """The letter of an invitation that the Communication Service refused."""
    body = json.dumps(GOOD["notification.dead_lettered"]).encode()
    return a_letter(a_record("notification.deliver", value=body, topic="booking.events"))


def test_the_words_of_a_refused_delivery_can_be_corrected() -> None:
    edit = edited(a_refused_delivery(), None, ["template_data.organizer_name=Greta Albrecht"], [])
    assert json.loads(edit.value or b"")["template_data"] == {"organizer_name": "Greta Albrecht"}
    assert (edit.what, wrong(a_refused_delivery(), edit)) == ("template_data", [])


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ("channel=sms", "channel"),
        ("template_data.colour=red", "template_data.colour"),
        ("template_data.organizer_name=3", "template_data.organizer_name"),
        ("template_data=red", "template_data."),
    ],
)
def test_what_was_decided_about_a_delivery_stays(given: str, field: str) -> None:
    letter = a_refused_delivery()
    assert field in wrong(letter, edited(letter, None, [given], []))


def test_a_report_is_checked_by_its_body_alone() -> None:
    record = a_record("notification.bounced", value=b"{}", topic="communication.events")
    letter = gathered([set_aside(replace(record, headers=()), service="notifier")])[0]
    good = json.dumps(GOOD["communication.notification.bounced"])
    edit = edited(
        letter, None, [f"{name}={json.dumps(value)}" for name, value in json.loads(good).items()], []
    )
    assert wrong(letter, edit) == []
