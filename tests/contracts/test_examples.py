"""Every example is what it claims to be, for our models and for anybody's JSON Schema validator."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from contracts.catalog import BY_NAME, MESSAGE_TYPES, MessageType, problems
from contracts.tools.generate import FOLDER, generated

EXAMPLES = sorted((FOLDER / "examples").glob("*.json"))
ARCHIVE = sorted((FOLDER / "archive").glob("*.json"))


def _read(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def _kind(path: Path) -> MessageType:
    return max(
        (message for message in MESSAGE_TYPES if path.name.startswith(message.name + ".")),
        key=lambda message: len(message.name),
    )


def _problems(path: Path) -> list[tuple[str, str]]:
    example = _read(path)
    headers = [(name, text.encode()) for name, text in example["headers"].items()]
    found = problems(_kind(path), headers, json.dumps(example["value"]).encode())
    return [(problem.field, problem.code) for problem in found]


@pytest.mark.parametrize("path", [path for path in EXAMPLES if ".valid." in path.name], ids=lambda p: p.stem)
def test_a_valid_example_parses(path: Path) -> None:
    assert _problems(path) == []
    Draft202012Validator(_read(FOLDER / "schemas" / f"{_kind(path).name}.json")).validate(
        _read(path)["value"]
    )


@pytest.mark.parametrize(
    "path", [path for path in EXAMPLES if ".invalid-" in path.name], ids=lambda p: p.stem
)
def test_an_invalid_example_is_refused_for_the_field_that_it_names(path: Path) -> None:
    expected = _read(path)["expect"]
    assert _problems(path) == [(expected["field"], expected["code"])]


@pytest.mark.parametrize("path", ARCHIVE, ids=lambda p: p.stem)
def test_a_message_stored_once_parses_for_ever(path: Path) -> None:
    assert _problems(path) == []


def test_each_kind_of_message_has_a_schema_a_valid_and_an_invalid_example() -> None:
    names = {path.name for path in EXAMPLES}
    for name in BY_NAME:
        assert (FOLDER / "schemas" / f"{name}.json").exists()
        assert f"{name}.valid.json" in names
        assert any(other.startswith(f"{name}.invalid-") for other in names)


def test_what_is_committed_is_what_the_models_generate() -> None:
    for path, text in generated().items():
        assert (FOLDER / path).read_text() == text, f"{path}: run `appointments contracts`"
