"""Notification preferences: the caller's, those of their organization, and what follows from both."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Request, Response

from contracts.preferences import SetOrganizationPreferences, SetPreferences
from notifications.explain import explain
from notifications.preferences import (
    NO_RULES,
    NOTHING_SAID,
    Organization,
    Preferences,
    body_of,
    organization_of,
    preferences_of,
)
from notifications.rules import effective
from services.ingress.api.openapi import described
from services.ingress.domain import queries
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, not_found
from services.ingress.http import bodies
from services.ingress.http.responses import as_json, etag
from services.ingress.http.routing import PlainRoute
from services.ingress.routes.reads import params
from services.ingress.routes.writer import Writer
from services.ingress.runtime import Runtime


def preference_routes(runtime: Runtime) -> APIRouter:
    """A person's own, for everybody; the organization's, for its admins."""
    router = APIRouter(prefix="/api/appointments", route_class=PlainRoute, tags=["preferences"])
    writer, store = Writer(runtime), runtime.store

    @router.get("/preferences", **described("preferences"))
    async def preferences(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        version, own, organization = await wanted(runtime, caller.id, caller.organization)
        return as_json(person_body(own, organization), headers={"ETag": etag(version)})

    @router.put("/preferences", **described("set_preferences"))
    async def set_preferences(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        body = await writer.body(request)
        bodies.check(SetPreferences, body)
        _, _, organization = await wanted(runtime, caller.id, caller.organization)
        outcome = await writer.carry_out(caller, request, "preferences.set", body)
        if not isinstance(outcome, dict):
            return outcome
        own = preferences_of(outcome.get("preferences") or {})
        return as_json(person_body(own, organization), headers={"ETag": etag(int(outcome["version"] or 0))})

    @router.get("/preferences/explain", **described("explain_preferences"))
    async def explained(request: Request) -> Response:
        caller = await runtime.door.enter(request)
        query = queries.explain_query(params(request))
        person = query.user or caller.id
        await _check_may_ask(runtime, caller, person)
        _, own, organization = await wanted(runtime, person, caller.organization)
        bounced = {row["channel"]: _bounce(row) for row in await store.suspended(person, caller.organization)}
        channels = [asdict(decision) for decision in explain(query.type, own, organization, bounced)]
        return as_json({"type": query.type, "channels": channels})

    @router.get("/preferences/organization", **described("organization_preferences"))
    async def organization_preferences(request: Request) -> Response:
        caller = await _admin(runtime, request)
        version, body = await store.organization_preferences(caller.organization) or (0, "{}")
        shown = organization_body(organization_of(orjson.loads(body)))
        return as_json(shown, headers={"ETag": etag(version)})

    @router.put("/preferences/organization", **described("set_organization_preferences"))
    async def set_organization_preferences(request: Request) -> Response:
        caller = await _admin(runtime, request)
        body = await writer.body(request)
        bodies.check(SetOrganizationPreferences, body)
        outcome = await writer.carry_out(caller, request, "organization_preferences.set", body)
        if not isinstance(outcome, dict):
            return outcome
        shown = organization_body(organization_of(outcome.get("organization_preferences") or {}))
        return as_json(shown, headers={"ETag": etag(int(outcome["version"] or 0))})

    return router


async def wanted(runtime: Runtime, person: UUID, organization: UUID) -> tuple[int, Preferences, Organization]:
    """What somebody said, in which version, and what holds for everybody in their organization."""
    version, own, rules = await runtime.store.wanted(person, organization)
    return (
        version,
        preferences_of(orjson.loads(own)) if own else NOTHING_SAID,
        organization_of(orjson.loads(rules)) if rules else NO_RULES,
    )


def person_body(own: Preferences, organization: Organization) -> dict[str, Any]:
    """Preferences as they are answered: what holds, all levels taken together."""
    body = body_of(effective(own, organization))
    del body["version"]
    return body


def organization_body(organization: Organization) -> dict[str, Any]:
    """What holds for whoever says nothing, and what nobody can switch off."""
    return {
        "defaults": person_body(NOTHING_SAID, organization),
        "mandatory": {kind: sorted(channels) for kind, channels in sorted(organization.mandatory.items())},
    }


async def _admin(runtime: Runtime, request: Request) -> Caller:
    caller = await runtime.door.enter(request)
    if not caller.admin:
        raise Problem("not_allowed", "Only an admin decides what holds for everybody in the organization.")
    return caller


def _bounce(row: Any) -> str:
    """Why a channel is suspended, and what brings it back."""
    said = f" ({row['reason'].rstrip('.')})" if row["reason"] else ""
    return f"the address bounced on {row['since']:%Y-%m-%d}{said}; say something new about the channel to use it again"


async def _check_may_ask(runtime: Runtime, caller: Caller, person: UUID) -> None:
    """Everybody about themselves, an admin about their people."""
    if person == caller.id:
        return
    if not caller.admin:
        raise Problem("not_allowed", "Only an admin asks about somebody else.")
    if not await runtime.directory.belongs_to(person, caller.organization):
        raise not_found()
