"""Fill the second set of tables from the log: the reading half of a rebuild."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from aiokafka import ConsumerRecord, TopicPartition

from chassis.consuming import progress
from chassis.database.transactions import Database, Transaction, is_not_now
from chassis.errors import InvalidMessage
from chassis.kafka.fetched import mark_of
from chassis.kafka.log import Log
from services.projector import handlers
from services.projector.messages import incoming
from services.projector.messages.incoming import Body
from services.projector.rebuild.fast_decode import quick_change

CONSUMER = "projector.next"
BATCH_RECORDS = 4_000
DECODED_AT_ONCE = 100

Positions = Mapping[TopicPartition, int]


@dataclass
class Progress:
    """Progress of a rebuild: `done` of `total` offsets are read; `phase` names the present step.

    `records` were applied, `skipped` cannot be shown: the live consumer made dead letters of those.
    """

    phase: str = "reading"
    done: int = 0
    total: int = 0
    records: int = 0
    skipped: int = 0


class Refill:
    """Read on from `positions`, the offsets up to which everything is applied."""

    def __init__(self, target: Database, reader: Log, report: Callable[[Progress], None]) -> None:
        self.positions: dict[TopicPartition, int] = {}
        self.progress = Progress()
        self._target = target
        self._reader = reader
        self._reporter = report

    async def begin(self, tx: Transaction, cluster: str) -> None:
        """Seek to this rebuild's position: the log's start, unless it is resumed."""
        rows = await progress.open_rows(tx, CONSUMER, self._reader.starts, cluster)
        self.positions = {place: row.next_offset for place, row in rows.items()}
        self._reader.seek(self.positions)

    def lag(self, ends: Positions) -> int:
        """Return the number of offsets left to read."""
        return sum(max(0, end - self.positions[place]) for place, end in ends.items())

    async def read_until(self, ends: Positions) -> None:
        """Apply everything below `ends`; records are decoded while PostgreSQL writes the ones before."""
        self.progress.total = self.progress.done + self.lag(ends)
        self.report("reading")
        writing: asyncio.Task[None] | None = None
        reached = dict(self.positions)
        try:
            while any(reached[place] < end for place, end in ends.items()):
                records, positions = await self._reader.next(BATCH_RECORDS, ends)
                reached |= positions
                bodies = await self._decode(records)
                if writing is not None:
                    await writing
                writing = asyncio.create_task(self._write(bodies, positions))
            if writing is not None:
                await writing
        finally:
            if writing is not None and not writing.done():
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)

    async def read_in(self, tx: Transaction, ends: Positions) -> None:
        """Apply the few remaining records in the given transaction."""
        while self.lag(ends) > 0:
            records, positions = await self._reader.next(BATCH_RECORDS, ends)
            bodies = await self._decode(records)
            await self._apply(tx, bodies)
            self._note(len(bodies), positions)

    def undo_point(self) -> Callable[[], None]:
        """Return a function that restores the present position after a rollback."""
        positions, progress_then = dict(self.positions), replace(self.progress)

        def undo() -> None:
            self.positions, self.progress = positions, progress_then
            self._reader.seek(positions)

        return undo

    def report(self, phase: str) -> None:
        """Report the phase that begins now."""
        self.progress.phase = phase
        self._reporter(self.progress)

    def _read(self, record: ConsumerRecord) -> Body | None:
        read = self._reader.record(record)
        if read.fault is not None:
            raise InvalidMessage(read.fault)
        fact = incoming.read(read)
        return fact.body if fact else None

    async def _decode(self, records: Sequence[ConsumerRecord]) -> list[Body]:
        bodies: list[Body] = []
        for number, record in enumerate(records):
            if number % DECODED_AT_ONCE == 0:
                await asyncio.sleep(0)  # lets the running write send and receive
            try:
                # A marked record may be unreadable: only the strict reader checks it.
                quick = None if mark_of(record) else quick_change(record.headers, record.value)
                body = quick or self._read(record)
            except InvalidMessage:
                self.progress.skipped += 1
                continue
            if body is not None:
                bodies.append(body)
        return bodies

    async def _write(self, bodies: Sequence[Body], positions: Positions) -> None:
        async with self._target.transaction() as tx:
            await self._apply(tx, bodies)
            await progress.advance(tx, CONSUMER, positions, positions)
        self._note(len(bodies), positions)

    def _note(self, records: int, positions: Positions) -> None:
        self.progress.done += sum(at - self.positions[place] for place, at in positions.items())
        self.progress.records += records
        self.positions.update(positions)
        self.report(self.progress.phase)

    async def _apply(self, tx: Transaction, bodies: Sequence[Body]) -> None:
        """Apply them all; after a failure in halves, so that only the unwritable ones are left out."""
        try:
            async with tx.nested():
                await handlers.apply(tx, bodies, bulk=True)
        except Exception as error:  # COPY raises the driver's errors, and Python's for unencodable values
            if is_not_now(error):
                raise
            if len(bodies) == 1:
                self.progress.skipped += 1
                return
            middle = len(bodies) // 2
            await self._apply(tx, bodies[:middle])
            await self._apply(tx, bodies[middle:])
