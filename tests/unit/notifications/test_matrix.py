"""The matrix of preferences: each cell with the level that decides it, and what it would be without the choice."""

from typing import Any

import pytest

from contracts.fields import DEFAULT_REMINDERS
from notifications.matrix import matrix, organization_matrix
from notifications.preferences import NO_RULES, NOTHING_SAID, organization_of, own_body, preferences_of

RULES = organization_of(
    {
        "defaults": {
            "channels": {"push": True},
            "types": {"appointment_reminder": {"sms": True}},
            "quiet_hours": {"start": "20:00", "end": "06:00"},
            "timezone": "Europe/Berlin",
        },
        "mandatory": {"appointment_cancelled": ["email"]},
        "version": 5,
    }
)
OWN = preferences_of(
    {
        "channels": {"email": False, "push": False},
        "types": {"appointment_reminder": {"email": True, "sms": False}},
        "lead_times": {"email": [30]},
        "quiet_hours": None,
        "version": 7,
    }
)


def cell(found: dict[str, Any], kind: str, channel: str) -> dict[str, Any]:
    [row] = [row for row in found["types"] if row["type"] == kind]
    return dict(row["cells"][channel])


@pytest.mark.parametrize(
    ("kind", "channel", "on", "level", "locked", "inherits"),
    [
        ("appointment_reminder", "in_app", True, "always", True, True),
        ("appointment_cancelled", "email", True, "mandatory", True, True),
        ("appointment_reminder", "email", True, "type", False, False),
        ("appointment_reminder", "sms", False, "type", False, True),
        ("appointment_updated", "email", False, "person", False, False),
        ("appointment_created", "push", False, "template", True, False),
        ("appointment_reminder", "push", False, "suspended", False, False),
    ],
)
def test_a_cell_names_the_level_that_decides(
    kind: str, channel: str, on: bool, level: str, locked: bool, inherits: bool
) -> None:
    own = OWN
    if level == "suspended":
        own = preferences_of({"channels": {"push": True}})
    found = cell(matrix(own, RULES, {"push": "gone"}, DEFAULT_REMINDERS), kind, channel)
    assert (found["on"], found["level"]) == (on, level)
    assert (found["locked"], found["inherits"]) == (locked, inherits)
    assert found["mandatory"] is (level == "mandatory")


def test_the_other_preferences_name_their_levels_too() -> None:
    found = matrix(OWN, RULES, {"sms": "gone"}, DEFAULT_REMINDERS)
    assert found["version"] == 7
    assert found["channels"]["email"] == {"on": False, "level": "person", "suspended": None}
    assert found["channels"]["sms"] == {"on": False, "level": "default", "suspended": "gone"}
    assert found["lead_times"]["email"] == {"minutes": [30], "level": "person"}
    assert found["lead_times"]["in_app"] == {"minutes": [1440, 60, 15], "level": "default"}
    assert found["quiet_hours"] == {"start": None, "end": None, "level": "person"}
    assert found["digest"] == {"enabled": False, "at": "18:00", "level": "default"}
    assert found["timezone"] == {"value": "Europe/Berlin", "level": "organization"}
    assert found["locale"] == {"value": None, "level": "account"}
    silent = matrix(NOTHING_SAID, RULES, {}, DEFAULT_REMINDERS)
    assert silent["quiet_hours"] == {"start": "20:00", "end": "06:00", "level": "organization"}
    assert matrix(NOTHING_SAID, NO_RULES, {}, DEFAULT_REMINDERS)["quiet_hours"]["level"] == "default"


def test_an_organizations_cell_inherits_from_its_channel() -> None:
    found = organization_matrix(RULES, DEFAULT_REMINDERS)
    assert found["version"] == 5
    of_type = cell(found, "appointment_reminder", "sms")
    assert (of_type["on"], of_type["level"], of_type["inherits"]) == (True, "organization", False)


def test_what_was_chosen_is_read_back_as_it_was() -> None:
    assert own_body(NOTHING_SAID) == {}
    body = own_body(OWN)
    assert body == {
        "channels": {"email": False, "push": False},
        "types": {"appointment_reminder": {"email": True, "sms": False}},
        "lead_times": {"email": [30]},
        "quiet_hours": False,
    }
    assert own_body(preferences_of(body)) == body
