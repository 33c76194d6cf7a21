"""One simulation: a seed, a mode, what is produced, what breaks, and what must be true at the end."""

import asyncio
import random
from collections import Counter
from dataclasses import dataclass
from enum import Enum

from aiokafka import TopicPartition

from tests.simulation import checks, ledger
from tests.simulation.adapter import same_log_asks, simulated
from tests.simulation.database import Server
from tests.simulation.facts import Facts
from tests.simulation.group import Group
from tests.simulation.kafka import TOPIC, Broker
from tests.simulation.log import Kind, Log
from tests.simulation.loop import VirtualLoop
from tests.simulation.nemesis import TROUBLES, Nemesis
from tests.simulation.process import Process
from tests.simulation.publisher import OutTopic
from tests.simulation.world import World

PARTITIONS, KEYS = 3, 6
RECORDS = 60
NOTICED_WITHIN = 3.0  # virtual seconds, as the next
HEALS_WITHIN = 120.0


class Mode(Enum):
    """Safety: everything breaks at once, processes come and go. Liveness: one process, one trouble, no helping hand."""

    SAFETY = "safety"
    LIVENESS = "liveness"


@dataclass(frozen=True)
class Result:
    """The result of one run. `violations` are empty when all promises held."""

    seed: int
    mode: Mode
    violations: tuple[str, ...]
    counts: Counter[str]
    story: tuple[str, ...]
    digest: str
    seconds: float
    trouble: str | None

    @property
    def name(self) -> str:
        """The command that replays this run."""
        trouble = f" --trouble '{self.trouble}'" if self.trouble else ""
        return f"--mode {self.mode.value} --seeds ={self.seed}{trouble}"

    @property
    def broken(self) -> set[str]:
        """The promises that were broken."""
        return {violation.partition(":")[0] for violation in self.violations}


def run(seed: int, mode: Mode, trouble: str | None = None) -> Result:
    """Simulate one seed; `trouble` names what breaks in liveness mode, which the seed chooses otherwise."""
    loop = VirtualLoop(random.Random(f"order {seed}"))
    loop.set_exception_handler(lambda *_: None)
    asyncio.set_event_loop(loop)
    with simulated(loop, seed):
        try:
            return loop.run_until_complete(Scenario(seed, mode, trouble).run())
        finally:
            _tear_down(loop)


def _tear_down(loop: VirtualLoop) -> None:
    """Cancel what is left: what the scenario killed or never ended."""
    loop.forget_processes()
    for task in asyncio.all_tasks(loop):
        task._log_destroy_pending = False  # type: ignore[attr-defined]
        task.cancel()
    for _ in range(5):
        loop.call_soon(loop.stop)
        loop.run_forever()
    asyncio.set_event_loop(None)
    loop.close()


class Scenario:
    """The parts of one simulation, and its course."""

    def __init__(self, seed: int, mode: Mode, trouble: str | None) -> None:
        self._mode = mode
        self.world = world = World(seed, random.Random(f"{mode.value} {seed}"))
        partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
        self.broker = Broker(world, {partition: Log() for partition in partitions})
        self.server = Server(world)
        self.out = OutTopic(world)
        self.facts = Facts(world, self.broker, self.server)
        self.watch = checks.Watch(self.facts)
        self.group = Group(world, partitions, self._new_process)
        self.nemesis = Nemesis(world, self.facts, self.out, self.group, self.watch)
        self._trouble = trouble
        self._produced = 0

    def _new_process(self, number: int) -> Process:
        return Process(number, self.world, self.broker, self.server, self.out)

    async def run(self) -> Result:
        """Produce and break, then let it heal, then judge."""
        with same_log_asks(self.broker):
            await (self._safety() if self._mode is Mode.SAFETY else self._liveness())
            self.world.faults = False
            await self._settle()
        checks.at_the_end(self.facts, self.group)
        return Result(
            self.world.seed,
            self._mode,
            tuple(self.world.complaints),
            self.world.counts,
            tuple(self.world.story),
            self.world.digest(),
            self.world.now - 1000,
            self._trouble,
        )

    async def _safety(self) -> None:
        self.group.start()
        self.group.start()
        await self.group.rebalance()
        producing = asyncio.create_task(self._keep_producing())
        while not producing.done():
            await asyncio.sleep(self.world.chance.uniform(0, 0.4))
            await self.nemesis.strike()
        await self.nemesis.relent()

    async def _liveness(self) -> None:
        readiness = checks.Readiness(self.facts, self.group)
        self._watching = asyncio.create_task(readiness.watch())
        self.group.start()
        await self.group.rebalance()
        trouble = self._trouble or self.world.chance.choice(TROUBLES)
        self.world.tell(f"trouble: {trouble}")
        producing = asyncio.create_task(self._keep_producing())
        while not producing.done():
            await asyncio.sleep(self.world.chance.uniform(0, 3))
            if self.world.chance.random() < 0.5:
                await self.nemesis.troubles[trouble]()

    async def _keep_producing(self) -> None:
        while self._produced < RECORDS:
            self._produce(self.world.chance.randrange(1, 8))
            await asyncio.sleep(self.world.chance.choice([0.2, 3.0]) * self.world.chance.random())

    async def _settle(self) -> None:
        """Wait, without help, until nothing lags and everybody is well, or it has taken too long."""
        await asyncio.sleep(max(0.0, self.nemesis.over_at - self.world.now) + NOTICED_WITHIN)
        until = self.world.now + HEALS_WITHIN
        while self.world.now < until:
            await asyncio.sleep(1)
            well = all(checks.is_true(process, self.facts) for process in self.group.living)
            if well and not self.facts.lagging():
                return

    def _produce(self, count: int) -> None:
        chance = self.world.chance
        for _ in range(count):
            number, self._produced = self._produced, self._produced + 1
            key = number % KEYS
            log = self.broker.logs[TopicPartition(TOPIC, key % PARTITIONS)]
            kind = chance.choices(
                [ledger.ENTERED, ledger.POISON, ledger.UNREADABLE, ledger.IGNORED], [100, 1, 1, 2]
            )[0]
            pair = (str(key).encode(), f"{kind}:{number}".encode())
            match chance.choices(["plain", "transaction", "aborted"], [20, 1, 1])[0]:
                case "plain":
                    log.append([pair])
                case "transaction":
                    log.append([pair])
                    log.mark(9_999, committed=True)
                case "aborted":
                    log.append([(pair[0], b"aborted:1"), (pair[0], b"aborted:2")], Kind.ABORTED)
                    log.append([pair])
        self.broker.produced()
