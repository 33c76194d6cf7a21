"""JSON bodies as a command line gives them: a file, or fields."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cli.console import EXIT_USAGE, fail

JSON = dict[str, Any]


def read_body(file: Path) -> JSON:
    """The JSON object in a file; `-` is stdin."""
    try:
        body = json.loads(sys.stdin.read() if str(file) == "-" else file.read_text())
    except OSError as error:
        fail(f"cannot read {file}: {error.strerror}", EXIT_USAGE)
    except ValueError as error:
        fail(f"{file} is not JSON: {error}", EXIT_USAGE)
    if not isinstance(body, dict):
        fail("the body must be a JSON object", EXIT_USAGE)
    return body


def assign_all(body: JSON, assignments: Sequence[str]) -> None:
    """Set fields: `a=1`, `a.b=text` for nested ones; a value is JSON, or else text."""
    for assignment in assignments:
        _assign(body, assignment)


def _assign(body: JSON, assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    if not equals or not path:
        fail(f"--set needs the form field=value, not {assignment!r}", EXIT_USAGE)
    *parents, last = path.split(".")
    for parent in parents:
        body = body.setdefault(parent, {})
        if not isinstance(body, dict):
            fail(f"--set {assignment}: {parent} is not an object", EXIT_USAGE)
    try:
        body[last] = json.loads(text)
    except ValueError:
        body[last] = text
