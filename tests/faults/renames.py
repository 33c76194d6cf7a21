"""Two renames of one appointment, of which booking cannot decide the first where it lies while partitions are added."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest.mock import patch
from uuid import uuid4

import asyncpg

from chassis.configuration.settings import Settings
from chassis.kafka.publisher import partition_of
from chassis.topics import administration
from chassis.topics.draining import Groups
from cli.operate.resizing import _Resize, resize
from contracts.topics import BOOKING_COMMANDS
from tests.e2e.user import User, Users, free_day
from tests.faults.driver import settings_of
from tests.support import World, eventually

LOOKS = 12  # of the resize at what is behind: by then it waits for the rename
PATIENCE = 100.0


@dataclass
class Rename:
    """A new title on its way over HTTP."""

    user: User
    appointment: str
    title: str
    statuses: list[int] = field(default_factory=list)

    async def run(self) -> None:
        """Send it until it is taken, then wait until it is decided and shown."""
        path, headers = f"/{self.appointment}", {"Idempotency-Key": str(uuid4())}
        while True:
            answer = await self.user.http.patch(path, json={"title": self.title}, headers=headers)
            self.statuses.append(answer.status_code)
            if answer.status_code == 200:
                return
            if answer.status_code == 202:
                break
            assert answer.status_code == 503, answer.text
            await asyncio.sleep(float(answer.headers["Retry-After"]) / 4)  # a client's own pace
        command = answer.headers["Location"].removeprefix("/api/appointments")
        await eventually(lambda: self._accepted(command), PATIENCE, interval=0.2)

    async def _accepted(self, command: str) -> bool:
        return bool((await self.user.http.get(command)).json()["status"] == "accepted")


@dataclass
class Renames:
    """A fleet whose topics are given more partitions, again and again."""

    world: World
    users: Users

    @property
    def settings(self) -> Settings:
        """Those of the fleet."""
        return settings_of(self.world)

    async def across_a_resize(self, begin: "Begin") -> str:
        """Rename to "First" as `begin` says, then to "Second"; returns the title when both are decided.

        Booking is held up in the partition of the first, until the second is decided, or the resize waits.
        """
        before = (await administration.describe(self.settings, [BOOKING_COMMANDS]))[BOOKING_COMMANDS]
        user, after = await self._moved(before.partitions)
        appointment = (await user.book(free_day()))["id"]
        first, second = Rename(user, appointment, "First"), Rename(user, appointment, "Second")
        old = partition_of(user.organization.encode(), before.partitions)
        looks = Looks()
        async with asyncio.TaskGroup() as tasks, held_up(self.world, old) as hold:
            deciding: list[asyncio.Task[None]] = []

            async def begun() -> None:
                await hold.begin()
                deciding.append(tasks.create_task(first.run()))
                await eventually(lambda: first.statuses, 30)
                looks.count = 0

            with begin(begun), looks.counted():
                resizing = tasks.create_task(
                    resize(self.settings, after, patience=PATIENCE, say=lambda _: None)
                )

                async def after_it() -> None:
                    await resizing
                    await second.run()

                seconds = tasks.create_task(after_it())
                await eventually(lambda: seconds.done() or (deciding and looks.count >= LOOKS), PATIENCE)
                await hold.end()
                await resizing

        async def shown() -> dict[str, Any]:
            found = dict((await user.http.get(f"/{appointment}")).json())
            assert found["version"] == 3, "both are decided"
            return found

        return str((await eventually(shown, 30, interval=0.2))["title"])

    async def _moved(self, count: int) -> tuple[User, int]:
        """A person, and the next count at which their organization has a partition that is new."""
        after = count
        while True:
            after += 1
            for email, person in self.users.people.items():
                if partition_of(person["organization_id"].encode(), after) >= count:
                    return await self.users(email), after


Begin = Callable[[Callable[[], Awaitable[None]]], Any]


@contextmanager
def right_before_the_pause(begun: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """The first rename is taken when the fleet has caught up, a moment before the intake is paused."""
    tell, waiting = _Resize._tell, [begun]

    async def begin_and_tell(self: _Resize, seconds: int) -> None:
        while waiting:
            await waiting.pop()()
        await tell(self, seconds)

    with patch.object(_Resize, "_tell", begin_and_tell):
        yield


@contextmanager
def when_all_is_drained(begun: Callable[[], Awaitable[None]]) -> Iterator[None]:
    """The first rename is sent right before the partitions are added."""
    add = administration.add_partitions

    async def begin_and_add(*arguments: Any) -> None:
        await begun()
        await add(*arguments)

    with patch.object(administration, "add_partitions", begin_and_add):
        yield


@dataclass
class Looks:
    """How often the resize has looked at what is behind."""

    count: int = 0

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count them meanwhile."""
        look = Groups.behind

        async def behind(groups: Groups, *arguments: Any) -> Any:
            self.count += 1
            return await look(groups, *arguments)

        with patch.object(Groups, "behind", behind):
            yield


@dataclass
class Hold:
    """A lock of another session on the progress of booking in one partition."""

    connection: asyncpg.Connection
    partition: int

    async def begin(self) -> None:
        """From now on booking decides nothing there."""
        await self.connection.execute("BEGIN")
        row = await self.connection.fetchrow(
            "SELECT FROM progress WHERE consumer = $1 AND topic = $2 AND partition = $3 FOR UPDATE",
            "booking.commands",
            BOOKING_COMMANDS.name,
            self.partition,
        )
        assert row is not None

    async def end(self) -> None:
        """Let booking go on."""
        await self.connection.execute("COMMIT")


@asynccontextmanager
async def held_up(world: World, partition: int) -> AsyncIterator[Hold]:
    """A hold that has not begun, and ends at the latest with the block."""
    connection = await asyncpg.connect(f"{world.database_url}_booking")
    try:
        yield Hold(connection, partition)
    finally:
        await connection.close()
