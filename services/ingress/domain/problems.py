"""Refusals as RFC 9457 problem details, with codes that stay stable for programs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# Every code with its HTTP status and title.
_STATUS_AND_TITLE: dict[str, tuple[int, str]] = {
    "malformed": (400, "The request cannot be read"),
    "unauthenticated": (401, "Authentication is needed"),
    "bad_signature": (401, "The signature is wrong"),
    "signature_expired": (401, "The signature is too old"),
    "replayed": (401, "This was sent before"),
    "not_allowed": (403, "This is not allowed"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "This path does not have that method"),
    "timeout": (408, "The request did not arrive in time"),
    "conflict": (409, "A person is busy at that time"),
    "full": (409, "All seats are taken"),
    "command_id_reused": (409, "This Idempotency-Key was used for another request"),
    "invalid_transition": (409, "The appointment's status does not allow it"),
    "version_mismatch": (412, "The appointment has changed in the meantime"),
    "too_large": (413, "This is too large"),
    "invalid": (422, "Some fields are invalid"),
    "unknown_user": (422, "A person is unknown"),
    "in_the_past": (422, "That time is in the past"),
    "unavailable": (422, "That time is not available"),
    "unreadable": (422, "The calendar cannot be read"),
    "rate_limited": (429, "Too many requests"),
    "headers_too_large": (431, "The headers are too large"),
    "internal": (500, "Internal error"),
    "overloaded": (503, "Overloaded"),
    "kafka_unavailable": (503, "Commands cannot be accepted now"),
    "views_unavailable": (503, "The views cannot be read now"),
    "identity_unavailable": (503, "The Identity Service does not answer"),
    "subscriptions_unavailable": (503, "Calendars cannot be subscribed to"),
    "webhook_unavailable": (503, "Delivery reports cannot be accepted"),
    "feeds_unavailable": (503, "Addresses of calendars cannot be made"),
}
RETRY_AFTER_SECONDS = 2
WITH_ALTERNATIVES = frozenset({"conflict", "unavailable"})  # these always list alternatives
_BY_STATUS = {400: "malformed", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}


@dataclass(eq=False)
class Problem(Exception):
    """A refusal of the request, answered as `application/problem+json`.

    errors: `{"field", "code", "message"}` for each field; conflicts: `{"user_id", "start_time",
    "end_time"}` for each range in the way; alternatives: `{"start_time", "end_time"}` for each time that
    can be booked instead. Every 429 and 503 has a Retry-After.
    """

    code: str
    detail: str = ""
    errors: Sequence[Mapping[str, Any]] = ()
    conflicts: Sequence[Mapping[str, Any]] = ()
    alternatives: Sequence[Mapping[str, Any]] = ()
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        """Return the HTTP status; 422 for a code that is not in the table."""
        return _STATUS_AND_TITLE.get(self.code, (422, ""))[0]

    def body(self) -> dict[str, Any]:
        """Return the problem document without empty lists, except the alternatives of a refused time."""
        title = _STATUS_AND_TITLE.get(self.code, (422, "The request was refused"))[1]
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
        """Return the given headers and those that the status requires."""
        headers = dict(self.headers)
        if self.status == 401:
            headers.setdefault("WWW-Authenticate", "Bearer")
        if self.status in (429, 503):
            headers.setdefault("Retry-After", str(RETRY_AFTER_SECONDS))
        return headers


def invalid(name: str, code: str, message: str) -> Problem:
    """Return the problem of one invalid field."""
    return Problem("invalid", message, errors=[{"field": name, "code": code, "message": message}])


def not_found() -> Problem:
    """Return 404 for anything that does not exist or that the caller may not see, without telling which."""
    return Problem("not_found", "It does not exist, or you may not see it.")


def from_outcome(outcome: Mapping[str, Any]) -> Problem:
    """Return the problem of a refused outcome."""
    return Problem(
        str(outcome.get("code") or "invalid"),
        str(outcome.get("detail") or ""),
        errors=outcome.get("errors") or (),
        conflicts=outcome.get("conflicts") or (),
        alternatives=outcome.get("alternatives") or (),
        headers={"Retry-After": str(outcome["retry_after"])} if outcome.get("retry_after") else {},
    )


def from_status(status: int, detail: str) -> Problem:
    """Return the problem for a refusal of the framework (unknown path, wrong method)."""
    return Problem(_BY_STATUS.get(status, "malformed" if status < 500 else "internal"), detail)


CODES: Mapping[str, tuple[int, str]] = _STATUS_AND_TITLE
"""Every code with its status and title."""
