"""The promises. Each is named, so that a control can say which one must break when a safeguard is taken away.

Some are looked at in each commit of the database, the others at the end.
"""

import asyncio
from collections import defaultdict
from collections.abc import Iterator

from aiokafka import TopicPartition

from tests.simulation import ledger
from tests.simulation.facts import Facts, position
from tests.simulation.group import Group
from tests.simulation.process import Process
from tests.simulation.world import Place

ONCE = "applied once"
IN_ORDER = "applied in order"
REAL = "applied only what the log has"
NOTHING_SKIPPED = "nothing skipped"
GOOD_IS_APPLIED = "a good record is not set aside"
NOT_AHEAD = "never noted as published before it is"
PUBLISHED = "published"
PUBLISHED_IN_ORDER = "published in order"
SAME_COPIES = "copies are the same"
HEALS = "heals by itself"
TRUE_HEALTH = "health says what is true"
NOT_READY = "not ready while nothing gets on"

NOTICED_WITHIN = 3.0  # seconds beyond the limit
LOOK_EVERY = 0.25


class Watch:
    """Looks at each commit."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._world = facts.world
        self._seen = 0
        self._highest: dict[Place, int] = {}
        self._known: set[tuple[Place, int]] = set()
        facts.server.committed = self.committed

    def restored(self) -> None:
        """The database was set back: what it has lost may be applied again."""
        self._known = set(self._facts.server.contents.applied)
        self._seen = len(self._facts.server.contents.ledger)
        self._highest = {}
        for place, offset in self._known:
            self._highest[place] = max(offset, self._highest.get(place, -1))

    def committed(self) -> None:
        """A transaction was committed: check what it changed."""
        self._check_ledger()
        for partition in self._facts.partitions:
            if not self._facts.broker.logs[partition].generation:
                self._check_row(partition)

    def _check_ledger(self) -> None:
        entries, self._seen = (
            self._facts.server.contents.ledger[self._seen :],
            len(self._facts.server.contents.ledger),
        )
        for entry in entries:
            log = self._facts.broker.logs[TopicPartition(*entry.place)]
            if log.generation or log.value_at(entry.offset) not in (entry.value.encode(), None):
                self._world.complain(REAL, f"{entry}")
            if (entry.place, entry.offset) in self._known:
                self._world.complain(ONCE, f"{entry} again")
            elif entry.offset < self._highest.get(entry.place, -1):
                self._world.complain(IN_ORDER, f"{entry} after {self._highest[entry.place]}")
            self._known.add((entry.place, entry.offset))
            self._highest[entry.place] = max(entry.offset, self._highest.get(entry.place, -1))

    def _check_row(self, partition: TopicPartition) -> None:
        facts, row = self._facts, self._facts.row(partition)
        for entry in facts.records(partition):
            where = position(partition, entry.offset)
            if entry.offset < (row["next_offset"] or 0) and not facts.is_settled(partition, entry.offset):
                self._world.complain(NOTHING_SKIPPED, f"{where}, the position is {row['next_offset']}")
            if entry.offset < (row["published_offset"] or 0) and not facts.is_published(
                partition, entry.offset
            ):
                self._world.complain(NOT_AHEAD, f"{where}, noted up to {row['published_offset']}")


class Readiness:
    """Looks, several times a second, whether a process is ready although a partition of its own stands still."""

    def __init__(self, facts: Facts, group: Group) -> None:
        self._facts = facts
        self._group = group
        self._stands: dict[TopicPartition, tuple[tuple[int | None, int | None], float]] = {}

    async def watch(self) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(LOOK_EVERY)
            now = self._facts.world.now
            for partition in self._facts.partitions:
                stand = self._facts.first_waiting(partition), self._facts.row(partition)["published_offset"]
                if partition not in self._stands or stand != self._stands[partition][0]:
                    self._stands[partition] = (stand, now)
            for process in self._group.living:
                if process.consumer.taken_over.is_set() and process.health.ready:
                    self._check(process, now)

    def _check(self, process: Process, now: float) -> None:
        for partition in process.assigned:
            (waits, _), since = self._stands[partition]
            if waits is not None and now - since > process.stalled_after + NOTICED_WITHIN:
                details = f"process {process.number}, {position(partition, waits)} for {now - since:.1f} s"
                self._facts.world.complain(NOT_READY, details)


def at_the_end(facts: Facts, group: Group) -> None:
    """Everything is settled and published once and in order, nothing waits, every process is well."""
    found = (*_unsettled(facts), *_aside(facts), *_copies(facts), *_order(facts), *_waiting(facts, group))
    for promise, details in found:
        facts.world.complain(promise, details)


def _unsettled(facts: Facts) -> Iterator[tuple[str, str]]:
    for partition in facts.partitions:
        if facts.broker.logs[partition].generation or facts.may_halt(partition):
            continue  # what is lost there is lost; that it halts is looked at elsewhere
        for entry in facts.records(partition):
            if not facts.is_settled(partition, entry.offset):
                yield NOTHING_SKIPPED, f"{position(partition, entry.offset)} is neither applied nor set aside"
            elif not facts.is_published(partition, entry.offset):
                yield PUBLISHED, f"{position(partition, entry.offset)} never was"


def _aside(facts: Facts) -> Iterator[tuple[str, str]]:
    for topic, number, offset in facts.server.contents.letters:
        log = facts.broker.logs[TopicPartition(topic, number)]
        if not log.generation and (log.value_at(offset) or b"").startswith(
            (ledger.ENTERED.encode(), ledger.HEAVY.encode())
        ):
            yield GOOD_IS_APPLIED, f"{topic}/{number}/{offset}"


def _copies(facts: Facts) -> Iterator[tuple[str, str]]:
    for where, copies in facts.world.published.items():
        if len({(copy.topic, copy.key, copy.value) for copy in copies}) > 1:
            yield SAME_COPIES, f"{where}: {copies[:3]}"


def _order(facts: Facts) -> Iterator[tuple[str, str]]:
    """First copies of one key are in the order of the log; dead letters are beside it."""
    by_key: dict[tuple[str, bytes | None], list[int]] = defaultdict(list)
    for where in facts.world.order:
        first = facts.world.published[where][0]
        place, _, offset = where.rpartition("/")
        if first.topic == "out":
            by_key[place, first.key].append(int(offset))
    for (place, key), offsets in by_key.items():
        if offsets != sorted(offsets):
            yield PUBLISHED_IN_ORDER, f"{place} {key!r}: {offsets}"


def _waiting(facts: Facts, group: Group) -> Iterator[tuple[str, str]]:
    behind = facts.lagging()
    if behind:
        yield HEALS, f"lag on {behind}; {[process.describe() for process in group.living]}"
    for process in group.living:
        if not behind and not is_true(process, facts):
            yield TRUE_HEALTH, f"process {process.number}: {process.health}"


def is_true(process: Process, facts: Facts) -> bool:
    """Whether its health says what is so: ready, or halted exactly where nobody can go on.

    Where records are gone it notices at the next record at the latest; until then it is not ready, for want of progress.
    """
    must = {tuple(partition) for partition in process.assigned if facts.must_halt(partition)}
    may = {tuple(partition) for partition in process.assigned if facts.may_halt(partition)}
    halted = set(process.health._all_halted())
    if must | may and not process.health.ready:
        return halted <= must | may
    return must <= halted <= must | may and process.health.ready is not bool(halted)
