"""The log as a rebuild reads it: in portions that bound the memory that it takes."""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Protocol

from contracts.envelope import Record

PORTION = 1_000  # records held in memory at once, or fewer of
PORTION_BYTES = 4 * 1_048_576  # bytes: read as JSON they take several times as much

Report = Callable[[str, int], None]


class Log(Protocol):
    """Topics by their names without prefix."""

    def records(self, topic: str) -> AsyncGenerator[Record, None]:
        """All records of the topic up to now, in order within each partition."""
        ...

    async def ends(self, topic: str) -> Mapping[int, int]:
        """The offset after the last record of each partition."""
        ...


async def portions(log: Log, topic: str, report: Report) -> AsyncGenerator[Sequence[Record], None]:
    """All records of a topic, a portion at a time; `report` gets the topic and how many there were so far."""
    portion: list[Record] = []
    count = size = 0
    async with aclosing(log.records(topic)) as records:
        async for record in records:
            portion.append(record)
            count += 1
            size += len(record.value or b"")
            if len(portion) == PORTION or size >= PORTION_BYTES:
                yield portion
                report(topic, count)
                portion, size = [], 0
    if portion:
        yield portion
    report(topic, count)
