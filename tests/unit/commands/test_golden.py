"""The messages for a record never change: a replay gives the same bytes.

`golden.json` was written by the code before booking and the notifier shared one intake. Run this file as a program to
write it anew, which only a change of the contract allows.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson
import pytest

from contracts.envelope import Record
from tests.unit.commands.answers import as_json, published
from tests.unit.commands.cases import cases

FILE = Path(__file__).with_name("golden.json")
CASES = dict(cases())


def answers(record: Record) -> list[list[dict[str, Any]]]:
    """The messages of the record that is decided, and of a second one that asks the same."""
    return [
        [as_json(message) for message in messages]
        for messages in published(record, replace(record, offset=99))
    ]


GOLDEN: dict[str, Any] = orjson.loads(FILE.read_bytes()) if FILE.exists() else {}


@pytest.mark.parametrize("name", CASES)
def test_a_record_is_answered_with_the_same_bytes_for_ever(name: str) -> None:
    assert answers(CASES[name]) == GOLDEN[name]


def test_every_answer_that_is_on_record_is_checked() -> None:
    assert set(GOLDEN) == set(CASES)


if __name__ == "__main__":
    found = {name: answers(record) for name, record in CASES.items()}
    FILE.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS) + b"\n")
