"""The faults. In safety mode one thing after the other, in liveness mode one kind of trouble again and again."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from tests.simulation.checks import Watch
from tests.simulation.contents import Contents
from tests.simulation.facts import Facts
from tests.simulation.group import Group
from tests.simulation.log_faults import LogFaults
from tests.simulation.process import Process
from tests.simulation.publisher import OutTopic
from tests.simulation.world import World

Fault = Callable[[], Awaitable[None]]
MOST_PROCESSES = 4

TROUBLES = (
    "database away",
    "database restored",
    "database restored when idle",
    "database slow",
    "broker away",
    "publisher refused",
    "bad header name",
    "bad batch",
    "heavy records",
    "topic made anew",
    "deleted too early",
    "restarts without progress",
)
"""What can be broken for a while under a single process."""


@dataclass
class Nemesis:
    """Breaks things by the world's chance."""

    world: World
    facts: Facts
    out: OutTopic
    group: Group
    watch: Watch
    _snapshot: Contents = field(default_factory=Contents)
    _frozen: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.broker = self.facts.broker
        self.server = self.facts.server
        self._logs = LogFaults(self.world, self.facts, self.group)

    @property
    def troubles(self) -> dict[str, Fault]:
        """How each trouble strikes once."""
        return {
            "database away": self._database_away,
            "database restored": self._restored,
            "database restored when idle": self._restored_when_idle,
            "database slow": self._database_slow,
            "broker away": self._broker_away,
            "publisher refused": self._publisher_refused,
            "bad header name": self._logs.bad_header_name,
            "bad batch": self._logs.bad_batch,
            "heavy records": self._logs.heavy_records,
            "topic made anew": self._logs.made_anew,
            "deleted too early": self._logs.deleted_too_early,
            "restarts without progress": self._restarts_without_progress,
        }

    @property
    def over_at(self) -> float:
        """When the last trouble that has a duration ends, in virtual seconds."""
        return max(
            self.server.away_until,
            self.server.slow_until,
            self.server.full_until,
            self.broker.away_until,
            self.out.refused_until,
        )

    async def strike(self) -> None:
        """Perhaps break something."""
        faults: list[tuple[float, Fault]] = [
            (45, self._nothing),
            (20, self._crash),
            (10, self._join),
            (4, self._leave),
            (8, self._cut_off),
            (8, self._freeze),
            (8, self._restored),
            (2, self._database_away),
            (2, self._publisher_refused),
            (1, self._broker_away),
            (3, self._retention),
        ]
        weights, fault = [weight for weight, _ in faults], [fault for _, fault in faults]
        await self.world.chance.choices(fault, weights)[0]()

    async def relent(self) -> None:
        """Break nothing more; what was cut off or frozen finds its way back at a last rebalance."""
        self.server.away_until = self.broker.away_until = self.out.refused_until = self.server.slow_until = (
            0.0
        )
        self.world.faults = False
        self._thaw()
        await self.group.rebalance()

    # --- processes --------------------------------------------------------------------------------------------------

    async def _nothing(self) -> None:
        pass

    async def _crash(self) -> None:
        self.world.count("crash")
        self.group.kill(self.world.chance.choice(self.group.living))
        await asyncio.sleep(self.world.chance.uniform(0, 0.5))
        self.group.start()
        await self.group.rebalance()

    async def _restarts_without_progress(self) -> None:
        """Nothing can be written, or nothing be published, for a while, and the process is killed again and again."""
        self.world.count("restarts without progress")
        until = self.world.now + self.world.chance.uniform(40, 90)
        if self.world.chance.random() < 0.5:
            self.server.full_until = until
        else:
            self.out.refused_until = until
        while self.world.now < until:
            await asyncio.sleep(self.world.chance.choice([2.0, 8.0, 30.0]) * self.world.chance.random())
            await self._crash()

    async def _join(self) -> None:
        if len(self.group.living) < MOST_PROCESSES:
            self.world.count("join")
            self.group.start()
            await self.group.rebalance()

    async def _leave(self) -> None:
        if len(self.group.living) > 1:
            self.world.count("leave")
            await self.group.stop(self.world.chance.choice(self.group.living))
            await self.group.rebalance()

    async def _cut_off(self) -> None:
        """The group replaces an owner that goes on working: it does not reach the coordinator."""
        if len(self.group.living) > 1:
            self.world.count("zombie")
            await self.group.rebalance(without=self.world.chance.choice(self.group.living))
            await asyncio.sleep(self.world.chance.uniform(0, 1))
            await self.group.rebalance()

    async def _freeze(self) -> None:
        """SIGSTOP: the group replaces an owner that stands still, and then goes on as if it still owned everything."""
        if len(self.group.living) > 1:
            self.world.count("frozen")
            frozen = self.world.chance.choice(self.group.living)
            frozen.loop.stop_process(frozen.number)
            self._frozen.append(frozen)
            await asyncio.sleep(self.world.chance.choice([0.5, 4.0, 8.0]) * self.world.chance.random())
            await self.group.rebalance(without=frozen)
            await asyncio.sleep(self.world.chance.choice([0.5, 8.0]) * self.world.chance.random())
            self._thaw()
            await asyncio.sleep(self.world.chance.uniform(0, 1))
            await self.group.rebalance()

    def _thaw(self) -> None:
        for process in self._frozen:
            process.loop.continue_process(process.number)
        self._frozen.clear()

    # --- servers ----------------------------------------------------------------------------------------------------

    async def _restored(self) -> None:
        """A snapshot is taken, or the last one comes back."""
        if self.world.chance.random() < 0.5:
            self._snapshot = self.server.contents.copy()
            return
        self.world.count("restore")
        away = self.world.chance.choice([0.0, 3.0, 15.0]) * self.world.chance.random()
        self.server.restore(self._snapshot, away)
        self.watch.restored()

    async def _restored_when_idle(self) -> None:
        """The same when everything is applied, published and noted, and nothing more comes."""
        for _ in range(10):
            await asyncio.sleep(1)
            if not self.facts.lagging():
                await asyncio.sleep(2)
                return await self._restored()
        return None

    async def _database_away(self) -> None:
        self.world.count("database away")
        self.server.interrupt(self.world.chance.uniform(0, 15))

    async def _database_slow(self) -> None:
        self.world.count("database slow")
        self.server.slow_until = self.world.now + self.world.chance.uniform(5, 20)

    async def _broker_away(self) -> None:
        self.world.count("broker away")
        self.broker.away_until = self.world.now + self.world.chance.uniform(0, 10)

    async def _publisher_refused(self) -> None:
        self.world.count("publisher refused")
        self.out.refused_until = self.world.now + self.world.chance.uniform(1, 15)

    async def _retention(self) -> None:
        """The broker deletes what is published everywhere, also in the snapshot that may come back."""
        for partition, log in self.broker.logs.items():
            rows = (
                contents.progress.get(tuple(partition)) for contents in (self.server.contents, self._snapshot)
            )
            safe = min(row["published_offset"] if row else 0 for row in rows)
            if safe > log.start:
                self.world.count("retention")
                log.delete_before(safe)
