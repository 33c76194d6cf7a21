"""Decisions have one form, and the index lists each of them by number."""

import re

import pytest

from tests.unit.documents.files import files, text

ADRS = files("docs/adr/0*.md")
INDEX = "docs/adr/README.md"
PARTS = ("Context", "Decision", "Rejected", "Check")


@pytest.mark.parametrize("path", ADRS, ids=lambda path: path[9:13])
def test_a_decision_has_title_date_status_and_its_parts_in_order(path: str) -> None:
    title, _, head, *_ = text(path).splitlines()
    assert re.fullmatch(rf"# {int(path[9:13])}\. [A-Z].+[^.]", title)
    assert re.fullmatch(r"Date: \d{4}-\d{2}-\d{2}\. Status: (accepted|replaced by \[ADR \d+\]\(.+\))\.", head)
    bold = [part for part in re.findall(r"^\*\*(\w+)\.\*\*", text(path), re.MULTILINE) if part in PARTS]
    assert tuple(bold) == PARTS


def test_the_index_lists_every_decision_by_number_with_its_title() -> None:
    listed = re.findall(r"^(\d+)\. \[(.+)\]\((.+)\)$", text(INDEX), re.MULTILINE)
    expected = []
    for path in ADRS:
        number, title = text(path).splitlines()[0].removeprefix("# ").split(". ", 1)
        expected.append((number, title, path.removeprefix("docs/adr/")))
    assert listed == expected
    assert [int(number) for number, *_ in listed] == list(range(1, len(ADRS) + 1))
