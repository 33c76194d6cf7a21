"""Database work that the dispatcher cannot go on without."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis import telemetry
from chassis.database.transactions import is_not_now
from chassis.retrying import until_done

T = TypeVar("T")
log = telemetry.get_logger()


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """Return the result of `work`, repeated while the database is away or a race was lost."""
    return await until_done(work, passing=is_not_now, waiting=_note_waiting)


def _note_waiting(error: Exception, attempt: int) -> None:
    log.warning("database work is repeated", reason=str(error)[:300], attempt=attempt)
