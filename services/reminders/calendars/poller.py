"""Poll subscribed calendars: claim one, fetch it, read it, send its times, note the result.

Nothing of a poll is in memory only: a process that dies leaves a lease that ends, and the calendar is polled again. The
commands of a poll replace times by what the file says, so a second copy of them changes nothing. After a failure the
times of the last success stay.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import uuid4

import orjson

from chassis.database.transactions import Database
from chassis.kafka.publisher import Publisher
from chassis.outbound.fetching import Failed, Fetcher, Validators
from chassis.retrying import Alarm
from chassis.sealing import Seal, Unsealable
from chassis.telemetry import get_logger
from contracts.envelope import Message
from scheduling.ics.occupied import Range
from scheduling.ics.portions import sourced
from services.reminders import metrics
from services.reminders.calendars import store
from services.reminders.calendars.reading import Unreadable, read
from services.reminders.calendars.store import Claimed, Polled
from services.reminders.domain.polling import Known, is_reported, is_whole_due, next_poll
from services.reminders.messages.calendars import import_of, poll_of

log = get_logger()

AT_ONCE = 4  # calendars; each has 30 seconds for the call and one process to read
LEASE = timedelta(minutes=5)
LATEST = 0.6  # of the lease: nothing is sent later
IDLE_SECONDS = 5.0
ACCEPT = "text/calendar, text/plain;q=0.5, */*;q=0.1"


@dataclass(frozen=True, slots=True)
class _Result:
    """The end of a poll: an error's code or none, what is known of the content now, and times to send."""

    error: str | None
    polled: Polled
    ranges: list[Range] | None = None
    retry_after: timedelta | None = None


class Poller:
    """Works off the queue of calendars; several processes may."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        fetcher: Fetcher,
        seal: Seal,
        clock: Callable[[], datetime],
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._fetcher = fetcher
        self._seal = seal
        self._clock = clock
        self._owner = uuid4()
        self._alarm = Alarm()

    def wake(self) -> None:
        """Look for calendars now."""
        self._alarm.ring()

    async def run(self) -> None:
        """Poll calendars as they come due."""
        await asyncio.gather(*(self._work() for _ in range(AT_ONCE)))

    async def _work(self) -> None:
        while True:
            self._alarm.reset()
            if not await self.step():
                await self._alarm.rest(IDLE_SECONDS)

    async def step(self) -> bool:
        """Poll one calendar; return whether one was due."""
        now = self._clock()
        async with self._database.transaction() as tx:
            claimed = await store.claim(tx, self._owner, now, now + LEASE)
        if claimed is None:
            return False
        result = await self._poll(claimed, now)
        if self._clock() > now + LEASE * LATEST:
            return True  # somebody else may have it by now: it is polled again
        await self._end(claimed, now, result)
        return True

    async def _poll(self, claimed: Claimed, now: datetime) -> _Result:
        try:
            url, email = self._address(claimed)
            return await self._read(claimed, now, url, email)
        except Failed as failed:
            return _Result(failed.code, claimed.polled, retry_after=failed.retry_after)
        except Unreadable as unreadable:
            return _Result(unreadable.code, claimed.polled)
        except Unsealable:
            return _Result("unsealable", claimed.polled)
        except Exception as error:
            # Its text may have the address, which is a secret.
            log.error(
                "a calendar could not be polled", subscription=str(claimed.id), error=type(error).__name__
            )
            return _Result("internal", claimed.polled)

    def _address(self, claimed: Claimed) -> tuple[str, str]:
        """Return the address of a calendar and its owner's e-mail address. Raises Unsealable.

        The sealed text names its subscription: a copy of it in another one is not opened.
        """
        try:
            secret = orjson.loads(self._seal.open(claimed.sealed))
            if secret["id"] == str(claimed.id):
                return str(secret["url"]), str(secret["email"])
        except (ValueError, KeyError, TypeError):
            pass
        raise Unsealable

    async def _read(self, claimed: Claimed, now: datetime, url: str, email: str) -> _Result:
        """Return the content of the calendar; its times only if they have changed, or it is time to send them."""
        before, whole = claimed.polled, is_whole_due(claimed.known, now)
        validators = Validators() if whole else Validators(before.etag, before.last_modified)
        fetched = await self._fetcher.fetch(url, validators, ACCEPT)
        if fetched.body is None:
            return _Result(None, before)
        content = sha256(fetched.body).hexdigest()
        after = replace(
            before,
            etag=fetched.validators.etag,
            last_modified=fetched.validators.last_modified,
            content=content,
        )
        if content == before.content and not whole:
            return _Result(None, after)
        ranges = await read(fetched.body, now, claimed.timezone, email)
        times = sha256(orjson.dumps(sorted(map(tuple, ranges)))).hexdigest()
        after = replace(after, times=times, number=len(ranges))
        return _Result(None, after, ranges if whole or times != before.times else None)

    async def _end(self, claimed: Claimed, now: datetime, result: _Result) -> None:
        """Send the times and the result, then note them: a crash between the two sends them again."""
        known, changed = claimed.known, result.ranges is not None
        reports = is_reported(known, result.error, now, changed=changed)
        await self._publisher.publish(
            [*_imports(claimed, now, result), *_report(claimed, now, result, reports)]
        )
        failures = known.failures + 1 if result.error else 0
        after = Known(
            failures=failures,
            error=result.error,
            sent_at=now if changed else known.sent_at,
            reported_at=now if reports else known.reported_at,
        )
        chance = random.random()  # noqa: S311  (not a secret)
        again = next_poll(self._clock(), failures, result.retry_after, chance)
        async with self._database.transaction() as tx:
            await store.note(tx, self._owner, claimed.id, now, again, result.polled, after)
        metrics.CALENDAR_POLLS.labels(result.error or ("changed" if changed else "unchanged")).inc()
        if result.error:
            log.info("a calendar could not be polled", subscription=str(claimed.id), error=result.error)


def _imports(claimed: Claimed, now: datetime, result: _Result) -> list[Message]:
    if result.ranges is None:
        return []
    bodies = sourced(result.ranges, f"subscription:{claimed.id}", whole=True)
    return [
        import_of(claimed.id, claimed.user_id, claimed.organization_id, now, number, body)
        for number, body in enumerate(bodies)
    ]


def _report(claimed: Claimed, now: datetime, result: _Result, reports: bool) -> list[Message]:
    if not reports:
        return []
    times = result.polled.number if result.error is None else 0
    return [poll_of(claimed.id, claimed.user_id, claimed.organization_id, now, result.error, times)]
