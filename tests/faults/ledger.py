"""A service of three lines of business, to prove the chassis with: it enters each command in a ledger and says so.

Run as `python -m tests.faults.ledger`. `CRASH_AT` names a step at which the process kills itself with SIGKILL, once,
as long as the file `CRASH_ONCE` exists. As long as `FREEZE_ONCE` exists it stops itself with SIGSTOP, once, with its
entries written and not committed. `WITHOUT` takes a safeguard of the chassis away.
"""

import itertools
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import text

from chassis.configuration.settings import Settings
from chassis.consuming import progress
from chassis.consuming.batch import Subscription
from chassis.consuming.reporter import Reporter
from chassis.database.transactions import Transaction
from chassis.errors import DependencyDown, InvalidMessage
from chassis.service import Service
from contracts import envelope, topics
from contracts.envelope import Envelope, MalformedEnvelope, Message, Record

STEPS = ("before-commit", "after-commit", "mid-publish", "after-acks", "before-offset-commit")


class LedgerSettings(Settings):
    """Instructions of the tests to the ledger."""

    crash_at: str = ""
    crash_once: Path = Path("/nonexistent")
    dependency_file: Path = Path("/nonexistent")
    stumble_every: int = 0  # batches
    freeze_once: Path = Path("/nonexistent")
    without: str = ""


class Crash:
    """Kills the process at its step, once."""

    def __init__(self, settings: LedgerSettings) -> None:
        self._step, self._once = settings.crash_at, settings.crash_once

    def at(self, step: str) -> None:
        """Die here, if this is the step and it was not done before."""
        if step == self._step and self._once.exists():
            self._once.unlink()
            os.kill(os.getpid(), signal.SIGKILL)


def build(settings: LedgerSettings) -> Service:
    """The ledger: booking.commands in, booking.events out."""
    service = Service("ledger", settings)
    crash = Crash(settings)
    batches = itertools.count(1)
    _break_publisher(service, crash)

    def decode(record: Record) -> tuple[Envelope, dict[str, Any]] | None:
        try:
            head = envelope.read(record.headers)
            body = orjson.loads(record.value or b"")
        except MalformedEnvelope as error:
            raise InvalidMessage(str(error)) from error
        except orjson.JSONDecodeError as error:
            raise InvalidMessage(f"not JSON: {error}") from error
        return None if head.type == "ignored" else (head, body)

    async def handle(
        tx: Transaction, records: Sequence[tuple[Record, tuple[Envelope, Any]]]
    ) -> list[Message]:
        if settings.dependency_file.exists():
            raise DependencyDown("oracle", "the test says so")
        if settings.stumble_every and next(batches) % settings.stumble_every == 0:
            raise DependencyDown("oracle", "this time")
        if any(body.get("poison") for _, (_, body) in records):
            raise ValueError("poison")
        await tx.execute_each(
            text(
                "INSERT INTO ledger (position, command_id, handled_at) VALUES (:position, :id, clock_timestamp())"
            ),
            [{"position": record.position, "id": head.id} for record, (head, _) in records],
        )
        if settings.freeze_once != Path("/nonexistent"):
            # The server would otherwise end the transaction before a successor is there.
            await tx.execute(text("SET LOCAL idle_in_transaction_session_timeout = 0"))
            _freeze(settings.freeze_once)
        crash.at("before-commit")
        return [_event(record, head, body) for record, (head, body) in records]

    async def again(_: Transaction, records: Sequence[tuple[Record, tuple[Envelope, Any]]]) -> list[Message]:
        return [_event(record, head, body) for record, (head, body) in records]

    service.consume(
        Subscription(
            name="ledger.commands",
            topics=(topics.BOOKING_COMMANDS.name,),
            decode=decode,
            handle=handle,
            republish=again,
            committed=lambda: crash.at("after-commit"),
        )
    )
    return service


def _freeze(once: Path) -> None:
    """Stand still in the middle of the transaction, once."""
    if once.exists():
        once.unlink()
        os.kill(os.getpid(), signal.SIGSTOP)


def _event(record: Record, head: Envelope, body: dict[str, Any]) -> Message:
    head = Envelope(
        id=envelope.event_id(head.id, 0),
        type="ledger.entered",
        source="ledger",
        organization=head.organization,
        cause=record.position,
    )
    return head.message(topics.BOOKING_EVENTS.name, orjson.dumps({"n": body.get("n")}))


def _break_publisher(service: Service, crash: Crash) -> None:
    publish = service.publisher.publish

    async def breaking(messages: Sequence[Message]) -> None:
        await publish(messages[: len(messages) // 2])
        if messages:
            crash.at("mid-publish")
        await publish(messages[len(messages) // 2 :])
        if messages:
            crash.at("after-acks")

    service.publisher.publish = breaking  # type: ignore[method-assign]


# No primary key: it would turn a record that is applied twice into an error that heals.
CREATE = "CREATE TABLE ledger (position text, command_id uuid, handled_at timestamptz)"

if __name__ == "__main__":
    settings = LedgerSettings()
    if settings.without == "row lock":
        progress._LOCK = text(progress._LOCK.text.replace("FOR UPDATE OF p", ""))
    service = build(settings)
    if settings.crash_at == "before-offset-commit":

        async def commit(_: Reporter) -> None:
            Crash(settings).at("before-offset-commit")

        Reporter._commit = commit  # type: ignore[method-assign,assignment]
    service.run()
