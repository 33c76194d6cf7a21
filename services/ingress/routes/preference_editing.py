"""Operations of a page that edits preferences: the matrix, and merge patches of what was chosen."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any
from uuid import UUID, uuid5

import orjson
from starlette.responses import Response

from contracts.fields import DEFAULT_REMINDERS, CommandBody
from contracts.preferences import SetOrganizationPreferences, SetPreferences
from notifications.matrix import matrix, organization_matrix
from notifications.preferences import organization_of, own_body, preferences_of
from services.ingress.api import notification_examples as examples
from services.ingress.api.answer import PENDING, ok
from services.ingress.api.call import Body, Call
from services.ingress.api.headers import ETAG, IDEMPOTENCY_KEY, IF_MATCH_SETTINGS
from services.ingress.api.models.preferences import (
    OrganizationPreferencesPatch,
    OwnOrganizationPreferences,
    OwnPreferences,
    PreferenceMatrix,
    PreferencesPatch,
)
from services.ingress.api.operation import READ, WRITE, Operations, Sends
from services.ingress.commands.replies import Outcome
from services.ingress.commands.writer import command_id
from services.ingress.domain.merging import merged
from services.ingress.domain.problems import Problem, from_outcome
from services.ingress.http import bodies
from services.ingress.http.responses import as_json, etag
from services.ingress.routes.preferences import (
    ADMINS_ONLY,
    bounces,
    levels,
    own_organization_body,
    rules_of,
)

OPERATIONS = Operations("preferences", "Notification preferences of people and organizations.")

PATCH_MEDIA = "application/merge-patch+json"
TRIES = 4  # of a patch without If-Match, while others change the same preferences

Current = Callable[[], Awaitable[tuple[int, dict[str, Any]]]]
"""Reads the version that stands, and what was chosen."""


@OPERATIONS.operation(
    "GET",
    "/preferences/matrix",
    summary="Read all your preferences with the level that decides each",
    answers=[ok(PreferenceMatrix, examples.MATRIX, ETAG)],
    problems=READ,
)
async def preference_matrix(call: Call) -> Response:
    """Return every type of notification on every channel as a cell, and the other preferences that hold.

    The ETag is that of the caller's own preferences, for `If-Match`.
    """
    version, own, organization = await levels(call.runtime, call.caller.id, call.caller.organization)
    body = matrix(own, organization, await bounces(call, call.caller.id), DEFAULT_REMINDERS)
    return as_json({**body, "version": version}, headers={"ETag": etag(version)})


@OPERATIONS.operation(
    "GET",
    "/preferences/organization/matrix",
    summary="Read all of your organization's preferences",
    answers=[ok(PreferenceMatrix, examples.MATRIX, ETAG)],
    admins_only=ADMINS_ONLY,
    problems=READ,
)
async def organization_preference_matrix(call: Call) -> Response:
    """Return the matrix of a person who chose nothing; for admins."""
    organization = await rules_of(call)
    body = organization_matrix(organization, DEFAULT_REMINDERS)
    return as_json(body, headers={"ETag": etag(organization.version)})


@OPERATIONS.operation(
    "PATCH",
    "/preferences",
    summary="Change some of your notification preferences",
    answers=[ok(OwnPreferences, examples.OWN, ETAG), PENDING],
    sends=Sends(example=examples.PATCH, media=PATCH_MEDIA),
    headers=[IDEMPOTENCY_KEY, IF_MATCH_SETTINGS],
    problems=[*WRITE, *READ, "overloaded"],
)
async def patch_preferences(call: Call, body: Body[PreferencesPatch]) -> Response:
    """Change what the caller chose, by a merge patch (RFC 7396), and return it as `view=own` does.

    Null withdraws a choice, so that the organization's holds again; `quiet_hours` of false means none at all.
    `If-Match` refuses to change a newer version than the one that was read.
    """

    async def current() -> tuple[int, dict[str, Any]]:
        version, own, _ = await levels(call.runtime, call.caller.id, call.caller.organization)
        return version, own_body(own)

    outcome = await _patched(call, body.json, "preferences.set", SetPreferences, current)
    own = preferences_of(outcome.get("preferences") or {})
    return as_json(own_body(own), headers={"ETag": etag(int(outcome["version"] or 0))})


@OPERATIONS.operation(
    "PATCH",
    "/preferences/organization",
    summary="Change some of your organization's notification preferences",
    answers=[ok(OwnOrganizationPreferences, examples.OWN_ORGANIZATION, ETAG), PENDING],
    sends=Sends(example=examples.ORGANIZATION_PATCH, media=PATCH_MEDIA),
    headers=[IDEMPOTENCY_KEY, IF_MATCH_SETTINGS],
    admins_only=ADMINS_ONLY,
    problems=[*WRITE, *READ, "overloaded"],
)
async def patch_organization_preferences(call: Call, body: Body[OrganizationPreferencesPatch]) -> Response:
    """Change what the admins of the organization chose, by a merge patch; for admins."""

    async def current() -> tuple[int, dict[str, Any]]:
        organization = await rules_of(call)
        return organization.version, own_organization_body(organization)

    kind = "organization_preferences.set"
    outcome = await _patched(call, body.json, kind, SetOrganizationPreferences, current)
    answer = own_organization_body(organization_of(outcome.get("organization_preferences") or {}))
    return as_json(answer, headers={"ETag": etag(int(outcome["version"] or 0))})


async def _patched(
    call: Call, patch: Mapping[str, Any], kind: str, model: type[CommandBody], current: Current
) -> Outcome:
    """Return the accepted outcome of a patch. Raises Problem, 412 if If-Match names another version.

    The patch is of what the views show, and the command names that version: without If-Match it is made anew
    when somebody else was faster. A repeated Idempotency-Key gets the outcome of its first success.
    """
    changes = {name: value for name, value in patch.items() if name != "expected_version"}
    wanted = patch.get("expected_version")
    identifier = command_id(call.caller, call.request)
    key = str(call.caller.id if model is SetPreferences else call.caller.organization)
    for number in range(TRIES):
        attempt = uuid5(identifier, f"attempt {number}")
        known = await _known(call, attempt) if call.header("idempotency-key") else None
        if known is not None and known["status"] == "accepted":
            return known
        if known is not None and known["code"] == "version_mismatch" and wanted is None:
            continue
        if known is not None:
            raise from_outcome(known)
        version, chosen = await current()
        if wanted not in (None, version):
            raise Problem("version_mismatch", f"The preferences have version {version}.")
        command = {**merged(chosen, changes), "expected_version": version}
        bodies.check(model, command)
        try:
            return await call.runtime.writer.carry_out(
                call.caller, call.request, kind, command, identifier=attempt
            )
        except Problem as problem:
            if problem.code != "version_mismatch" or wanted is not None:
                raise
        await call.runtime.visibility.wait(key, version + 1, partial(_version, current))
    raise Problem("overloaded", "Others change the same preferences all the time. Try again.")


async def _version(current: Current) -> int:
    return (await current())[0]


async def _known(call: Call, attempt: UUID) -> Outcome | None:
    """Return the outcome of an earlier request with the same Idempotency-Key."""
    found = await call.runtime.store.command(attempt, call.caller.organization)
    if found is None or found[0] != str(call.caller.id):
        return None
    outcome: Outcome = orjson.loads(found[1])
    return outcome
