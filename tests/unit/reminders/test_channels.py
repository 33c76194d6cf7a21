"""Channels of reminders: the person, then the appointment, then the organization, then the defaults."""

from typing import Any

import pytest

from contracts.fields import DEFAULT_REMINDERS
from notifications.preferences import organization_of, preferences_of
from services.reminders.domain.channels import LeadTimes, channels_by_lead


@pytest.mark.parametrize(
    ("person", "rules", "own_lead_times", "expected"),
    [
        pytest.param(
            {},
            {},
            {},
            {1440: ("email", "in_app"), 60: ("email", "in_app"), 15: ("in_app",)},
            id="who says nothing gets e-mail and in-app at the default times",
        ),
        pytest.param(
            {"channels": {"sms": True}},
            {},
            {},
            {1440: ("email", "in_app"), 60: ("email", "sms", "in_app"), 15: ("in_app",)},
            id="who wants SMS gets it an hour before",
        ),
        pytest.param(
            {"channels": {"email": False, "push": True}},
            {},
            {},
            {1440: ("in_app",), 60: ("in_app",), 15: ("in_app",)},
            id="in-app cannot be switched off, push has no default times",
        ),
        pytest.param(
            {"channels": {"sms": True, "push": True}},
            {},
            {"sms": (30,), "push": (30, 5)},
            {30: ("sms", "push"), 5: ("push",)},
            id="the appointment's own times replace the defaults",
        ),
        pytest.param(
            {"channels": {"email": False}},
            {},
            {"sms": (30,), "email": (10,)},
            {},
            id="a channel that is off is off",
        ),
        pytest.param({}, {}, {"in_app": (), "email": ()}, {}, id="an empty list reminds nobody"),
        pytest.param({}, {}, {"in_app": (5, 5)}, {5: ("in_app",)}, id="the same time twice is one reminder"),
        pytest.param(
            {"types": {"appointment_reminder": {"email": False}, "appointment_updated": {"in_app": False}}},
            {},
            {"email": (60,), "in_app": (60,)},
            {60: ("in_app",)},
            id="a switch for reminders counts, one for something else does not",
        ),
        pytest.param(
            {"lead_times": {"email": [120]}},
            {},
            {"email": (30,), "in_app": (5,)},
            {120: ("email",), 5: ("in_app",)},
            id="a person's times replace those of one channel",
        ),
        pytest.param(
            {"lead_times": {"email": []}},
            {},
            {"email": (30,)},
            {},
            id="who wants no reminder on a channel gets none there",
        ),
        pytest.param(
            {},
            {"defaults": {"lead_times": {"in_app": [10]}, "channels": {"email": False}}},
            {},
            {10: ("in_app",)},
            id="an organization has defaults of its own",
        ),
        pytest.param(
            {},
            {"defaults": {"lead_times": {"in_app": [10]}}},
            {"in_app": (20,)},
            {20: ("in_app",)},
            id="an appointment's times replace the organization's",
        ),
        pytest.param(
            {"channels": {"email": False}},
            {"mandatory": {"appointment_reminder": ["email"]}},
            {"email": (60,)},
            {60: ("email",)},
            id="what is mandatory cannot be switched off",
        ),
    ],
)
def test_channels_by_lead(
    person: dict[str, Any],
    rules: dict[str, Any],
    own_lead_times: LeadTimes,
    expected: dict[int, tuple[str, ...]],
) -> None:
    own, organization = preferences_of(person), organization_of(rules)
    assert channels_by_lead(own, organization, own_lead_times, DEFAULT_REMINDERS) == expected
