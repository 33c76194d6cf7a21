"""The messages that booking and the notifier publish for a record, decided in memory."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from contracts import topics
from contracts.envelope import Message, Record
from notifications.preferences import Organization, Preferences
from services.booking.domain.decide import decide
from services.booking.domain.model.commands import SetFeed
from services.booking.domain.model.decision import Refusal
from services.booking.messages.commands import decode
from services.booking.messages.outcomes import messages_for, verdict_on
from services.notifier.messages import commands, outcomes
from services.notifier.preferences.commands import PreferenceDecisions
from tests.unit.booking.builders import ADMIN, ANNA, ORG, a_book, an_appointment

PARTITIONS = 6
MEMBERS = {(ADMIN, ORG): True, (ANNA, ORG): False, (ANNA, UUID(int=0xABCDEF)): False}


def published(first: Record, *later: Record) -> list[list[Message]]:
    """The messages of each record, where the first one is decided."""
    answers = _notifier if first.topic == topics.NOTIFIER_COMMANDS.name else _booking
    return answers(first, *later)


def as_json(message: Message) -> dict[str, Any]:
    """A message as JSON; headers in order of their names, because their order says nothing."""
    return {
        "topic": message.topic,
        "key": message.key.decode() if message.key else None,
        "value": message.value.decode() if message.value else None,
        "headers": sorted([name, value.decode()] for name, value in message.headers),
        "partition": message.partition,
    }


def _booking(first: Record, *later: Record) -> list[list[Message]]:
    received = decode(first)
    asked = received.command
    if isinstance(asked, SetFeed):  # as if the ingress had proven it
        asked = replace(asked, proven=True, signed_at=first.timestamp)
    decision = (
        asked if isinstance(asked, Refusal) else decide(asked, a_book(an_appointment()), first.timestamp)
    )
    verdict = verdict_on(first, received, decision)
    return [messages_for(record, decode(record), verdict, PARTITIONS) for record in (first, *later)]


def _notifier(first: Record, *later: Record) -> list[list[Message]]:
    people: dict[Any, Preferences] = {}
    organizations: dict[Any, Organization] = {}
    verdict = PreferenceDecisions(people, organizations, MEMBERS).decide(first, commands.decode(first))
    return [
        outcomes.messages_for(record, commands.decode(record), verdict, PARTITIONS)
        for record in (first, *later)
    ]
