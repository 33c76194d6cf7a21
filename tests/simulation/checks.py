"""The promises. Each is named, so that a control can say which one must break when a safeguard is taken away.

Some are looked at in each commit of the database, the others at the end.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator

from aiokafka import TopicPartition

from tests.simulation import ledger
from tests.simulation.database import Server
from tests.simulation.group import Group
from tests.simulation.kafka import TOPIC, Broker
from tests.simulation.log import Entry, Kind
from tests.simulation.process import Process
from tests.simulation.world import World

ONCE = "applied once"
IN_ORDER = "applied in order"
REAL = "applied only what the log has"
NOTHING_SKIPPED = "nothing skipped"
NOT_AHEAD = "never noted as published before it is"
PUBLISHED = "published"
PUBLISHED_IN_ORDER = "published in order"
SAME_COPIES = "copies are the same"
HEALS = "heals by itself"
TRUE_HEALTH = "ready when all is well"

_NOWHERE = {"published_offset": -1}
_FOR_US = (Kind.GOOD, Kind.BAD_NAME)


class Watch:
    """Looks at each commit."""

    def __init__(self, world: World, broker: Broker, server: Server) -> None:
        self._world = world
        self._broker = broker
        self._server = server
        self._seen = 0
        self._highest: dict[tuple[str, int], int] = {}
        self._known: set[tuple[tuple[str, int], int]] = set()
        server.committed = self.committed

    def restored(self) -> None:
        """The database was set back: what it has lost may be applied again."""
        self._seen = 0
        self._highest.clear()
        self._known.clear()
        self.committed()

    def committed(self) -> None:
        """A transaction was committed: check what it changed."""
        self._check_ledger()
        for partition, log in self._broker.logs.items():
            row = self._server.contents.progress.get((TOPIC, partition.partition))
            if row is not None:
                self._check_row(partition, log.entries(_FOR_US), row["next_offset"], row["published_offset"])

    def _check_ledger(self) -> None:
        ledger_, self._seen = self._server.contents.ledger[self._seen :], len(self._server.contents.ledger)
        for entry in ledger_:
            log = self._broker.logs[TopicPartition(*entry.place)]
            if log.value_at(entry.offset) != entry.value.encode():
                self._world.complain(REAL, f"{entry}")
            if (entry.place, entry.offset) in self._known:
                self._world.complain(ONCE, f"{entry} again")
            elif entry.offset < self._highest.get(entry.place, -1):
                self._world.complain(IN_ORDER, f"{entry} after {self._highest[entry.place]}")
            self._known.add((entry.place, entry.offset))
            self._highest[entry.place] = max(entry.offset, self._highest.get(entry.place, -1))

    def _check_row(self, partition: TopicPartition, entries: list[Entry], next_: int, published: int) -> None:
        place = (TOPIC, partition.partition)
        for entry in entries:
            if entry.value.startswith(ledger.IGNORED.encode()):
                continue
            position = f"{TOPIC}/{partition.partition}/{entry.offset}"
            settled = (place, entry.offset) in self._known or (
                *place,
                entry.offset,
            ) in self._server.contents.letters
            if entry.offset < next_ and not settled:
                self._world.complain(NOTHING_SKIPPED, f"{position}, the position is {next_}")
            if entry.offset < published and position not in self._world.published:
                self._world.complain(NOT_AHEAD, f"{position}, noted as published up to {published}")


def at_the_end(world: World, broker: Broker, server: Server, group: Group) -> None:
    """Everything is settled and published once and in order, nothing waits, every process is well."""
    for promise, details in (
        *_unsettled(broker, server, world),
        *_copies(world),
        *_order(world, broker),
        *_waiting(broker, server, group),
    ):
        world.complain(promise, details)


def _unsettled(broker: Broker, server: Server, world: World) -> Iterator[tuple[str, str]]:
    applied = Counter((entry.place, entry.offset) for entry in server.contents.ledger)
    for partition, log in broker.logs.items():
        for entry in log.entries(_FOR_US):
            position = f"{TOPIC}/{partition.partition}/{entry.offset}"
            if entry.value.startswith(ledger.IGNORED.encode()):
                continue
            if not applied[(TOPIC, partition.partition), entry.offset] and (
                TOPIC, partition.partition, entry.offset,
            ) not in server.contents.letters:  # fmt: skip
                yield NOTHING_SKIPPED, f"{position} is neither applied nor set aside"
            elif position not in world.published:
                yield PUBLISHED, f"{position} never was"


def _copies(world: World) -> Iterator[tuple[str, str]]:
    for position, copies in world.published.items():
        if len({(copy.topic, copy.key, copy.value) for copy in copies}) > 1:
            yield SAME_COPIES, f"{position}: {copies[:3]}"


def _order(world: World, broker: Broker) -> Iterator[tuple[str, str]]:
    """First copies of one key are in the order of the log; dead letters are beside it."""
    by_key: dict[tuple[str, bytes | None], list[int]] = defaultdict(list)
    for position in world.order:
        first = world.published[position][0]
        place, _, offset = position.rpartition("/")
        if first.topic == "out":
            by_key[place, first.key].append(int(offset))
    for (place, key), offsets in by_key.items():
        if offsets != sorted(offsets):
            yield PUBLISHED_IN_ORDER, f"{place} {key!r}: {offsets}"


def _waiting(broker: Broker, server: Server, group: Group) -> Iterator[tuple[str, str]]:
    behind = lagging(broker, server)
    if behind:
        yield HEALS, f"lag on {behind}; {[process.describe() for process in group.living]}"
    for process in group.living:
        if not behind and not well(process, broker):
            yield TRUE_HEALTH, f"process {process.number}: {process.health}"


def well(process: Process, broker: Broker) -> bool:
    """Whether its health says what is true: ready, or halted exactly where the log cannot be read."""
    health = process.health
    bad = {
        (TOPIC, tp.partition) for tp in process.assigned if broker.logs[tp].readable_end < broker.logs[tp].end
    }
    return set(health._all_halted()) == bad and (bool(bad) or health.ready)


def lagging(broker: Broker, server: Server) -> list[int]:
    """The partitions with something that is not noted as published."""
    rows = server.contents.progress
    return [
        partition.partition
        for partition, log in broker.logs.items()
        if log.batches
        and rows.get((TOPIC, partition.partition), _NOWHERE)["published_offset"] < log.readable_end
    ]
