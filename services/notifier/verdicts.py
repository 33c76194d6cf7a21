"""What became of a command: the row that is kept, and the messages made from it, now and ever again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

import orjson

from chassis.telemetry import follow
from contracts import topics
from contracts.envelope import Envelope, Message, Record, event_id
from contracts.outcomes import Code
from notifications.preferences import Organization, Preferences, body_of, organization_body
from services.notifier.commands import Command, Refusal

SOURCE = "appointments/notifier"
REUSED = Refusal(Code.COMMAND_ID_REUSED, "This command id was used for another command.")
NOT_AN_ADMIN = Refusal(Code.NOT_ALLOWED, "Only an admin sets what holds for everybody in the organization.")
UNREADABLE = Refusal(Code.MALFORMED, "The command does not say whose preferences it sets.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """Everything that a command's messages are made of. `cause`: position of the record that was decided.

    `event` and `outcome` are JSON bytes; without an event nothing changed.
    """

    command_id: UUID
    fingerprint: bytes
    cause: str
    decided_at: datetime
    correlation_id: str
    traceparent: str | None
    user_id: UUID | None
    accepted: bool
    outcome: bytes
    event: bytes | None = None


def accepted(record: Record, command: Command, preferences: Preferences, changed: bool) -> Verdict:
    """The preferences stand as they were asked for; `changed` when they did not before."""
    told = {"user_id": command.user, "version": preferences.version, "preferences": body_of(preferences)}
    ids = [event_id(command.id, 1)] if changed else []
    outcome = _outcome(command, "accepted", **told, event_ids=ids)
    return _verdict(record, command, True, outcome, orjson.dumps(told, default=str) if changed else None)


def accepted_for_all(record: Record, command: Command, organization: Organization, changed: bool) -> Verdict:
    """The same of an organization's."""
    body = organization_body(organization)
    told = {
        "organization_id": command.organization,
        "version": organization.version,
        "preferences": body,
    }
    outcome = _outcome(
        command,
        "accepted",
        version=organization.version,
        organization_id=command.organization,
        organization_preferences=body,
        event_ids=[event_id(command.id, 1)] if changed else [],
    )
    return _verdict(record, command, True, outcome, orjson.dumps(told, default=str) if changed else None)


def refused(record: Record, command: Command, refusal: Refusal) -> Verdict:
    """Nothing changes."""
    errors = [error.model_dump() for error in refusal.errors]
    outcome = _outcome(command, "refused", code=refusal.code, detail=refusal.detail, errors=errors)
    return _verdict(record, command, False, outcome, None)


def messages_for(record: Record, command: Command, verdict: Verdict, partitions: int) -> list[Message]:
    """What to publish for a record, given the verdict on its id: from these alone, so that it never varies.

    Event and outcome for the record that was decided; for another that asks the same its outcome again; for one
    that asks something else under the same id a refusal. `partitions` of notifier.outcomes bounds `reply-partition`.
    """
    if verdict.fingerprint != command.fingerprint:
        return [_outcome_message(record, command, refused(record, command, REUSED), partitions)]
    outcome = _outcome_message(record, command, verdict, partitions)
    if verdict.cause != record.position or verdict.event is None:
        return [outcome]
    kind = "organization_preferences" if isinstance(command.asked, Organization) else "preferences"
    headers = _envelope(command, verdict, event_id(verdict.command_id, 1), f"{kind}.changed")
    return [headers.message(topics.NOTIFIER_EVENTS.name, verdict.event), outcome]


def _outcome(command: Command, status: str, **values: Any) -> bytes:
    empty: dict[str, Any] = {
        "command_id": command.id,
        "status": status,
        "code": None,
        "detail": None,
        "errors": [],
        "user_id": command.user,
        "version": None,
        "preferences": None,
        "organization_id": None,
        "organization_preferences": None,
        "event_ids": [],
    }
    return orjson.dumps(empty | values, default=str)


def _verdict(
    record: Record, command: Command, is_accepted: bool, outcome: bytes, event: bytes | None
) -> Verdict:
    return Verdict(
        command_id=command.id,
        fingerprint=command.fingerprint,
        cause=record.position,
        decided_at=record.timestamp,
        correlation_id=command.correlation_id,
        traceparent=command.traceparent,
        user_id=command.user,
        accepted=is_accepted,
        outcome=outcome,
        event=event,
    )


def _outcome_message(record: Record, command: Command, verdict: Verdict, partitions: int) -> Message:
    kind = "command.accepted" if verdict.accepted else "command.refused"
    headers = _envelope(command, verdict, uuid5(verdict.command_id, "outcome"), kind)
    asked = command.reply_partition
    partition = asked if asked is not None and 0 <= asked < partitions else None
    key = str(command.organization).encode() if command.organization else record.key
    return Message(topics.NOTIFIER_OUTCOMES.name, key, verdict.outcome, headers.headers(), partition)


def _envelope(command: Command, verdict: Verdict, identifier: UUID, kind: str) -> Envelope:
    subject = command.organization if isinstance(command.asked, Organization) else verdict.user_id
    return Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        subject=str(subject) if subject else None,
        time=verdict.decided_at,
        organization=command.organization,
        actor=str(command.user) if command.user else None,
        correlation_id=verdict.correlation_id,
        traceparent=follow(verdict.traceparent, identifier),
        cause=verdict.cause,
    )
