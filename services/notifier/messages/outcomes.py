"""Verdicts on commands: the bodies of outcomes and of events about preferences."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import orjson

from chassis.verdicts import Answers, Verdict, verdict
from contracts import topics
from contracts.envelope import Message, Record, event_id
from contracts.outcomes import Code
from notifications.preferences import Organization, Preferences, body_of, organization_body
from services.notifier.messages.commands import Command, Refusal, is_for_all, refusal_of, user_of

SOURCE = "appointments/notifier"
NOT_A_MEMBER = Refusal(Code.NOT_ALLOWED, "The actor is not an active person of this organization.")
NOT_AN_ADMIN = Refusal(Code.NOT_ALLOWED, "Only an admin may set the organization's preferences.")
UNREADABLE = Refusal(Code.MALFORMED, "The command names no person whose preferences it sets.")


def stale(version: int) -> Refusal:
    """Return the refusal of a command that expects another version than this one."""
    return Refusal(Code.VERSION_MISMATCH, f"The preferences have version {version}.")


def accepted(record: Record, command: Command, preferences: Preferences, changed: bool) -> Verdict:
    """Return the verdict on an accepted command of a person.

    `changed`: the preferences were different before.
    """
    body = {"user_id": user_of(command), "version": preferences.version, "preferences": body_of(preferences)}
    outcome = _outcome(command, "accepted", **body, event_ids=_event_ids(command, changed))
    return _accepted(record, command, outcome, body if changed else None)


def accepted_for_all(record: Record, command: Command, organization: Organization, changed: bool) -> Verdict:
    """Return the verdict on an accepted command of an organization's admin."""
    body = {
        "organization_id": command.organization,
        "version": organization.version,
        "preferences": organization_body(organization),
    }
    outcome = _outcome(
        command,
        "accepted",
        version=organization.version,
        organization_id=command.organization,
        organization_preferences=body["preferences"],
        event_ids=_event_ids(command, changed),
    )
    return _accepted(record, command, outcome, body if changed else None)


def refused(record: Record, command: Command, refusal: Refusal) -> Verdict:
    """Return the verdict on a refused command."""
    return verdict(record, command, user_of(command), _refusal(command, refusal))


def messages_for(record: Record, command: Command, verdict: Verdict, partitions: int) -> list[Message]:
    """Return the messages for a record from the verdict on its id.

    The subject of a stored verdict is the actor, so the subject of the event is taken from the command.
    """
    if is_for_all(command):
        kind, subject = "organization_preferences.changed", command.organization
    else:
        kind, subject = "preferences.changed", verdict.subject
    event_type = kind if verdict.event is not None else None
    return ANSWERS.messages(
        record, command, replace(verdict, subject=subject, event_type=event_type), partitions
    )


def _accepted(record: Record, command: Command, outcome: bytes, event: dict[str, Any] | None) -> Verdict:
    return verdict(
        record,
        command,
        user_of(command),
        outcome,
        accepted=True,
        event=orjson.dumps(event, default=str) if event else None,
    )


def _event_ids(command: Command, changed: bool) -> list[UUID]:
    return [event_id(command.key, 1)] if changed else []


def _refusal(command: Command, refusal: Refusal) -> bytes:
    errors = [error.model_dump() for error in refusal.errors]
    return _outcome(command, "refused", code=refusal.code, detail=refusal.detail, errors=errors)


def _outcome(command: Command, status: str, **values: Any) -> bytes:
    empty: dict[str, Any] = {
        "command_id": command.id,
        "status": status,
        "code": None,
        "detail": None,
        "errors": [],
        "user_id": user_of(command),
        "version": None,
        "preferences": None,
        "organization_id": None,
        "organization_preferences": None,
        "event_ids": [],
    }
    return orjson.dumps(empty | values, default=str)


ANSWERS = Answers(
    SOURCE,
    topics.NOTIFIER_EVENTS.name,
    topics.NOTIFIER_OUTCOMES.name,
    lambda command, rejection: _refusal(command, refusal_of(rejection)),
)
