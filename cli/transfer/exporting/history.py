"""The newest state of an organization's appointments and series, from the log of events."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import orjson

JSON = dict[str, Any]
OPEN = ("pending", "confirmed")


class History:
    """The states at the end of the log.

    Events may come twice and out of order; the newest version counts. States are kept as JSON bytes, about a kilobyte
    for each appointment.
    """

    def __init__(self, organization: UUID, owner: str | None = None) -> None:
        """Of one organization, or only of one organizer (`owner`, an id)."""
        self.organization = organization
        self._owner = owner
        self._appointments: dict[str, tuple[int, bytes]] = {}
        self._series: dict[str, tuple[int, bytes]] = {}

    def add(self, value: bytes | None) -> None:
        """Add one event's body; events of other kinds are ignored."""
        try:
            body = orjson.loads(value or b"{}")
        except orjson.JSONDecodeError:
            return
        if isinstance(body, dict) and isinstance(body.get("series"), dict):
            self._keep(self._series, body["version"], body["series"])
        elif (
            isinstance(body, dict) and "appointment_id" in body and isinstance(body.get("appointment"), dict)
        ):
            self._keep(self._appointments, body["version"], body["appointment"])

    def _keep(self, known: dict[str, tuple[int, bytes]], version: int, state: JSON) -> None:
        if state.get("organization_id") != str(self.organization):
            return
        if self._owner is not None and state.get("organizer_id") != self._owner:
            return
        if version > known.get(state["id"], (0, b""))[0]:
            known[state["id"]] = (version, orjson.dumps(state))

    def appointments(self) -> list[JSON]:
        """Return the open appointments outside any series, ordered by start."""
        return sorted(
            (
                one
                for one in self._all(self._appointments)
                if not one.get("series_id") and one["status"] in OPEN
            ),
            key=lambda one: (one["start_time"], one["id"]),
        )

    def series(self) -> list[tuple[JSON, list[JSON]]]:
        """Return each series with all its occurrences, closed ones too, ordered by their original start.

        Series are ordered by their first occurrence.
        """
        found: dict[str, list[JSON]] = {}
        for one in self._all(self._appointments):
            if one.get("series_id"):
                found.setdefault(one["series_id"], []).append(one)
        states = {state["id"]: state for state in self._all(self._series)}
        whole = [
            (states[identifier], sorted(ones, key=lambda one: one["original_start_time"]))
            for identifier, ones in found.items()
            if identifier in states
        ]
        return sorted(whole, key=lambda pair: (pair[1][0]["original_start_time"], pair[1][0]["id"]))

    @staticmethod
    def _all(known: Mapping[str, tuple[int, bytes]]) -> list[JSON]:
        return [orjson.loads(state) for _, state in known.values()]
