"""Every figure that cites the requirements stands in docs/requirements.md."""

import re

from tests.unit.documents.files import files, text

TABLE = "docs/requirements.md"
CITATION = re.compile(r"docs/requirements\.md#([a-z-]+)((?:(?:,| and) #[a-z-]+)*)")
BARE = re.compile(r"\bthe requirements\b(?! document)", re.IGNORECASE)
GENERATED = ("contracts/schemas/", "contracts/archive/", "contracts/examples/")


def anchors() -> set[str]:
    """Return the anchors of the table."""
    return set(re.findall(r'<a id="([a-z-]+)">', text(TABLE)))


def cited() -> dict[str, set[str]]:
    """Return the anchors that each file cites."""
    found: dict[str, set[str]] = {}
    for path in files("*.py", "*.yaml", "*.md"):
        for first, more in CITATION.findall(text(path)):
            found.setdefault(path, set()).update({first, *re.findall(r"#([a-z-]+)", more)})
    return found


def test_each_cited_figure_has_an_anchor_in_the_table() -> None:
    unknown = {path: names - anchors() for path, names in cited().items() if names - anchors()}
    assert not unknown
    assert len(cited()) > 10


def test_an_anchor_names_one_figure() -> None:
    names = re.findall(r'<a id="([a-z-]+)">', text(TABLE))
    assert len(names) == len(set(names))


def test_code_that_refers_to_the_requirements_names_the_document() -> None:
    nameless = [
        f"{path}: {line.strip()}"
        for path in files("*.py", "*.yaml")
        if not path.startswith((*GENERATED, "tests/unit/documents/"))
        for line in text(path).splitlines()
        if BARE.search(line) and TABLE not in line
    ]
    assert not nameless
