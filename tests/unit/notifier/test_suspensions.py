"""Which channels are left when an address bounced, and what brings one back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import CHANNELS, EMAIL, IN_APP, NO_RULES, SMS, Preferences
from notifications.templates.catalogue import TEMPLATE_CHANNELS
from services.notifier.domain.channels import fallback_for
from services.notifier.domain.model import Notification
from services.notifier.domain.suspensions import SUSPENDABLE, reachable, restored_by
from services.notifier.domain.workflow import plan, plan_reminder
from tests.unit.notifier.builders import (
    ANNA,
    BEN,
    EVERYTHING_OFF,
    EVERYTHING_ON,
    NOW,
    a_reminder,
    an_event,
)


def of(user: object, planned: list[Notification]) -> list[str]:
    return sorted(item.channel for item in planned if item.recipient_id == user)


@given(st.sets(st.sampled_from(sorted(SUSPENDABLE))), st.booleans())
def test_nothing_is_planned_on_a_suspended_channel_and_nobody_is_left_out(gone: set[str], on: bool) -> None:
    preferences = {ANNA: EVERYTHING_ON if on else EVERYTHING_OFF}
    event = an_event("created")
    usual = plan(event, preferences, NO_RULES, NOW)
    less = plan(event, preferences, NO_RULES, NOW, suspended={ANNA: frozenset(gone)})
    assert of(ANNA, less) == [channel for channel in of(ANNA, usual) if channel not in gone]
    assert of(BEN, less) == of(BEN, usual)
    assert IN_APP in of(ANNA, less)


def test_a_reminder_for_a_suspended_channel_only_comes_in_app() -> None:
    reminder = a_reminder(BEN, EMAIL)
    [instead] = plan_reminder(reminder, {}, NO_RULES, NOW, suspended={BEN: frozenset({EMAIL})})
    assert (instead.channel, instead.decision) == (
        IN_APP,
        "in-app, because the address of another channel bounced",
    )
    assert (
        plan_reminder(reminder, {BEN: EVERYTHING_OFF}, NO_RULES, NOW, suspended={BEN: frozenset({EMAIL})})
        == []
    )


def test_every_template_can_be_told_in_app() -> None:
    assert all(IN_APP in channels for channels in TEMPLATE_CHANNELS.values())
    assert reachable([], {EMAIL}) == []


def test_a_fallback_does_not_turn_to_a_suspended_channel() -> None:
    kind, template = "appointment_cancelled", "appointment_cancellation_v1"
    assert fallback_for(kind, "high", EMAIL, template, EVERYTHING_ON, NO_RULES, {EMAIL}) == SMS
    assert fallback_for(kind, "high", EMAIL, template, EVERYTHING_ON, NO_RULES, {EMAIL, SMS}) == IN_APP


@pytest.mark.parametrize(
    ("before", "after", "restored"),
    [
        pytest.param({}, {}, set(), id="nothing is set"),
        pytest.param({}, {"email": True}, {"email"}, id="the first word"),
        pytest.param({"email": True}, {"email": True}, set(), id="the same again"),
        pytest.param({"email": True}, {"email": False}, {"email"}, id="switched off"),
        pytest.param({"email": False}, {"email": True, "sms": True}, {"email", "sms"}, id="switched on"),
        pytest.param({"email": True}, {}, {"email"}, id="left to the organization"),
    ],
)
def test_what_is_said_of_a_channel_brings_it_back(
    before: dict[str, bool], after: dict[str, bool], restored: set[str]
) -> None:
    assert restored_by(Preferences(channels=before), Preferences(channels=after, locale="de")) == restored
    of_type = [Preferences(types={"appointment_reminder": channels}) for channels in (before, after)]
    assert restored_by(*of_type) == restored


switches = st.dictionaries(st.sampled_from(CHANNELS), st.booleans())
said = st.builds(Preferences, channels=switches, types=st.dictionaries(st.sampled_from(["a", "b"]), switches))


@given(said, said)
def test_who_says_something_else_about_channels_brings_some_back_and_only_then(
    before: Preferences, after: Preferences
) -> None:
    same = before.channels == after.channels and all(
        before.types.get(kind, {}) == after.types.get(kind, {}) for kind in ("a", "b")
    )
    assert bool(restored_by(before, after)) != same
    assert restored_by(before, after) == restored_by(after, before)
