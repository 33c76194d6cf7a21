"""Series over HTTP: the scope of a command, and the occurrences in its answer."""

from collections.abc import Mapping
from typing import Any


class TwoScopes(ValueError):
    """Path and body name different scopes."""


def with_scope(body: Mapping[str, Any], query: str | None) -> dict[str, Any]:
    """Return the command's body with the scope of the query, if it has one. Raises TwoScopes."""
    if query is None:
        return dict(body)
    if body.get("scope", query) != query:
        raise TwoScopes
    return {**body, "scope": query}


def appointment_body(outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the appointment of an outcome; of a series the first that was touched, with all touched and
    skipped ones.
    """
    appointment = outcome.get("appointment")
    if appointment is None or not (outcome.get("occurrences") or outcome.get("skipped")):
        return appointment
    occurrences = {name: outcome.get(name) or [] for name in ("occurrences", "skipped")}
    return {**appointment, "series_id": outcome.get("series_id"), **occurrences}
