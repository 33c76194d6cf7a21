"""Questions to the sandbox Identity Service."""

from typing import Any

import httpx

from cli.console import EXIT_NOT_READY, fail


def ask_identity(url: str, method: str, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    """The answer of the sandbox Identity Service at `url`; exits with a sentence when it gives none."""
    try:
        with httpx.Client(trust_env=False, timeout=10) as client:
            return client.request(method, url + path, json=body)
    except httpx.HTTPError as error:
        fail(f"the Identity Service at {url} does not answer ({error})", EXIT_NOT_READY)
