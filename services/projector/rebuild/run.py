"""Rebuild views from the log beside the live ones, check them, and swap them in one transaction.

A crash at any point leaves the live views as they are; `resume` goes on where it stopped. Nothing is
published on projector.events: readers of a view find the same rows, or better ones.
"""

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.newer import NeedsNewer
from chassis.database.transactions import Database, DatabaseError, Transaction, is_not_now
from chassis.kafka.client import cluster_id
from chassis.kafka.log import Log
from contracts import topics
from services.projector.main import CONSUMERS, database
from services.projector.rebuild.refill import CONSUMER, Positions, Progress, Refill
from services.projector.store import tables
from services.projector.store.tables import Reached

SWAP_LAG = 1_000  # records; they are read while the live consumers wait, which takes some 100 ms
SWAP_ATTEMPTS = 20
COMPARE_ATTEMPTS = 3
SWAP_LOCK_MS = 300  # below PostgreSQL's deadlock_timeout: the rebuild gives way, never a reader

Keys = Mapping[str, Sequence[UUID]]


@dataclass(frozen=True, slots=True)
class Group:
    """Tables that are rebuilt together, and their topics."""

    topics: tuple[str, ...]
    tables: tuple[str, ...]


GROUPS = {
    "calendar": Group(
        (topics.BOOKING_EVENTS.name,),
        (
            "appointments",
            "attendees",
            "history",
            "missing_versions",
            "appointments_daily",
            "availability",
            "busy_times",
            "busy_versions",
            "holds",
            "series",
            "feeds",
            "calendar_subscriptions",
        ),
    ),
    "notifications": Group(
        (topics.NOTIFIER_EVENTS.name,),
        ("notifications", "notifications_daily", "preferences", "organization_preferences", "suspensions"),
    ),
    "commands": Group((topics.BOOKING_OUTCOMES.name, topics.NOTIFIER_OUTCOMES.name), ("commands",)),
}
ALL = "all"
VIEWS = (ALL, *GROUPS)


class RebuildRunning(Exception):
    """Another rebuild works on these views."""


class NothingToResume(Exception):
    """No interrupted rebuild of this view was left behind."""


class Refused(Exception):
    """The rebuilt views know less than the live ones or the log, so they were not swapped."""


class _Behind(Exception):
    """The live views got ahead: read on and try again."""


@dataclass
class Result:
    """Result of a rebuild: `records` applied, `skipped` as unreadable, `rows` of each table when checked.

    `carried` outcomes came from the live view, because the log keeps outcomes for 7 days only.
    `swap_seconds`: how long the live consumers waited.
    """

    view: str
    records: int = 0
    skipped: int = 0
    carried: int = 0
    seconds: float = 0.0
    swap_seconds: float = 0.0
    rows: dict[str, int] = field(default_factory=dict)


def group_of(view: str) -> Group:
    """Return the tables and topics of a view; `all` has everything."""
    if view != ALL:
        return GROUPS[view]
    return Group(
        tuple(topic for group in GROUPS.values() for topic in group.topics),
        tuple(name for group in GROUPS.values() for name in group.tables),
    )


async def rebuild(
    settings: Settings,
    view: str = ALL,
    *,
    report: Callable[[Progress], None] = lambda _: None,
    resume: bool = False,
    force: bool = False,
) -> Result:
    """Rebuild a view from offset 0 and swap it. `force`: even if it knows less than the live one.

    Raises RebuildRunning, NothingToResume, Refused; KafkaError and DatabaseError when a server is away.
    """
    target = database(
        settings, tables.NEXT, owner=True, statement_timeout="0", idle_in_transaction_session_timeout="60000"
    )
    reader = Log(settings, "appointments-projector-rebuild", group_of(view).topics, whole=True)
    try:
        async with target.session() as session, _few_collections():
            if not await tables.only_rebuild(session):
                raise RebuildRunning("another rebuild is under way")
            await reader.start()
            refill = Refill(target, reader, report)
            work = _Rebuild(view, target, reader, refill, await cluster_id(settings), force)
            return await work.run(resume)
    except NeedsNewer as error:
        raise Refused(str(error)) from error
    finally:
        await reader.stop()
        await target.dispose()


@asynccontextmanager
async def _few_collections() -> AsyncIterator[None]:
    """Collect garbage rarely: millions of short-lived rows have no cycles to search for."""
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, *thresholds[1:])
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


class _Rebuild:
    def __init__(
        self, view: str, target: Database, reader: Log, refill: Refill, cluster: str, force: bool
    ) -> None:
        self._tables = group_of(view).tables
        self._target = target
        self._reader = reader
        self._refill = refill
        self._cluster = cluster
        self._force = force
        self._result = Result(view)

    async def run(self, resume: bool) -> Result:
        began = time.monotonic()
        async with self._target.transaction() as tx:
            await self._prepare(tx, resume)
            await self._refill.begin(tx, self._cluster)
        await self._refill.read_until(await self._reader.ends())
        self._refill.report("indexing")
        await asyncio.gather(*(self._index(name) for name in self._tables))
        self._refill.report("checking")
        async with self._target.transaction() as tx:
            self._result.rows = await tables.count_rows(tx, tables.NEXT, self._tables)
        await self._swap_when_free(await self._compare())
        self._result.records = self._refill.progress.records
        self._result.skipped = self._refill.progress.skipped
        self._result.seconds = time.monotonic() - began
        self._refill.report("done")
        return self._result

    async def _index(self, name: str) -> None:
        async with self._target.transaction() as tx:
            await tables.create_indexes(tx, [name])

    async def _prepare(self, tx: Transaction, resume: bool) -> None:
        if not resume:
            await tables.create_next(tx, self._tables)
            await tables.forget_progress(tx, CONSUMER)
        elif await tables.next_tables(tx) != set(self._tables):
            raise NothingToResume(f"no interrupted rebuild of {self._result.view} was left behind")

    async def _compare(self) -> Keys:
        """Return the rows that are newer in the live views, perhaps because those have read further."""
        for _ in range(COMPARE_ATTEMPTS):
            async with self._target.transaction() as tx:
                suspects = await tables.lacking(tx, self._tables)
            full = [name for name, keys in suspects.items() if len(keys) >= tables.LACKING_MAX]
            if self._force or not full:
                return suspects
            await self._refill.read_until(await self._reader.ends())
        raise Refused(f"the live view has many rows that the log does not contain: {', '.join(full)}")

    async def _swap_when_free(self, suspects: Keys) -> None:
        for _ in range(SWAP_ATTEMPTS):
            while self._refill.lag(ends := await self._reader.ends()) > SWAP_LAG:
                await self._refill.read_until(ends)
            self._refill.report("swapping")
            undo = self._refill.undo_point()
            try:
                return await self._swap(suspects)
            except (*DatabaseError, _Behind) as error:
                undo()
                if not (isinstance(error, _Behind) or is_not_now(error)):
                    raise
        raise Refused("the live views were never free long enough to swap; try again at a quieter time")

    async def _swap(self, suspects: Keys) -> None:
        """Stop the live consumers at a batch's end, read the last records, check, swap, let them go on."""
        began = time.monotonic()
        async with self._target.transaction() as tx:
            await tables.set_lock_timeout(tx, SWAP_LOCK_MS)
            live = await tables.live_positions(tx, list(CONSUMERS), lock=True)
            ends = await self._reader.ends()
            self._check_same_log(live, ends)
            await self._refill.read_in(tx, ends)
            await self._check_nothing_lacks(tx, suspects)
            self._result.carried = await tables.swap(tx, self._tables)
            # A consumer that started meanwhile has rows that did not exist when the others were locked.
            self._check_not_behind(await tables.live_positions(tx, list(CONSUMERS), lock=True))
            reached = {
                place: Reached(at, self._reader.starts[place], ends[place])
                for place, at in self._refill.positions.items()
            }
            await tables.move_live(tx, list(CONSUMERS), reached, self._cluster)
            await tables.forget_progress(tx, CONSUMER)
        self._result.swap_seconds = time.monotonic() - began
        async with self._target.transaction() as tx:
            await tables.drop_set(tx, tables.OLD)

    def _check_same_log(self, live: progress.Rows, ends: Positions) -> None:
        """Reject a log that ends before the live views' positions: "not behind" would mean nothing then."""
        read = {place.topic for place in ends}
        for place in live:
            if place.topic in read and place not in ends:
                raise Refused(f"{place.topic} was given more partitions meanwhile; go on with --resume")
        for place, end in ends.items():
            row = live.get(place)
            if row is None or self._force:
                continue
            if row.cluster_id != self._cluster or row.next_offset > end:
                raise Refused(
                    f"the live view has read another log of {place.topic}/{place.partition}, up to {row.next_offset}"
                )

    def _check_not_behind(self, live: progress.Rows) -> None:
        for place, at in self._refill.positions.items():
            row = live.get(place)
            if row is not None and row.next_offset > at and not self._force:
                raise _Behind

    async def _check_nothing_lacks(self, tx: Transaction, suspects: Keys) -> None:
        if self._force or not suspects:
            return
        if less := await tables.lacking(tx, self._tables, suspects):
            counts = ", ".join(f"{len(keys)} of {name}" for name, keys in less.items())
            raise Refused(f"the live view has rows that the log does not contain, or newer ones: {counts}")
