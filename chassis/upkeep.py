"""Work of the night that has several parts."""

from collections.abc import Awaitable, Callable


async def each(*parts: Callable[[], Awaitable[object]]) -> None:
    """Run the parts one after the other; one that fails keeps none of the others from its work.

    Raises an ExceptionGroup of the failures, so that the job counts as failed.
    """
    failures: list[Exception] = []
    for part in parts:
        try:
            await part()
        except Exception as error:
            failures.append(error)
    if failures:
        raise ExceptionGroup(f"{len(failures)} of {len(parts)} parts failed", failures)
