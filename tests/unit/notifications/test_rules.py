"""Which level decides."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.preferences import (
    CHANNELS,
    NO_RULES,
    NOTHING_SAID,
    Digest,
    Organization,
    Preferences,
    QuietHours,
    body_of,
    organization_body,
    organization_of,
    preferences_of,
)
from notifications.rules import decide, effective, lead_times, quiet_hours

KIND, OTHER = "appointment_reminder", "appointment_updated"
SWITCHES = st.dictionaries(st.sampled_from(["email", "sms", "push"]), st.booleans())
TIMES = st.times().map(lambda at: at.replace(second=0, microsecond=0))
QUIET = st.builds(QuietHours, TIMES, TIMES)
SAID = st.builds(
    Preferences,
    timezone=st.sampled_from([None, "Europe/Berlin"]),
    locale=st.sampled_from([None, "de"]),
    channels=SWITCHES,
    types=st.dictionaries(st.sampled_from([KIND, OTHER]), SWITCHES.filter(bool)),
    lead_times=st.dictionaries(st.sampled_from(CHANNELS), st.lists(st.integers(0, 99)).map(tuple)),
    quiet_hours=QUIET,
    says_quiet_hours=st.just(True),
    digest=st.none() | st.builds(Digest, st.booleans(), TIMES),
    version=st.integers(0, 9),
) | st.just(NOTHING_SAID)
RULES = st.builds(
    Organization,
    SAID,
    st.dictionaries(st.sampled_from([KIND, OTHER]), st.frozensets(st.sampled_from(CHANNELS))),
    st.integers(0, 9),
)


@pytest.mark.parametrize(
    ("own", "organization", "on", "level"),
    [
        pytest.param(NOTHING_SAID, NO_RULES, True, "default", id="nobody said anything"),
        pytest.param(
            NOTHING_SAID,
            Organization(Preferences(channels={"email": False})),
            False,
            "organization",
            id="organization",
        ),
        pytest.param(
            NOTHING_SAID,
            Organization(Preferences(channels={"email": False}, types={KIND: {"email": True}})),
            True,
            "organization",
            id="the organization's word on the type is the more specific",
        ),
        pytest.param(
            Preferences(channels={"email": True}),
            Organization(Preferences(types={KIND: {"email": False}})),
            True,
            "person",
            id="a person's word counts more than the organization's on the type",
        ),
        pytest.param(
            Preferences(channels={"email": True}, types={KIND: {"email": False}}),
            NO_RULES,
            False,
            "type",
            id="type",
        ),
        pytest.param(
            Preferences(types={KIND: {"email": False}}),
            Organization(mandatory={KIND: frozenset({"email"})}),
            True,
            "mandatory",
            id="what is mandatory cannot be switched off",
        ),
        pytest.param(
            Preferences(types={OTHER: {"email": False}}),
            NO_RULES,
            True,
            "default",
            id="a word on another type",
        ),
    ],
)
def test_the_more_specific_level_wins(
    own: Preferences, organization: Organization, on: bool, level: str
) -> None:
    decision = decide(KIND, "email", own, organization)
    assert (decision.on, decision.level) == (on, level)


@given(SAID, RULES, st.sampled_from([KIND, OTHER]))
def test_in_app_and_what_is_mandatory_are_always_on(
    own: Preferences, organization: Organization, kind: str
) -> None:
    for channel in {"in_app", *organization.mandatory.get(kind, ())}:
        assert decide(kind, channel, own, organization).on


@given(SAID, RULES, st.sampled_from(["email", "sms", "push"]))
def test_what_holds_decides_like_the_levels_that_it_sums_up(
    own: Preferences, organization: Organization, channel: str
) -> None:
    """For a type that nobody spoke of: of the others a person's channel outweighs the organization's type."""
    summed = effective(own, organization)
    assert (
        decide("another_type", channel, summed, NO_RULES).on
        == decide("another_type", channel, own, organization).on
    )


@given(SAID, RULES)
def test_json_carries_all_of_it(own: Preferences, organization: Organization) -> None:
    assert preferences_of(body_of(own)) == own
    assert organization_of(organization_body(organization)) == organization


def test_who_says_that_there_are_no_quiet_hours_has_none() -> None:
    night = preferences_of({"quiet_hours": {"start": "22:00", "end": "07:00"}})
    rules = Organization(night)
    assert quiet_hours(NOTHING_SAID, rules) == night.quiet_hours
    assert quiet_hours(preferences_of({"quiet_hours": None}), rules) is None


@pytest.mark.parametrize(
    ("own", "asked", "expected"),
    [
        pytest.param({}, None, {"email": (60,), "sms": (5,)}, id="defaults, the organization's first"),
        pytest.param({}, {"in_app": (30,)}, {"in_app": (30,)}, id="the appointment's replace them whole"),
        pytest.param(
            {"sms": ()}, {"in_app": (30,)}, {"in_app": (30,), "sms": ()}, id="the person's, of a channel"
        ),
    ],
)
def test_lead_times(
    own: dict[str, tuple[int, ...]], asked: dict[str, tuple[int, ...]] | None, expected: object
) -> None:
    rules = Organization(Preferences(lead_times={"sms": (5,)}))
    assert lead_times(Preferences(lead_times=own), rules, asked, {"email": (60,), "sms": (60,)}) == expected
