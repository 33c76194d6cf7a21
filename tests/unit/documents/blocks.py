"""Fenced blocks of commands in documents, and whether they are run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from tests.unit.documents.files import files, text

_FENCE = re.compile(
    r"(?:<!-- not run: (?P<reason>.+?) -->\n)?^```(?P<language>\w*)\n(?P<body>.*?)^```$",
    re.MULTILINE | re.DOTALL,
)
RUN = ("sh", "console")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block: the line at which it begins, its language, and why it is not run (None: it is)."""

    path: str
    line: int
    language: str
    body: str
    reason: str | None

    @property
    def is_run(self) -> bool:
        """Return whether the block is run as printed."""
        return self.language in RUN and self.reason is None


def documents() -> tuple[str, ...]:
    """Return the documents whose commands are held, the README first."""
    pages = files("docs/*.md", ":!docs/adr/*", ":!docs/glossary.md")
    return ("README.md", *pages, "CONTRIBUTING.md", "SECURITY.md", "ARCHITECTURE.md")


def blocks(path: str) -> Iterator[Block]:
    """Yield the fenced blocks of a document."""
    source = text(path)
    for found in _FENCE.finditer(source):
        line = source.count("\n", 0, found.start("body")) + 1
        yield Block(path, line, found["language"], found["body"], found["reason"])


def script(path: str) -> str:
    """Return the blocks of a document that are run, as one script that names each block on stderr before it begins."""
    parts = ["set -euo pipefail"]
    for block in blocks(path):
        if block.is_run:
            parts += [f'echo "### {path}:{block.line}" >&2', block.body.rstrip()]
    return "\n".join(parts) + "\n" if len(parts) > 1 else ""
