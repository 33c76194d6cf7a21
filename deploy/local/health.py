"""A process's own account of its health, as its HTTP address gives it."""

import json
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

SILENT: Mapping[str, Any] = MappingProxyType({"live": False, "ready": False})
"""The account of a process that does not answer."""
_OK = 200


def document_of(status: int, body: bytes) -> dict[str, Any]:
    """Return the health document, with `live` and `ready` always in it.

    A process that answers is live; one that answers 200 is ready.
    """
    try:
        document = json.loads(body)
    except ValueError:
        document = None
    given = document if isinstance(document, dict) else {}
    return {**given, "live": given.get("live", True), "ready": status == _OK}
