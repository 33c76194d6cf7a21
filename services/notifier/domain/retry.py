"""Retries of failed calls: within seconds, later, or never. docs/requirements.md has the figures."""

from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_DELAY = timedelta(minutes=5)
NEXT_DELAY = timedelta(seconds=60)
MAX_RETRIES = 5
LONGEST_WAIT = timedelta(hours=1)  # the longest Retry-After that is followed
TRY_AGAIN = frozenset((408, 425, 429))


@dataclass(frozen=True, slots=True)
class Failure:
    """A call that did not succeed. `status` None: no answer at all (refused, broken off, timed out).

    `retry_after`: seconds, from the response.
    """

    reason: str
    status: int | None = None
    retry_after: float | None = None

    @property
    def for_good(self) -> bool:
        """True if the request itself is refused, so that the same call will never succeed."""
        return self.status is not None and self.status < 500 and self.status not in TRY_AGAIN

    @property
    def outage(self) -> bool:
        """True if the service is down for every request; its recovery is reason enough to try again."""
        return self.status is None or self.status >= 500 or self.status == 408


@dataclass(frozen=True, slots=True)
class Delays:
    """5 minutes, then 60 s doubling, at most 5 retries (docs/requirements.md#retries)."""

    first: timedelta = FIRST_DELAY
    next: timedelta = NEXT_DELAY
    retries: int = MAX_RETRIES


def next_attempt_at(
    failure: Failure, attempts: int, now: datetime, jitter: float, delays: Delays = Delays()
) -> datetime | None:
    """Return the time of the next attempt after `attempts` attempts (the failed one included); None: give up.

    `jitter` in 0..1 spreads the delay by up to a tenth, so that deliveries that failed together do not come
    back together. A Retry-After is the earliest moment, and replaces our own delay.
    """
    if failure.for_good or attempts > delays.retries:
        return None
    if failure.retry_after is not None:
        requested = min(timedelta(seconds=failure.retry_after), LONGEST_WAIT)
        return now + requested * (1 + 0.1 * jitter)
    delay = delays.first if attempts == 1 else delays.next * 2 ** (attempts - 2)
    return now + delay * (0.9 + 0.2 * jitter)


def quickly(failure: Failure) -> bool:
    """True if another try within seconds makes sense; a Retry-After is respected."""
    return not failure.for_good and failure.retry_after is None
