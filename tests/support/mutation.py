"""Take a safeguard away for a while: the same function or statement, with a part of its source replaced."""

import inspect
import sys
import textwrap
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from types import FunctionType
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import text


@contextmanager
def changed(owner: Any, name: str, *changes: tuple[str, str]) -> Iterator[None]:
    """Replace parts of a function's source, of a SQL statement or of a plain text; every part must be there."""
    original = inspect.getattr_static(owner, name)
    source = original.text if hasattr(original, "text") else original
    if isinstance(original, FunctionType):
        source = textwrap.dedent(inspect.getsource(original))
    for old, new in changes:
        assert old in source, f"{name} has changed, the control must change with it: {old}"
        source = source.replace(old, new)
    if isinstance(original, FunctionType):
        # The globals of its own module, so that it sees what a test replaces there.
        scope: dict[str, Any] = {}
        exec(
            compile(source, f"<{name} without a safeguard>", "exec"),
            vars(sys.modules[original.__module__]),
            scope,
        )
        replacement: Any = scope[original.__name__]
    else:
        replacement = text(source) if hasattr(original, "text") else source
    with patch.object(owner, name, replacement):
        yield


@asynccontextmanager
async def must_fail(safeguard: str) -> AsyncIterator[None]:
    """Reject the check inside if it passes, although the safeguard is away."""
    try:
        yield
    except (Exception, pytest.fail.Exception):
        return
    raise AssertionError(f"the check cannot see that the {safeguard} is away")
