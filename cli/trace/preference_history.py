"""The history of notification preferences in the log: why a channel was not used for a person at a time."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from cli.describe import body_of
from contracts.envelope import MalformedEnvelope, Record
from notifications.preferences import NO_RULES, NOTHING_SAID, organization_of, preferences_of
from notifications.rules import decide

JSON = dict[str, Any]
_PERSON, _ORGANIZATION = "preferences.changed", "organization_preferences.changed"
_SUSPENDED, _RESTORED = "channel.suspended", "channel.restored"
TYPES = frozenset((_PERSON, _ORGANIZATION, _SUSPENDED, _RESTORED))


def is_about_preferences(record: Record) -> bool:
    """Return whether a record is part of a `PreferenceHistory`."""
    try:
        return record.topic == "notifier.events" and record.header("ce_type") in TYPES
    except MalformedEnvelope:
        return False


@dataclass(slots=True)
class PreferenceHistory:
    """The preferences of each person and organization with their times, oldest first."""

    _persons: dict[str, list[tuple[datetime, JSON]]] = field(default_factory=dict)
    _organizations: dict[str, list[tuple[datetime, JSON]]] = field(default_factory=dict)
    _channels: dict[tuple[str, str], list[tuple[datetime, JSON]]] = field(default_factory=dict)

    @classmethod
    def of(cls, records: Iterable[Record]) -> "PreferenceHistory":
        """Return the history in these records, which are in order of time; those of another shape are left out."""
        history = cls()
        for record in records:
            history._learn(record.header("ce_type") or "", record.timestamp, body_of(record))
        return history

    def _learn(self, kind: str, at: datetime, body: JSON) -> None:
        preferences = body.get("preferences")
        if kind == _PERSON and isinstance(preferences, dict):
            self._persons.setdefault(str(body.get("user_id")), []).append((at, preferences))
        elif kind == _ORGANIZATION and isinstance(preferences, dict):
            self._organizations.setdefault(str(body.get("organization_id")), []).append((at, preferences))
        elif kind in (_SUSPENDED, _RESTORED):
            place = (str(body.get("user_id")), str(body.get("channel")))
            self._channels.setdefault(place, []).append((at, {} if kind == _RESTORED else body))

    def why_not(self, user: str, organization: str, kind: str, channel: str, at: datetime) -> str | None:
        """Return why notifications of that type did not go to a person by that channel then; None if they could."""
        suspended = _as_of(self._channels.get((user, channel)), at)
        if suspended:
            return f"suspended, because it bounced: {suspended.get('reason') or 'no such address'}"
        own, rules = _as_of(self._persons.get(user), at), _as_of(self._organizations.get(organization), at)
        try:
            decision = decide(
                kind,
                channel,
                preferences_of(own) if own else NOTHING_SAID,
                organization_of(rules) if rules else NO_RULES,
            )
        except (AttributeError, KeyError, TypeError, ValueError):
            return None  # anybody can write anything to a topic
        return None if decision.on else decision.reason


def _as_of(known: list[tuple[datetime, JSON]] | None, at: datetime) -> JSON | None:
    return next((preferences for when, preferences in reversed(known or []) if when <= at), None)


def organization_in(record: Record) -> str:
    """Return the organization in a record's header, in its canonical form."""
    try:
        return str(UUID(record.header("organization") or ""))
    except ValueError:
        return ""
