"""Refusals as RFC 9457 problem details, with codes that stay stable for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# The table of the interface: which HTTP status goes with which code, and its title.
_STATUS_AND_TITLE: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthenticated": (401, "Who are you?"),
    "bad_signature": (401, "The signature is not right"),
    "signature_expired": (401, "The signature is too old"),
    "replayed": (401, "This was sent before"),
    "not_allowed": (403, "You may not do this"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "This path does not know that method"),
    "conflict": (409, "Somebody is busy then"),
    "full": (409, "All seats are taken"),
    "command_id_reused": (409, "This Idempotency-Key was used for something else"),
    "invalid_transition": (409, "The appointment's status does not allow it"),
    "version_mismatch": (412, "The appointment has changed meanwhile"),
    "too_large": (413, "This is too large"),
    "invalid": (422, "Some fields are not right"),
    "unknown_user": (422, "Somebody named here is unknown"),
    "in_the_past": (422, "That time is over"),
    "unavailable": (422, "That time is not offered"),
    "unreadable": (422, "This is no calendar that can be read"),
    "rate_limited": (429, "Too many requests"),
    "internal": (500, "Something went wrong here"),
    "overloaded": (503, "Too much at once"),
    "kafka_unavailable": (503, "Commands cannot be taken now"),
    "views_unavailable": (503, "The views cannot be read now"),
    "identity_unavailable": (503, "The Identity Service does not answer"),
    "webhook_unavailable": (503, "Reports cannot be taken here"),
}
RETRY_AFTER_SECONDS = 2
WITH_ALTERNATIVES = frozenset({"conflict", "unavailable"})  # these always say which times would do
_BY_STATUS = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


@dataclass(eq=False)
class Problem(Exception):
    """The request is refused; the edge answers it as `application/problem+json`.

    errors: `{"field", "code", "message"}` for each field; conflicts: `{"user_id", "start_time", "end_time"}` for
    each range in the way; alternatives: `{"start_time", "end_time"}` for each time that would do. Every 429 and 503 says when to try again.
    """

    code: str
    detail: str = ""
    errors: Sequence[Mapping[str, Any]] = ()
    conflicts: Sequence[Mapping[str, Any]] = ()
    alternatives: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """The HTTP status; a code that is not in the table is a refusal of what was sent, 422."""
        return _STATUS_AND_TITLE.get(self.code, (422, ""))[0]

    def body(self) -> dict[str, Any]:
        """The problem document; empty lists are left out, but for the alternatives of a refused time."""
        title = _STATUS_AND_TITLE.get(self.code, (422, "It was refused"))[1]
        document: dict[str, Any] = {
            "type": f"urn:appointments:problem:{self.code}",
            "title": title,
            "status": self.status,
            "detail": self.detail or title,
            "code": self.code,
        }
        if self.errors:
            document["errors"] = list(self.errors)
        if self.conflicts:
            document["conflicts"] = list(self.conflicts)
        if self.alternatives or self.code in WITH_ALTERNATIVES:
            document["alternatives"] = list(self.alternatives)
        return document

    def all_headers(self) -> dict[str, str]:
        """What was asked for, and what the status calls for."""
        headers = dict(self.headers)
        if self.status == 401:
            headers.setdefault("WWW-Authenticate", "Bearer")
        if self.status in (429, 503):
            headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
        return headers


def invalid(name: str, code: str, message: str) -> Problem:
    """One field is wrong."""
    return Problem("invalid", message, errors=[{"field": name, "code": code, "message": message}])


def not_found() -> Problem:
    """It does not exist, or not for this caller: nobody learns which."""
    return Problem("not_found", "There is nothing here that you may see.")


def from_outcome(outcome: Mapping[str, Any]) -> Problem:
    """The problem that a refused outcome reads as."""
    return Problem(
        str(outcome.get("code") or "invalid"),
        str(outcome.get("detail") or ""),
        errors=outcome.get("errors") or (),
        conflicts=outcome.get("conflicts") or (),
        alternatives=outcome.get("alternatives") or (),
    )


def from_status(status: int, detail: str) -> Problem:
    """The problem for a refusal of the framework (unknown path, wrong method)."""
    return Problem(_BY_STATUS.get(status, "malformed" if status < 500 else "internal"), detail)


CODES: Mapping[str, tuple[int, str]] = _STATUS_AND_TITLE
"""Every code with its status and title."""
