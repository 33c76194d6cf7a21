"""A rebuild reads any log within the same memory: it keeps no bodies."""

import tracemalloc
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, replace
from uuid import UUID

import pytest

from contracts import envelope, topics
from contracts.envelope import Record
from contracts.ids import uuid5
from tests.component.booking.conftest import identity
from tests.restore.memory import COMMANDS, Archive, MemoryLog, Office
from tests.restore.test_cut import NOON, archive, lost, office

__all__ = ["archive", "identity", "lost", "office"]
MIB = 1_048_576
COUNT = 600
SIZE = MIB // 10  # bytes of each state, as of 500 people: it is in the event and in the outcome


@dataclass
class LongLog(MemoryLog):
    """One command and what followed from it, over and over: each time of other people, made as it is read."""

    person: UUID = envelope.NOBODY

    async def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """The same records COUNT times, with other ids."""
        for record in self.of(topic):
            for number in range(COUNT):
                yield self._another(record, number)

    async def ends(self, topic: str) -> dict[int, int]:
        """The offset after the last record of each partition."""
        return {partition: end * COUNT for partition, end in (await super().ends(topic)).items()}

    def _another(self, record: Record, number: int) -> Record:
        command = UUID(self.of(COMMANDS)[0].header("ce_id"))
        other = uuid5(command, str(number))
        names = dict(zip(self._ids(command, self.person), self._ids(other, uuid5(other, "x")), strict=True))

        def changed(value: bytes) -> bytes:
            for old, new in names.items():
                value = value.replace(str(old).encode(), str(new).encode())
            return value

        cause = f"{COMMANDS}/{self.of(COMMANDS)[0].partition}/{number}".encode()
        headers = tuple(
            (name, cause if name == "cause" else changed(value)) for name, value in record.headers
        )
        return replace(record, offset=number, value=changed(record.value or b""), headers=headers)

    @staticmethod
    def _ids(command: UUID, person: UUID) -> Iterator[UUID]:
        yield from (command, person, uuid5(command, "appointment"))
        yield from (envelope.event_id(command, 1), envelope.outcome_id(command))


@pytest.mark.filterwarnings("ignore::ResourceWarning")
async def test_memory_does_not_grow_with_the_log(archive: Archive, office: Office, lost: object) -> None:
    found = await archive.new("found")
    decided = await archive.new("decided")
    await decided.decide(office.book(NOON, description="x" * 10_000, custom_fields={}))
    padded = [
        replace(one, value=(one.value or b"").replace(b"x" * 10_000, b"x" * SIZE))
        if one.topic in (topics.BOOKING_EVENTS.name, topics.BOOKING_OUTCOMES.name)
        else one
        for one in archive.log.written
    ]
    log = LongLog(padded, archive.log.now, person=office.anna)
    tracemalloc.start()
    try:
        summary = await found.rebuilt(log, directory=None)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (summary.counts["events"], summary.counts["decisions"]) == (COUNT, COUNT)
    assert await found.rows("SELECT count(*) FROM occupancy") == [(COUNT,)]
    assert peak < 80 * MIB, f"{peak // MIB} MiB for a log of {2 * COUNT * SIZE // MIB} MiB"
