"""Whose claims are accepted."""

from typing import Any
from uuid import UUID

import pytest

from services.ingress.domain.caller import UnacceptableClaims, caller_from

NOW = 1_900_000_000.0
PERSON, ORGANIZATION = UUID(int=1), UUID(int=2)


def claims(**changes: Any) -> dict[str, Any]:
    return {
        "iss": "identity",
        "aud": "appointments",
        "sub": str(PERSON),
        "organization_id": str(ORGANIZATION),
        "roles": ["member"],
        "email": "anna@example.com",
        "exp": NOW + 60,
        "nbf": NOW - 60,
    } | changes


def test_a_person_of_an_organization() -> None:
    caller = caller_from(claims(), "identity", "appointments", NOW)
    assert (caller.id, caller.organization, caller.admin, caller.member) == (
        PERSON,
        ORGANIZATION,
        False,
        True,
    )


@pytest.mark.parametrize(
    ("roles", "admin", "member"),
    [
        pytest.param(["admin"], True, True, id="an admin may all that a member may"),
        pytest.param(["member", "admin"], True, True, id="both"),
        pytest.param(["Admin"], False, False, id="names are exact"),
        pytest.param([], False, False, id="none"),
    ],
)
def test_roles(roles: list[str], admin: bool, member: bool) -> None:
    caller = caller_from(claims(roles=roles), "identity", "appointments", NOW)
    assert (caller.admin, caller.member) == (admin, member)


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"aud": ["billing", "appointments"]}, id="one audience of several"),
        pytest.param({"nbf": None}, id="valid since ever"),
        pytest.param({"exp": NOW - 29.9}, id="expired within the leeway"),
        pytest.param({"nbf": NOW + 29.9}, id="valid soon, within the leeway"),
        pytest.param({"email": None}, id="without an address"),
    ],
)
def test_acceptable(changes: dict[str, Any]) -> None:
    assert caller_from(claims(**changes), "identity", "appointments", NOW).id == PERSON


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"iss": "other"}, id="another issuer"),
        pytest.param({"iss": ["identity"]}, id="a list of issuers"),
        pytest.param({"aud": "billing"}, id="another audience"),
        pytest.param({"aud": []}, id="no audience"),
        pytest.param({"exp": NOW - 30}, id="expired beyond the leeway"),
        pytest.param({"exp": None}, id="never expires"),
        pytest.param({"exp": True}, id="an end that is true"),
        pytest.param({"exp": float("nan")}, id="an end that is no number"),
        pytest.param({"exp": float("inf")}, id="an end beyond all time"),
        pytest.param({"nbf": NOW + 31}, id="not valid yet"),
        pytest.param({"nbf": "now"}, id="a beginning in words"),
        pytest.param({"sub": 7}, id="a number as subject"),
        pytest.param({"organization_id": ""}, id="an empty organization"),
        pytest.param({"roles": None}, id="no roles at all"),
        pytest.param({"roles": ["member", 1]}, id="a number as role"),
    ],
)
def test_unacceptable(changes: dict[str, Any]) -> None:
    with pytest.raises(UnacceptableClaims):
        caller_from(claims(**changes), "identity", "appointments", NOW)
