"""Publish a command and wait for what became of it."""

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from chassis import clock
from contracts import commands
from contracts.envelope import Envelope, Message
from contracts.topics import BOOKING_COMMANDS, NOTIFIER_COMMANDS
from services.ingress import metrics
from services.ingress.commands.intake import Intake
from services.ingress.commands.producer import Sender
from services.ingress.commands.replies import Outcome, Replies
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, from_outcome
from services.ingress.settings import IngressSettings


@dataclass(frozen=True, slots=True)
class Command:
    """What a caller asks: its type, and its JSON body as the owner of that topic reads it.

    correlation_id and traceparent are the request's, so that the whole story can be found again.
    """

    id: UUID
    type: str
    body: dict[str, Any]
    correlation_id: str
    traceparent: str | None = None
    subject: str | None = None

    def message(self, caller: Caller, reply_partition: int) -> Message:
        """The record: keyed by the organization, with the headers of design's messages."""
        envelope = Envelope(
            id=self.id,
            type=self.type,
            source="appointments/ingress",
            subject=self.subject,
            time=clock.now(),
            organization=caller.organization,
            actor=str(caller.id),
            correlation_id=self.correlation_id,
            traceparent=self.traceparent,
            reply_partition=reply_partition,
        )
        topic = NOTIFIER_COMMANDS if self.type in commands.NOTIFIER_COMMANDS else BOOKING_COMMANDS
        return envelope.message(topic.name, orjson.dumps(self.body))


class Commander:
    """Carries commands out: publish, await the acknowledgement, await the outcome on our own partition."""

    def __init__(self, sender: Sender, replies: Replies, intake: Intake, settings: IngressSettings) -> None:
        self._sender = sender
        self._intake = intake
        self._replies = replies
        self._settings = settings
        self.reply_partition = 0

    async def carry_out(self, caller: Caller, command: Command) -> Outcome | None:
        """The accepted outcome; None if none came in time: it is pending, and its outcome can be asked for later.

        Raises Problem with the refusal, or 503 when Kafka does not take the command within 2 s, or when commands are
        not taken for longer than `intake_wait`.
        """
        await self._intake.opened()
        with self._replies.expect(caller.organization, command.id) as answer:
            await self._sender.send(command.message(caller, self.reply_partition), lambda: _perhaps(command))
            await asyncio.wait([answer], timeout=self._settings.outcome_wait)
            outcome = answer.result() if answer.done() else None
        status = "pending" if outcome is None else str(outcome.get("status"))
        metrics.COMMANDS.labels(command.type, status, (outcome or {}).get("code") or "").inc()
        if outcome is not None and status != "accepted":
            raise from_outcome(outcome)
        return outcome


def _perhaps(command: Command) -> Problem:
    return Problem(
        "kafka_unavailable",
        "Kafka did not acknowledge the command in time. It may still be carried out: ask at Location, or send it "
        "again with the same Idempotency-Key.",
        headers={"Location": command_path(command.id)},
    )


def command_path(identifier: UUID) -> str:
    """Where a command's outcome can be asked for."""
    return f"/api/appointments/commands/{identifier}"
