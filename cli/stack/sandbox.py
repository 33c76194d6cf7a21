"""Calls of the sandbox Identity Service."""

from typing import Any

from cli.console import EXIT_NOT_READY, fail
from cli.stack.web import Answer, ask


def ask_identity(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> Answer:
    """Return the answer of the sandbox Identity Service at `url`; exit with a sentence when it gives none."""
    try:
        return ask(method, url + path, body)
    except OSError as error:
        fail(f"the Identity Service at {url} does not answer ({error.strerror or error})", EXIT_NOT_READY)
