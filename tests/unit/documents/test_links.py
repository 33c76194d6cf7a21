"""Links between documents, and the paths that they name, lead somewhere."""

import re
from pathlib import Path

import pytest

from tests.unit.documents.files import ROOT, files, text

DOCUMENTS = tuple(path for path in files("*.md") if not path.startswith("contracts/"))
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|<img [^>]*src=\"([^\"]+)\"")
TOPS = "chassis|contracts|scheduling|notifications|identity|services|cli|deploy|benchmarks|tests|docs"
NAMED = re.compile(rf"`((?:{TOPS})/[\w./{{}},-]*\w)`")


def slug(heading: str) -> str:
    """Return the anchor that the hosting platform gives a heading."""
    plain = re.sub(r"[`*]|\[([^\]]*)\]\([^)]*\)", r"\1", heading).strip().lower()
    return re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def anchors(path: str) -> set[str]:
    """Return the anchors of a document: its headings, and those set by hand."""
    headings = re.findall(r"^#+ (.+)$", text(path), re.MULTILINE)
    return {*map(slug, headings), *re.findall(r'<a id="([^"]+)">', text(path))}


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_link_leads_to_a_file_and_to_an_anchor_in_it(path: str) -> None:
    broken = []
    for found in LINK.finditer(text(path)):
        target = found[1] or found[2]
        if target.startswith(("http://", "https://")):
            continue
        name, _, anchor = target.partition("#")
        there = (ROOT / path).parent / name if name else ROOT / path
        if not there.exists() or (anchor and anchor not in anchors(str(there.resolve().relative_to(ROOT)))):
            broken.append(target)
    assert broken == []


@pytest.mark.parametrize("path", DOCUMENTS)
def test_every_path_that_a_document_names_is_there(path: str) -> None:
    named = {piece for found in NAMED.findall(text(path)) for piece in spread(found)}
    assert sorted(name for name in named if not (ROOT / name).exists() and not any(ROOT.glob(name))) == []


def spread(path: str) -> list[str]:
    """Return the paths that one with braces stands for."""
    found = re.fullmatch(r"(.*)\{(.*)\}(.*)", path)
    return [found[1] + part + found[3] for part in found[2].split(",")] if found else [path]


def test_every_page_of_the_documents_is_linked_from_somewhere() -> None:
    linked = {
        str(((ROOT / path).parent / (found[1] or found[2]).partition("#")[0]).resolve().relative_to(ROOT))
        for path in DOCUMENTS
        for found in LINK.finditer(text(path))
        if not (found[1] or found[2]).startswith(("http", "#"))
    }
    pages = {path for path in DOCUMENTS if path.startswith("docs/") and Path(path).name != "README.md"}
    assert sorted(pages - linked) == []
