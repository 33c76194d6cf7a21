"""Operations on notification preferences: the caller's, those of their organization, and the effect of
both.
"""

from dataclasses import asdict, replace
from typing import Annotated, Any
from uuid import UUID

import orjson
from pydantic import Field
from starlette.responses import Response

from contracts.preferences import SetOrganizationPreferences, SetPreferences
from notifications.explain import KINDS, explain
from notifications.preferences import (
    NO_RULES,
    NOTHING_SAID,
    Organization,
    Preferences,
    body_of,
    organization_of,
    own_body,
    preferences_of,
)
from notifications.rules import effective
from services.ingress.api import notification_examples as examples
from services.ingress.api.answer import PENDING, Answer, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_MATCH_SETTINGS
from services.ingress.api.models.notifications import (
    EffectiveOrganizationPreferences,
    EffectivePreferences,
    PreferencesExplanation,
)
from services.ingress.api.models.preferences import OwnOrganizationPreferences, OwnPreferences
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.api.parameters import Id, Parameters, word_of
from services.ingress.domain.problems import Problem, not_found
from services.ingress.http.responses import as_json, etag
from services.ingress.runtime import Runtime

OPERATIONS = Operations("preferences", "Notification preferences of people and organizations.")

ADMINS_ONLY = "Only an admin may read or set the preferences of an organization."


class ExplanationParameters(Parameters):
    """A type of notification, for one person."""

    type: Annotated[str, word_of(KINDS)] = Field(description="Such as `appointment_reminder`.")
    user_id: Id | None = Field(None, description="A colleague, for admins; by default the caller.")


class ViewParameters(Parameters):
    """Which preferences to read."""

    view: Annotated[str, word_of(["effective", "own"])] = Field(
        "effective", description="`own`: what was chosen, and nothing else; `effective`: what holds."
    )


@OPERATIONS.operation(
    "GET",
    "/preferences",
    summary="Read your notification preferences",
    answers=[
        Answer(
            status=200,
            description="OK",
            models=[EffectivePreferences, OwnPreferences],
            example=examples.PREFERENCES,
            headers=[ETAG],
        )
    ],
    problems=READ,
)
async def preferences(call: Call, query: ViewParameters) -> Response:
    """Return the preferences that hold for the caller: own ones, else the organization's, else the defaults.

    `timezone` and `locale` of null follow the account. A form that is to be saved reads `view=own`: an absent
    field was not chosen.
    """
    version, own, organization = await levels(call.runtime, call.caller.id, call.caller.organization)
    body = own_body(own) if query.view == "own" else person_body(own, organization)
    return as_json(body, headers={"ETag": etag(version)})


@OPERATIONS.operation(
    "PUT",
    "/preferences",
    summary="Replace your notification preferences",
    answers=[ok(EffectivePreferences, examples.PREFERENCES, ETAG), PENDING],
    sends=Sends(example=examples.SET_PREFERENCES),
    headers=[IDEMPOTENCY_KEY, IF_MATCH_SETTINGS],
    problems=WRITE,
)
async def set_preferences(call: Call, body: Body[SetPreferences]) -> Response:
    """Replace the caller's preferences. An omitted field, or a switch of null, follows the organization.

    `If-Match` with the ETag refuses to replace a newer version. `quiet_hours` of null turns quiet hours off. A switch of a type wins over that of the channel; channels
    that the organization makes mandatory stay on.
    """
    _, _, organization = await levels(call.runtime, call.caller.id, call.caller.organization)
    outcome = await call.runtime.writer.carry_out(call.caller, call.request, "preferences.set", body.json)
    own = preferences_of(outcome.get("preferences") or {})
    return as_json(person_body(own, organization), headers={"ETag": etag(int(outcome["version"] or 0))})


@OPERATIONS.operation(
    "GET",
    "/preferences/explain",
    summary="Explain on which channels a type of notification comes",
    answers=[ok(PreferencesExplanation, examples.EXPLANATION)],
    problems=[*READ, "not_found"],
)
async def explain_preferences(call: Call, query: ExplanationParameters) -> Response:
    """Return for each channel whether it is used, and the `level` that decides.

    Levels: `always`, `mandatory`, `type` or `person` (set by the person), `organization`, `default`,
    `template` (the type has no text for that channel) and `suspended` (messages to the address bounced).
    """
    person = query.user_id or call.caller.id
    await _check_readable(call, person)
    _, own, organization = await levels(call.runtime, person, call.caller.organization)
    bounced = await bounces(call, person)
    decisions = explain(query.type, own, organization, bounced)
    channels = [{**asdict(decision), "code": decision.code} for decision in decisions]
    return as_json({"type": query.type, "channels": channels})


@OPERATIONS.operation(
    "GET",
    "/preferences/organization",
    summary="Read your organization's notification preferences",
    answers=[
        Answer(
            status=200,
            description="OK",
            models=[EffectiveOrganizationPreferences, OwnOrganizationPreferences],
            example=examples.ORGANIZATION_PREFERENCES,
            headers=[ETAG],
        )
    ],
    admins_only=ADMINS_ONLY,
    problems=READ,
)
async def organization_preferences(call: Call, query: ViewParameters) -> Response:
    """Return the organization's preferences; for admins. `defaults` hold for people who set nothing."""
    organization = await rules_of(call)
    body = own_organization_body(organization) if query.view == "own" else organization_body(organization)
    return as_json(body, headers={"ETag": etag(organization.version)})


@OPERATIONS.operation(
    "PUT",
    "/preferences/organization",
    summary="Replace your organization's notification preferences",
    answers=[ok(EffectiveOrganizationPreferences, examples.ORGANIZATION_PREFERENCES, ETAG), PENDING],
    sends=Sends(example=examples.SET_ORGANIZATION_PREFERENCES),
    headers=[IDEMPOTENCY_KEY, IF_MATCH_SETTINGS],
    admins_only=ADMINS_ONLY,
    problems=WRITE,
)
async def set_organization_preferences(call: Call, body: Body[SetOrganizationPreferences]) -> Response:
    """Replace the organization's preferences; for admins. `mandatory` channels of a type cannot be switched
    off.
    """
    outcome = await call.runtime.writer.carry_out(
        call.caller, call.request, "organization_preferences.set", body.json
    )
    answer = organization_body(organization_of(outcome.get("organization_preferences") or {}))
    return as_json(answer, headers={"ETag": etag(int(outcome["version"] or 0))})


async def levels(runtime: Runtime, person: UUID, organization: UUID) -> tuple[int, Preferences, Organization]:
    """Return a person's preferences with their version, and those of the organization."""
    version, own, rules = await runtime.store.preferences(person, organization)
    return (
        version,
        preferences_of(orjson.loads(own)) if own else NOTHING_SAID,
        organization_of(orjson.loads(rules)) if rules else NO_RULES,
    )


async def rules_of(call: Call) -> Organization:
    """Return the preferences of the caller's organization."""
    version, body = await call.runtime.store.organization_preferences(call.caller.organization) or (0, "{}")
    return replace(organization_of(orjson.loads(body)), version=version)


def person_body(own: Preferences, organization: Organization) -> dict[str, Any]:
    """Return the preferences that hold for a person, all levels taken together."""
    body = body_of(effective(own, organization))
    del body["version"]
    return body


def organization_body(organization: Organization) -> dict[str, Any]:
    """Return the defaults of an organization, and the channels that cannot be switched off."""
    return {
        "defaults": person_body(NOTHING_SAID, organization),
        "mandatory": {kind: sorted(channels) for kind, channels in sorted(organization.mandatory.items())},
    }


def own_organization_body(organization: Organization) -> dict[str, Any]:
    """Return what the admins of an organization chose, and nothing else."""
    return {
        "defaults": own_body(organization.defaults),
        "mandatory": {kind: sorted(channels) for kind, channels in sorted(organization.mandatory.items())},
    }


async def bounces(call: Call, person: UUID) -> dict[str, str]:
    """Return why each suspended channel of a person is suspended."""
    rows = await call.runtime.store.suspended(person, call.caller.organization)
    return {row["channel"]: _bounce(row) for row in rows}


def _bounce(row: Any) -> str:
    """Return why a channel is suspended, and how to restore it."""
    reason = f" ({row['reason'].rstrip('.')})" if row["reason"] else ""
    return f"the address bounced on {row['since']:%Y-%m-%d}{reason}; set the channel again to use it again"


async def _check_readable(call: Call, person: UUID) -> None:
    """Raise Problem unless the person is the caller, or a colleague and the caller an admin."""
    if person == call.caller.id:
        return
    if not call.caller.admin:
        raise Problem("not_allowed", "Only an admin may read somebody else's preferences.")
    if not await call.runtime.directory.belongs_to(person, call.caller.organization):
        raise not_found()
