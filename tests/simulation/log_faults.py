"""Faults of the logs: unreadable records and batches, heavy ones, topics made anew, retention too early."""

from dataclasses import dataclass

from tests.simulation import ledger
from tests.simulation.facts import Facts
from tests.simulation.group import Group
from tests.simulation.log import Kind
from tests.simulation.world import World

MOST_HEAVY = 5  # strikes: up to 20 records of 3 s each


@dataclass
class LogFaults:
    """Each method does one of it, in a partition that the world's chance chooses."""

    world: World
    facts: Facts
    group: Group

    async def bad_header_name(self) -> None:
        """A record whose header name is not UTF-8: it alone is set aside."""
        self.world.count("bad header name")
        self._append(Kind.BAD_NAME, b"entered:bad name")

    async def bad_batch(self) -> None:
        """A batch that nobody can read: its partition alone is halted, once."""
        if not any(log.readable_end < log.end for log in self.facts.broker.logs.values()):
            kind = self.world.chance.choice([Kind.BAD_CHECKSUM, Kind.UNPACKABLE])
            self.world.count(kind.value)
            self._append(kind, b"entered:bad batch")

    async def heavy_records(self) -> None:
        """Records that are too much for one statement together, and not alone; no more than can be done in time."""
        if self.world.counts["heavy records"] == MOST_HEAVY:
            return
        self.world.count("heavy records")
        for _ in range(self.world.chance.randint(1, 4)):
            self._append(Kind.GOOD, f"{ledger.HEAVY}:{self.world.chance.random()}".encode())

    async def made_anew(self) -> None:
        """While no process runs, a topic is deleted, made anew, and grows beyond the old position: it is halted."""
        partition = self.world.chance.choice(self.facts.partitions)
        log = self.facts.broker.logs[partition]
        if self.facts.row(partition)["last_offset"] is None or any(
            log.generation for log in self.facts.broker.logs.values()
        ):
            return
        self.world.count("topic made anew")
        for process in list(self.group.living):
            self.group.kill(process)
        end = log.end
        log.recreate()
        for number in range(end + 3):
            log.append([(b"k", f"{ledger.ENTERED}:anew {number}".encode())])
        self.group.start()
        await self.group.rebalance()

    async def deleted_too_early(self) -> None:
        """Retention takes everything of a log, also what nobody has applied yet: it is halted if something is lost."""
        partition = self.world.chance.choice(self.facts.partitions)
        log = self.facts.broker.logs[partition]
        known = (
            tuple(partition) in self.facts.server.contents.progress
        )  # else it simply begins at the log's start
        if known and not log.shortened and self.facts.lagging():
            self.world.count("deleted too early")
            log.deleted = [
                entry
                for entry in self.facts.records(partition)
                if not self.facts.is_published(partition, entry.offset)
            ]
            log.shortened = True
            log.delete_before(log.end)

    def _append(self, kind: Kind, value: bytes) -> None:
        log = self.world.chance.choice(list(self.facts.broker.logs.values()))
        log.append([(b"k", value)], kind)
        self.facts.broker.produced()
