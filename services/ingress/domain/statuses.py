"""States of the notifications of an appointment, for each person who may see them."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.ingress.domain.memory import Change

EVENT = "notification.changed"


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a record: its partition, offset and append time (seconds since 1970)."""

    partition: int
    offset: int
    at: float


def status_change(organization: str, statuses: Mapping[str, Any], place: Place, vector: str) -> Change:
    """Return the change of one appointment: all states for its organizer and admins, for a recipient their
    own.
    """
    appointment, organizer = statuses["appointment_id"], statuses["organizer_id"]
    everything: Sequence[Mapping[str, Any]] = statuses["notifications"]
    whose: dict[str, list[Mapping[str, Any]]] = {}
    for one in everything:
        whose.setdefault(one["recipient_id"], []).append(one)
    return Change(
        partition=place.partition,
        offset=place.offset,
        at=place.at,
        organization=organization,
        user_ids=frozenset(whose) | ({organizer} if organizer else set()),
        data=_json(appointment, everything),
        vector=vector,
        event=EVENT,
        own={person: _json(appointment, own) for person, own in whose.items() if person != organizer},
    )


def _json(appointment: str, notifications: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"appointment_id": appointment, "notifications": notifications}, separators=(",", ":"))
