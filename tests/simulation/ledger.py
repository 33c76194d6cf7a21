"""A subscription with one line of business: enter each record in the ledger, and publish that it was entered."""

from collections.abc import Sequence

from chassis.consuming.batch import Subscription
from chassis.database.transactions import Transaction
from chassis.errors import DependencyDown, InvalidMessage
from contracts.envelope import Message, Record
from tests.simulation.database import Server
from tests.simulation.kafka import TOPIC
from tests.simulation.transaction import ModelTransaction
from tests.simulation.world import Application

NAME, SERVICE = "ledger.commands", "ledger"
ENTERED, POISON, UNREADABLE, IGNORED, HEAVY = "entered", "poison", "unreadable", "ignored", "heavy"
HEAVY_SECONDS = 3.0  # for each heavy record: two are one statement, three are beyond its time-out
SLOW_SECONDS = 1.5  # for each record while the server is slow

Pairs = Sequence[tuple[Record, str]]


def subscription(server: Server, *, gather: float) -> Subscription[str]:
    """The ledger's subscription, on this server. Values are `kind:number`."""
    world = server.world

    async def handle(tx: Transaction, pairs: Pairs) -> list[Message]:
        assert isinstance(tx, ModelTransaction)
        await world.lag()
        if world.happens("oracle down", 0.01):
            raise DependencyDown("oracle", "by chance")
        if any(value.startswith(POISON) for _, value in pairs):
            raise ValueError("poison")
        await tx.apply(
            [Application((record.topic, record.partition), record.offset, value) for record, value in pairs],
            _seconds(pairs, slow=world.now < server.slow_until),
        )
        return _messages(pairs)

    async def again(_: Transaction, pairs: Pairs) -> list[Message]:
        return _messages(pairs)

    return Subscription(
        name=NAME, topics=(TOPIC,), decode=_decode, handle=handle, republish=again, gather=gather
    )


def _decode(record: Record) -> str | None:
    value = (record.value or b"").decode()
    if value.startswith(UNREADABLE):
        raise InvalidMessage("unreadable")
    return None if value.startswith(IGNORED) else value


def _seconds(pairs: Pairs, *, slow: bool) -> float:
    heavy = sum(HEAVY_SECONDS for _, value in pairs if value.startswith(HEAVY))
    return heavy + (SLOW_SECONDS * len(pairs) if slow else 0.0)


def _messages(pairs: Pairs) -> list[Message]:
    return [
        Message(
            "out", record.key, f"{record.position}={value}".encode(), (("cause", record.position.encode()),)
        )
        for record, value in pairs
    ]
