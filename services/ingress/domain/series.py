"""How a series reads over HTTP: which of its occurrences a change is about, and what became of them."""

from collections.abc import Mapping
from typing import Any


class TwoScopes(ValueError):
    """Path and body name different scopes."""


def with_scope(body: Mapping[str, Any], query: str | None) -> dict[str, Any]:
    """The command's body with the scope that the query names, if it names one. Raises TwoScopes."""
    if query is None:
        return dict(body)
    if body.get("scope", query) != query:
        raise TwoScopes
    return {**body, "scope": query}


def appointment_body(outcome: Mapping[str, Any]) -> dict[str, Any] | None:
    """The appointment that an outcome shows; of a series the first that was touched, with all of them and what was left out."""
    appointment = outcome.get("appointment")
    if appointment is None or not (outcome.get("occurrences") or outcome.get("skipped")):
        return appointment
    told = {name: outcome.get(name) or [] for name in ("occurrences", "skipped")}
    return {**appointment, "series_id": outcome.get("series_id"), **told}
