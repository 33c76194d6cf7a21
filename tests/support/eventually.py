"""Wait for a condition with a deadline, the only way of waiting in these tests."""

import asyncio
import inspect
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

T = TypeVar("T")


@overload
async def eventually(
    condition: Callable[[], Awaitable[T]], deadline: float = ..., interval: float = ...
) -> T: ...
@overload
async def eventually(condition: Callable[[], T], deadline: float = ..., interval: float = ...) -> T: ...
async def eventually(condition: Callable[[], Any], deadline: float = 10.0, interval: float = 0.02) -> Any:
    """Call `condition` (plain or async) until it is truthy, and return that value.

    Raises AssertionError naming the last value, or the last AssertionError that the condition itself raised,
    after `deadline` seconds. Any other exception of the condition ends the waiting at once.
    """
    until = time.monotonic() + deadline
    while True:
        try:
            outcome = condition()
            value = await outcome if inspect.isawaitable(outcome) else outcome
            complaint = f"last value: {value!r}"
            if value:
                return value
        except AssertionError as error:
            complaint = str(error)
        if time.monotonic() >= until:
            raise AssertionError(f"not within {deadline:g} s; {complaint}")
        await asyncio.sleep(interval)
