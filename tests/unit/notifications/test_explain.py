"""Which channels a type comes on, and why."""

from notifications.explain import KINDS, explain
from notifications.preferences import CHANNELS, NO_RULES, NOTHING_SAID, Organization, Preferences


def test_every_type_is_explained_on_every_channel_in_the_same_order() -> None:
    for kind in KINDS:
        assert [one.channel for one in explain(kind, NOTHING_SAID, NO_RULES, {})] == list(CHANNELS)


def test_a_channel_without_a_text_is_off_whoever_switched_it_on() -> None:
    own = Preferences(channels={"push": True}, version=1)
    found = {one.channel: one for one in explain("appointment_follow_up", own, NO_RULES, {})}
    assert (found["push"].on, found["push"].level) == (False, "template")


def test_a_suspended_channel_is_off_and_says_so_even_where_it_is_mandatory() -> None:
    organization = Organization(mandatory={"appointment_cancelled": frozenset(["email"])})
    trouble = {"email": "the address bounced", "in_app": "never", "sms": "the number is unknown"}
    found = {
        one.channel: one for one in explain("appointment_cancelled", NOTHING_SAID, organization, trouble)
    }
    assert (found["email"].on, found["email"].level) == (False, "suspended")
    assert found["email"].reason == "suspended: the address bounced"
    assert found["in_app"].on
    assert found["sms"].level == "default", "what is off anyway is not suspended"
