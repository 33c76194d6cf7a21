"""Who is reminded on which channels: the person, then the appointment, then the defaults."""

import pytest

from contracts.fields import DEFAULT_REMINDERS
from services.reminders.domain.channels import LeadTimes, Switches, channels_by_lead, lead_times

DEFAULT = lead_times(None, DEFAULT_REMINDERS)


@pytest.mark.parametrize(
    ("leads", "switches", "expected"),
    [
        pytest.param(
            DEFAULT,
            Switches(),
            {1440: ("email", "in_app"), 60: ("email", "in_app"), 15: ("in_app",)},
            id="who says nothing gets e-mail and in-app at the default times",
        ),
        pytest.param(
            DEFAULT,
            Switches(sms=True),
            {1440: ("email", "in_app"), 60: ("email", "sms", "in_app"), 15: ("in_app",)},
            id="who wants SMS gets it an hour before",
        ),
        pytest.param(
            DEFAULT,
            Switches(email=False, push=True),
            {1440: ("in_app",), 60: ("in_app",), 15: ("in_app",)},
            id="in-app cannot be switched off, push has no default times",
        ),
        pytest.param(
            {"sms": (30,), "push": (30, 5)},
            Switches(sms=True, push=True),
            {30: ("sms", "push"), 5: ("push",)},
            id="the appointment's own times replace the defaults",
        ),
        pytest.param(
            {"sms": (30,), "email": (10,)}, Switches(email=False), {}, id="a channel that is off is off"
        ),
        pytest.param({"in_app": (), "email": ()}, Switches(), {}, id="an empty list reminds nobody"),
        pytest.param(
            {"in_app": (5, 5)}, Switches(), {5: ("in_app",)}, id="the same time twice is one reminder"
        ),
    ],
)
def test_channels_by_lead(leads: LeadTimes, switches: Switches, expected: dict[int, tuple[str, ...]]) -> None:
    assert channels_by_lead(leads, switches) == expected


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        pytest.param(None, DEFAULT_REMINDERS, id="without settings the defaults hold"),
        pytest.param({}, DEFAULT_REMINDERS, id="settings that say nothing are none"),
        pytest.param({"email": [30]}, {"email": [30]}, id="settings replace the defaults whole"),
        pytest.param({"email": []}, {"email": []}, id="an empty list is a word, too"),
    ],
)
def test_lead_times(settings: LeadTimes | None, expected: LeadTimes) -> None:
    assert lead_times(settings, DEFAULT_REMINDERS) == expected
