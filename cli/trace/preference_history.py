"""What people and organizations said about notifications, as the log tells it: why a channel was not used at a time."""

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


def tells_of_wishes(record: Record) -> bool:
    """Whether a record is one that `Wishes` are made of."""
    try:
        return record.topic == "notifier.events" and record.header("ce_type") in TYPES
    except MalformedEnvelope:
        return False


@dataclass(slots=True)
class Wishes:
    """For each person and organization what was said, with its time, oldest first."""

    _persons: dict[str, list[tuple[datetime, JSON]]] = field(default_factory=dict)
    _organizations: dict[str, list[tuple[datetime, JSON]]] = field(default_factory=dict)
    _channels: dict[tuple[str, str], list[tuple[datetime, JSON]]] = field(default_factory=dict)

    @classmethod
    def told_by(cls, records: Iterable[Record]) -> "Wishes":
        """From records in order of time; what has not the shape of its type says nothing."""
        wishes = cls()
        for record in records:
            wishes._learn(record.header("ce_type") or "", record.timestamp, body_of(record))
        return wishes

    def _learn(self, kind: str, at: datetime, body: JSON) -> None:
        said = body.get("preferences")
        if kind == _PERSON and isinstance(said, dict):
            self._persons.setdefault(str(body.get("user_id")), []).append((at, said))
        elif kind == _ORGANIZATION and isinstance(said, dict):
            self._organizations.setdefault(str(body.get("organization_id")), []).append((at, said))
        elif kind in (_SUSPENDED, _RESTORED):
            place = (str(body.get("user_id")), str(body.get("channel")))
            self._channels.setdefault(place, []).append((at, {} if kind == _RESTORED else body))

    def why_not(self, user: str, organization: str, kind: str, channel: str, at: datetime) -> str | None:
        """Why nothing of that type went to a person by that channel then; None: nobody had anything against it."""
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


def _as_of(told: list[tuple[datetime, JSON]] | None, at: datetime) -> JSON | None:
    return next((said for when, said in reversed(told or []) if when <= at), None)


def organization_in(record: Record) -> str:
    """The organization that a record belongs to, as it names it."""
    try:
        return str(UUID(record.header("organization") or ""))
    except ValueError:
        return ""
