"""Database work that the dispatcher cannot go on without."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from chassis import telemetry
from chassis.database.transactions import is_not_now
from chassis.retrying import until_done

T = TypeVar("T")
log = telemetry.get_logger()

_RACES = ("40P01", "40001")  # SQLSTATE of a deadlock and of a serialization failure


async def insist(work: Callable[[], Awaitable[T]]) -> T:
    """Return the result of `work`, repeated while the database is away or a race was lost."""
    return await until_done(work, passing=_passes, waiting=_note_waiting)


def _passes(error: Exception) -> bool:
    state = getattr(getattr(error, "orig", None), "sqlstate", None)
    return is_not_now(error) or state in _RACES


def _note_waiting(error: Exception, attempt: int) -> None:
    log.warning("database work is repeated", reason=str(error)[:300], attempt=attempt)
