"""Promises to clients: every send with its time and its acknowledgement, and the checks over that history."""

import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from contracts import envelope
from contracts.envelope import Message
from tests.support import World

Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class Operation:
    """One step of a send. `at`: monotonic seconds. `unknown`: no acknowledgement, so it may have taken effect or not."""

    at: float
    phase: Literal["invoke", "ok", "unknown"]
    command_id: UUID
    body: bytes
    partition: int | None = None
    offset: int | None = None


@dataclass
class History:
    """Appends every operation to a file as a line of JSON, and keeps it."""

    path: Path
    operations: list[Operation] = field(default_factory=list)

    async def feed(self, world: World, messages: Sequence[Message], portion: int = 50) -> None:
        """Send portion by portion, each by a producer that waits for its acknowledgements."""
        for start in range(0, len(messages), portion):
            producer = AIOKafkaProducer(bootstrap_servers=world.bootstrap, enable_idempotence=True)
            await producer.start()
            try:
                await self._send(producer, world, messages[start : start + portion])
            finally:
                await producer.stop()

    async def _send(self, producer: AIOKafkaProducer, world: World, messages: Sequence[Message]) -> None:
        acks = []
        for message in messages:
            self._note("invoke", message)
            acks.append(
                await producer.send(
                    world.topic_prefix + message.topic,
                    message.value,
                    key=message.key,
                    partition=message.partition,
                    headers=list(message.headers),
                )
            )
        for message, ack in zip(messages, acks, strict=True):
            try:
                record = await ack
            except KafkaError:
                self._note("unknown", message)
            else:
                self._note("ok", message, record.partition, record.offset)

    def _note(
        self,
        phase: Literal["invoke", "ok", "unknown"],
        message: Message,
        partition: int | None = None,
        offset: int | None = None,
    ) -> None:
        command_id = envelope.message_id(message.headers)
        assert command_id is not None
        operation = Operation(time.monotonic(), phase, command_id, message.value or b"", partition, offset)
        self.operations.append(operation)
        line = {name: getattr(operation, name) for name in ("at", "phase", "partition", "offset")}
        line |= {"id": str(command_id), "body": operation.body.decode()}
        with self.path.open("ab") as out:
            out.write(orjson.dumps(line) + b"\n")

    def bodies(self, phase: Literal["invoke", "ok", "unknown"]) -> dict[UUID, set[bytes]]:
        """The bodies of each command id that reached this phase."""
        found: dict[UUID, set[bytes]] = defaultdict(set)
        for operation in self.operations:
            if operation.phase == phase:
                found[operation.command_id].add(operation.body)
        return dict(found)


def check_outcomes(history: History, records: Sequence[Any]) -> dict[UUID, dict[str, Any]]:
    """Each acknowledged command has exactly one outcome, and each id used again for something else its refusal.

    Returns the outcome of each command id. Copies are the same, byte for byte.
    """
    decided: dict[UUID, set[UUID | None]] = defaultdict(set)
    reused: dict[UUID, set[UUID | None]] = defaultdict(set)
    outcomes: dict[UUID, dict[str, Any]] = {}
    for record in first_copies(records):
        outcome = orjson.loads(record.value)
        command_id = UUID(outcome["command_id"])
        if outcome["code"] == "command_id_reused":
            reused[command_id].add(envelope.message_id(record.headers))
        else:
            decided[command_id].add(envelope.message_id(record.headers))
            outcomes[command_id] = outcome
    several = [command_id for command_id, ids in decided.items() if len(ids) > 1]
    assert not several, f"more than one outcome: {several[:3]}"
    invoked, acknowledged = history.bodies("invoke"), history.bodies("ok")
    assert decided.keys() <= invoked.keys(), "an outcome of what nobody sent"
    missing = acknowledged.keys() - decided.keys()
    assert not missing, f"{len(missing)} acknowledged commands have no outcome: {list(missing)[:3]}"
    unrefused = [
        command_id for command_id, bodies in acknowledged.items() if len(bodies) > 1 > len(reused[command_id])
    ]
    assert not unrefused, f"an id was used again for something else without a refusal: {unrefused[:3]}"
    surprised = [command_id for command_id, ids in reused.items() if ids and len(invoked[command_id]) < 2]
    assert not surprised, f"refused as used again, though its content was the same: {surprised[:3]}"
    return outcomes


def check_events(outcomes: dict[UUID, dict[str, Any]], events: Sequence[dict[str, Any]]) -> None:
    """The events are exactly those that the accepted outcomes name, and nobody is in two open appointments after any."""
    named = {UUID(event_id) for outcome in outcomes.values() for event_id in outcome["event_ids"]}
    published = {UUID(str(event["id"])) for event in events}
    assert published == named, (
        f"{len(published - named)} events without a decision, {len(named - published)} decided and not published"
    )
    spans: dict[str, dict[str, Span]] = defaultdict(dict)
    for event in events:
        if event["type"].startswith("appointment."):
            _move(spans, event["appointment_id"], event["appointment"])


def _move(spans: dict[str, dict[str, Span]], appointment_id: str, state: dict[str, Any]) -> None:
    """Put the appointment where it is after the event."""
    for user in [user for user, known in spans.items() if appointment_id in known]:
        del spans[user][appointment_id]
    span = datetime.fromisoformat(state["start_time"]), datetime.fromisoformat(state["end_time"])
    for user in _busy(state):
        for other, (start, end) in spans[user].items():
            assert end <= span[0] or span[1] <= start, f"{user} is in {appointment_id} and in {other}"
        spans[user][appointment_id] = span


def _busy(state: dict[str, Any]) -> Iterator[str]:
    if state["status"] in ("pending", "confirmed"):
        answers = state["confirmation_status"]
        for user in {state["organizer_id"], *state["participant_ids"]}:
            if answers.get(user) != "declined":
                yield user


def first_copies(records: Sequence[Any]) -> list[Any]:
    """Each record once by its id, in the order of the log; later copies are byte-identical."""
    copies: dict[UUID | None, Any] = {}
    for record in records:
        first = copies.setdefault(envelope.message_id(record.headers), record)
        same = (first.key, first.value, first.headers) == (record.key, record.value, record.headers)
        assert same, f"a later copy differs: {first.value!r} {record.value!r}"
    return list(copies.values())
