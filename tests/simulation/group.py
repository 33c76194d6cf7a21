"""The consumer group: who lives, who is assigned what, who is taken for dead and is not."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from aiokafka import TopicPartition

from tests.simulation.process import Process
from tests.simulation.world import World

REBALANCE_WITHIN = 20.0  # seconds that the group waits for a process to give up its partitions


@dataclass
class Group:
    """The living processes, and those that were replaced while they were frozen or cut off."""

    world: World
    partitions: list[TopicPartition]
    new_process: Callable[[int], Process]
    living: list[Process] = field(default_factory=list)
    _generation: int = 0
    _started: int = 0

    def start(self) -> Process:
        """Start a process; it gets partitions at the next rebalance."""
        self._started += 1
        process = self.new_process(self._started)
        self.living.append(process)
        return process

    def kill(self, process: Process) -> None:
        """kill -9."""
        process.kill()
        self.living.remove(process)

    async def stop(self, process: Process) -> None:
        """SIGTERM, and the exit that follows."""
        stopping = process.stop()
        await asyncio.wait({stopping}, timeout=REBALANCE_WITHIN)
        self.kill(process)

    async def rebalance(self, without: Process | None = None) -> None:
        """Assign all partitions anew, to all but one that the group takes for dead and that does not know it."""
        self._generation += 1
        members = [process for process in self.living if process is not without]
        await self._all({process: process.leave() for process in members if process.assigned})
        shares: dict[Process, list[TopicPartition]] = {process: [] for process in members}
        for number, partition in enumerate(self.partitions):
            shares[members[(number + self._generation) % len(members)]].append(partition)
        await self._all({process: process.enter(share) for process, share in shares.items()})

    async def _all(self, tasks: "dict[Process, asyncio.Task[None]]") -> None:
        if tasks:
            await asyncio.wait(tasks.values(), timeout=REBALANCE_WITHIN)
