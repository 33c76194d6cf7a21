"""The same log of commands gives the same messages, byte for byte: a change that is meant to change nothing changes none.

`recorded/*.txt` has a line for each message: where it goes, what it is, and the digest of its key, value, headers and
partition. With `RECORD=yes` in the environment the test writes these files anew, which only a change of the messages
that is meant allows.
"""

import hashlib
import os
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from chassis.configuration.settings import service_database_url
from chassis.database.migrations import migrate
from chassis.database.transactions import Database
from chassis.errors import TooMuch
from chassis.kafka.publisher import Publisher
from contracts.envelope import Message, Record
from services.booking.clients.identity import Directory
from services.booking.handlers import Handlers
from services.booking.messages.commands import decode
from services.booking.settings import BookingSettings
from tests.component.booking.identity import Identity
from tests.component.booking.recorded.chance import five_hundred, small_batches
from tests.component.booking.recorded.log import Log, populate
from tests.component.booking.recorded.scenes import thought_out
from tests.support.world import new_world, remove_world

RECORDED = Path(__file__).with_name("recorded")
LOGS: dict[str, Callable[[], Log]] = {
    "thought_out": thought_out,
    "five_hundred": five_hundred,
    "small_batches": small_batches,
}


class _Partitions:
    async def partitions(self, _: str) -> int:
        return 6


class Clerk:
    """Booking's handlers with a database of their own, which answers batches as its consumer would have it."""

    def __init__(self, database: Database, handlers: Handlers) -> None:
        self._database = database
        self._handlers = handlers

    async def decide(self, records: Sequence[Record]) -> list[Message]:
        """The messages of one batch, or of its halves where it is too much."""
        items = [(record, decode(record)) for record in records]
        try:
            async with self._database.transaction() as tx:
                messages = await self._handlers.handle(tx, items)
        except TooMuch:
            middle = len(records) // 2
            return [*await self.decide(records[:middle]), *await self.decide(records[middle:])]
        self._handlers.committed()
        return messages

    async def repeat(self, records: Sequence[Record]) -> list[Message]:
        """The messages of records that were decided before."""
        items = [(record, decode(record)) for record in records]
        async with self._database.transaction() as tx:
            return await self._handlers.republish(tx, items)


@pytest.fixture
async def clerk(database_server: str, identity: Identity) -> AsyncIterator[Clerk]:
    """In an empty database, where everybody of the log is known to Identity. No broker is needed."""
    populate(identity)
    world = new_world("127.0.0.1:1", database_server)
    settings = BookingSettings(database_url=world.database_url, identity_url=identity.url)
    await migrate("booking", settings)
    database = Database(service_database_url(settings, "booking"), application_name="test")
    directory = Directory(identity.url, timeout=5, remember_for=300)
    handlers = Handlers(settings, cast("Publisher", _Partitions()), directory)
    handlers._may_decide = True  # there is no log that this empty database could have lost
    yield Clerk(database, handlers)
    await directory.close()
    await database.dispose()
    await remove_world(world)


@pytest.mark.parametrize("name", LOGS)
async def test_a_recorded_log_gives_the_same_messages_byte_for_byte(clerk: Clerk, name: str) -> None:
    log, lines = LOGS[name](), []
    for batch, records in log.batches:
        messages = await clerk.decide(records)
        lines += [f"# {batch}: {len(records)} commands, {len(messages)} messages", *map(_line, messages)]
        assert [_line(message) for message in await clerk.repeat(records)] == [
            _line(item) for item in messages
        ]
    file = RECORDED / f"{name}.txt"
    if os.environ.get("RECORD"):
        file.write_text("\n".join(lines) + "\n")
    assert lines == file.read_text().splitlines()


def _line(message: Message) -> str:
    """A message in one line for the reader of a difference, with a digest of all of it."""
    headers = dict(message.headers)
    body: dict[str, Any] = orjson.loads(message.value or b"{}")
    words = [
        message.topic.removeprefix("booking."),
        headers["ce_type"].decode(),
        (message.key or b"-").decode()[:8],
        headers.get("ce_subject", b"-").decode()[:8],
        *(f"v{body['version']}" for _ in [0] if body.get("version")),
        *(f"{body['code']}: {body['detail']}" for _ in [0] if body.get("code")),
        *(f"{error['field']} {error['code']}" for error in body.get("errors", ())[:5]),
        *(f"{len(body[name])} {name}" for name in ("conflicts", "alternatives", "skipped") if body.get(name)),
    ]
    return " | ".join((*words, _digest(message)))


def _digest(message: Message) -> str:
    parts = [message.key or b"", message.value or b"", str(message.partition).encode()]
    parts += [part for name, value in message.headers for part in (name.encode(), value)]
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:32]
