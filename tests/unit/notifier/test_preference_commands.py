"""Commands that set preferences: who may, and what becomes of them."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from chassis.verdicts import Verdict
from contracts import topics
from contracts.envelope import Envelope, Record
from contracts.outcomes import PreferencesOutcome
from contracts.preferences import OrganizationPreferencesChanged
from notifications.preferences import Organization, Preferences
from services.notifier.messages import commands
from services.notifier.messages.commands import Command, is_for_all
from services.notifier.messages.outcomes import messages_for
from services.notifier.preferences.commands import PreferenceDecisions, senders

ANNA, BEN, HUB, ELSEWHERE = uuid4(), uuid4(), uuid4(), uuid4()
RULES = {"defaults": {"channels": {"sms": True}}, "mandatory": {"appointment_cancelled": ["email"]}}


def asked(
    body: Any, actor: UUID | str = ANNA, organization: UUID = HUB, kind: str = "organization_preferences.set"
) -> tuple[Record, Command]:
    headers = Envelope(id=uuid4(), type=kind, organization=organization, actor=str(actor)).headers()
    at = datetime(2028, 3, 20, 12, tzinfo=UTC)
    record = Record(topics.NOTIFIER_COMMANDS.name, 0, 7, at, None, orjson.dumps(body), headers)
    return record, commands.decode(record)


def decided(decisions: PreferenceDecisions, item: tuple[Record, Command]) -> Verdict:
    return decisions.decide(*item)


def test_an_admin_sets_what_holds_for_everybody() -> None:
    decisions = PreferenceDecisions({}, {}, {(ANNA, HUB): True, (BEN, HUB): False})
    item = asked(RULES)
    event, outcome = messages_for(*item, decided(decisions, item), 6)
    changed = OrganizationPreferencesChanged.model_validate_json(event.value or b"")
    assert (changed.organization_id, changed.version) == (HUB, 1)
    assert changed.preferences.mandatory == {"appointment_cancelled": ["email"]}
    assert dict(event.headers)["ce_type"] == b"organization_preferences.changed"
    answer = PreferencesOutcome.model_validate_json(outcome.value or b"")
    assert (answer.status, answer.organization_id, answer.version) == ("accepted", HUB, 1)
    assert answer.organization_preferences == changed.preferences
    assert decisions.changed_organizations[HUB].mandatory == {"appointment_cancelled": frozenset(["email"])}
    # The same again changes nothing and is told nobody.
    again = asked(RULES)
    [outcome] = messages_for(*again, decided(decisions, again), 6)
    assert PreferencesOutcome.model_validate_json(outcome.value or b"").event_ids == []


@pytest.mark.parametrize(
    ("body", "actor", "organization", "code"),
    [
        pytest.param(RULES, BEN, HUB, "not_allowed", id="who is no admin"),
        pytest.param(RULES, ANNA, ELSEWHERE, "not_allowed", id="an admin of another organization"),
        pytest.param(RULES, "service:ingress", HUB, "not_allowed", id="a service"),
        pytest.param({"mandatory": {"lunch": ["email"]}}, ANNA, HUB, "invalid", id="an unknown type"),
        pytest.param({"defaults": {"timezone": "Mars"}}, ANNA, HUB, "invalid", id="an unknown zone"),
        pytest.param([], ANNA, HUB, "invalid", id="no object"),
    ],
)
def test_anything_else_is_refused(body: Any, actor: UUID | str, organization: UUID, code: str) -> None:
    decisions = PreferenceDecisions({}, {}, {(ANNA, HUB): True, (BEN, HUB): False})
    item = asked(body, actor, organization)
    [outcome] = messages_for(*item, decided(decisions, item), 6)
    assert PreferencesOutcome.model_validate_json(outcome.value or b"").code == code
    assert decisions.changed_organizations == {}


def test_only_who_sends_what_can_be_carried_out_is_asked_for() -> None:
    rules, broken = asked(RULES), asked({"mandatory": 1}, BEN)
    assert is_for_all(rules[1])
    assert senders([rules[1], broken[1]]) == {ANNA}


@pytest.mark.parametrize("kind", ["preferences.set", "organization_preferences.set"])
@pytest.mark.parametrize(
    ("expected", "status"), [(None, "accepted"), (3, "accepted"), (2, "refused"), (0, "refused")]
)
def test_a_stale_view_is_refused(kind: str, expected: int | None, status: str) -> None:
    decisions = PreferenceDecisions(
        {ANNA: Preferences(version=3)}, {HUB: Organization(version=3)}, {(ANNA, HUB): True}
    )
    item = asked({"expected_version": expected} if expected is not None else {}, kind=kind)
    *_, outcome = messages_for(*item, decisions.decide(*item), 6)
    answer = PreferencesOutcome.model_validate_json(outcome.value or b"")
    assert (answer.status, answer.code) == (status, None if status == "accepted" else "version_mismatch")


def test_preferences_that_were_never_set_have_version_zero() -> None:
    decisions = PreferenceDecisions({}, {}, {(ANNA, HUB): False})
    first = asked({"quiet_hours": False, "expected_version": 0}, kind="preferences.set")
    decisions.decide(*first)
    assert decisions.people[ANNA].says_quiet_hours
    assert decisions.people[ANNA].quiet_hours is None
    second = asked({"expected_version": 0}, kind="preferences.set")
    [outcome] = messages_for(*second, decisions.decide(*second), 6)
    assert PreferencesOutcome.model_validate_json(outcome.value or b"").code == "version_mismatch"


@pytest.mark.parametrize(
    "members", [{}, {(ANNA, ELSEWHERE): True}], ids=["nobody", "of another organization"]
)
def test_who_is_no_active_person_of_the_organization_sets_nothing(
    members: dict[tuple[UUID, UUID], bool],
) -> None:
    decisions = PreferenceDecisions({}, {}, members)
    item = asked({"channels": {"sms": True}}, kind="preferences.set")
    [outcome] = messages_for(*item, decided(decisions, item), 6)
    assert PreferencesOutcome.model_validate_json(outcome.value or b"").code == "not_allowed"
    assert decisions.changed_people == {}
