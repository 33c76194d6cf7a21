"""Files of the repository as the tests of documents see them."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]


@cache
def files(*patterns: str) -> tuple[str, ...]:
    """Return the paths of tracked and new files that match these patterns of git, relative to the root."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return tuple(sorted({path for path in listed.stdout.splitlines() if (ROOT / path).is_file()}))


@cache
def text(path: str) -> str:
    """Return the text of a file."""
    return (ROOT / path).read_text()
