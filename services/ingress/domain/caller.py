"""The caller of a request, from the claims of a verified token."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

LEEWAY_SECONDS = 30.0  # clocks of two machines differ; more would keep a revoked token alive
ROLES = frozenset({"member", "admin"})


class UnacceptableClaims(Exception):
    """The token is signed by Identity, but for another audience or time, or incomplete."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A person with an organization. The token's begin and end are in seconds since 1970."""

    id: UUID
    organization: UUID
    roles: frozenset[str]
    email: str
    expires_at: float
    valid_from: float = 0.0

    def valid_at(self, now: float) -> bool:
        """Return whether the token is valid at that time, with a leeway for clocks."""
        return self.valid_from - LEEWAY_SECONDS <= now < self.expires_at + LEEWAY_SECONDS

    @property
    def admin(self) -> bool:
        """Return whether the caller sees and manages the whole organization."""
        return "admin" in self.roles

    @property
    def member(self) -> bool:
        """Return whether the caller may use appointments at all."""
        return not ROLES.isdisjoint(self.roles)


def caller_from(claims: Mapping[str, Any], issuer: str, audience: str, now: float) -> Caller:
    """Return the caller of these claims; `now` in seconds since 1970. Raises UnacceptableClaims."""
    if claims.get("iss") != issuer:
        raise UnacceptableClaims("the token is from another issuer")
    audiences = claims.get("aud")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise UnacceptableClaims("the token is for another audience")
    expires_at = _seconds(claims, "exp")
    if expires_at is None or expires_at + LEEWAY_SECONDS <= now:
        raise UnacceptableClaims("the token has expired")
    not_before = _seconds(claims, "nbf")
    if not_before is not None and not_before - LEEWAY_SECONDS > now:
        raise UnacceptableClaims("the token is not valid yet")
    return Caller(
        id=_uuid(claims, "sub"),
        organization=_uuid(claims, "organization_id"),
        roles=_roles(claims.get("roles")),
        email=str(claims.get("email") or ""),
        expires_at=expires_at,
        valid_from=not_before or 0.0,
    )


def _seconds(claims: Mapping[str, Any], name: str) -> float | None:
    value = claims.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise UnacceptableClaims(f"claim {name} is not a time")
    return float(value)


def _uuid(claims: Mapping[str, Any], name: str) -> UUID:
    value = claims.get(name)
    try:
        return UUID(value if isinstance(value, str) else "")
    except ValueError as error:
        raise UnacceptableClaims(f"claim {name} is not a UUID") from error


def _roles(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(role, str) for role in value):
        raise UnacceptableClaims("claim roles is not a list of names")
    return frozenset(value)
