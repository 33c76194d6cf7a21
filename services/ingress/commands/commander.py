"""Publish a command and wait for its outcome."""

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
from services.ingress.domain.paths import command_path
from services.ingress.domain.problems import Problem, from_outcome
from services.ingress.settings import IngressSettings


@dataclass(frozen=True, slots=True)
class Command:
    """A command of a caller: its type, and its JSON body as the owner of the topic reads it.

    correlation_id and traceparent are the request's, so that logs and traces show request and effects
    together.
    """

    id: UUID
    type: str
    body: dict[str, Any]
    correlation_id: str
    traceparent: str | None = None
    subject: str | None = None

    def message(self, caller: Caller, reply_partition: int) -> Message:
        """Return the record: keyed by the organization, with the headers of every command."""
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
    """Carries commands out: publish, await the acknowledgement, await the outcome on a partition of this
    process.
    """

    def __init__(self, sender: Sender, replies: Replies, intake: Intake, settings: IngressSettings) -> None:
        self._sender = sender
        self._intake = intake
        self._replies = replies
        self._settings = settings
        self.reply_partition = 0

    async def carry_out(self, caller: Caller, command: Command) -> Outcome | None:
        """Return the accepted outcome; None if none came in time: the command is pending, its outcome can
        be read later.

        Raises Problem with the refusal, or 503 when Kafka does not take the command within 2 s, or when the
        intake is paused for longer than `intake_wait`.
        """
        await self._intake.opened()
        with self._replies.expect(caller.organization, command.id) as reply:
            await self._sender.send(command.message(caller, self.reply_partition), lambda: _perhaps(command))
            await asyncio.wait([reply], timeout=self._settings.outcome_wait)
            outcome = reply.result() if reply.done() else None
        status = "pending" if outcome is None else str(outcome.get("status"))
        metrics.COMMANDS.labels(command.type, status, (outcome or {}).get("code") or "").inc()
        if outcome is not None and status != "accepted":
            raise from_outcome(outcome)
        return outcome


def _perhaps(command: Command) -> Problem:
    return Problem(
        "kafka_unavailable",
        "Kafka did not acknowledge the command in time. It may still be carried out: read the outcome at Location, or "
        "send the command again with the same Idempotency-Key.",
        headers={"Location": command_path(command.id, clock.now())},
    )
