"""The seeded chance, the clock, the record of what happened, and the ledger of what was applied and published."""

import asyncio
import hashlib
import random
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from contracts.envelope import Message

ALIVE = "no bug stops a process"
SOUND = "no sound partition is halted"
TRUE_RESTORE = "a database is taken for set back only if it was"
KNOWN = "the model knows every statement"

Place = tuple[str, int]  # topic and partition


@dataclass(frozen=True, slots=True)
class Application:
    """One record that was applied: its partition, offset and value."""

    place: Place
    offset: int
    value: str


@dataclass
class World:
    """State that all parts of a simulation share.

    `faults`: whether small faults (lost answers, refused calls, long waits) happen by chance. `published`: what was
    acknowledged, in order, for each record by its position. `complaints`: promises that were seen broken.
    """

    seed: int
    chance: random.Random
    faults: bool = True
    counts: Counter[str] = field(default_factory=Counter)
    published: dict[str, list[Message]] = field(default_factory=lambda: defaultdict(list))
    order: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    @property
    def now(self) -> float:
        """Virtual seconds."""
        return asyncio.get_running_loop().time()

    def happens(self, what: str, probability: float) -> bool:
        """Whether a fault strikes now, by chance; counted and told if it does."""
        if not self.faults or self.chance.random() >= probability:
            return False
        self.count(what)
        return True

    def count(self, what: str) -> None:
        """Count something that happened and write it into the story."""
        self.counts[what] += 1
        self.tell(what)

    def tell(self, what: str) -> None:
        """Write into the story, with the time."""
        self.story.append(f"{self.now - 1000:9.3f} {what}")

    def complain(self, promise: str, details: str) -> None:
        """Note that a promise is broken. The promise comes first, so that a control can name it."""
        self.complaints.append(f"{promise}: {details}")
        self.tell(f"!!! {promise}: {details}")

    async def lag(self, shortest: float = 0.001, longest: float = 0.02) -> None:
        """Wait as long as a call takes; now and then fifty times as long."""
        usual = self.chance.uniform(shortest, longest)
        await asyncio.sleep(usual * (50 if self.faults and self.chance.random() < 0.03 else 1))

    def digest(self) -> str:
        """A hash of the whole story: the same for each run of a seed."""
        return hashlib.sha256("\n".join(self.story).encode()).hexdigest()
