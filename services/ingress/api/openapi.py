"""What /openapi.json says of each call: the contracts' own schemas, an example for each body."""

from typing import Any

from fastapi import FastAPI, Response
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from contracts.appointments import Appointment
from contracts.availability import SetAvailability
from contracts.commands import (
    AnnounceAppointment,
    CreateAppointment,
    DeclineAppointment,
    JoinAppointment,
    UpdateAppointment,
)
from contracts.holds import PlaceHold
from contracts.notifications import CommunicationEvent
from contracts.outcomes import Outcome
from contracts.preferences import SetOrganizationPreferences, SetPreferences
from services.ingress.api import examples
from services.ingress.api.operation import Call
from services.ingress.api.operations import CALLS
from services.ingress.domain.problems import CODES, Problem

_BODIES = (
    CreateAppointment,
    UpdateAppointment,
    DeclineAppointment,
    AnnounceAppointment,
    JoinAppointment,
    SetAvailability,
    PlaceHold,
)
_SECURITY: list[dict[str, list[str]]] = [{"token": []}]
_WRITE_REFUSALS = ("malformed", "unauthenticated", "not_allowed", "not_found", "conflict", "version_mismatch")
_WRITE_REFUSALS_TOO = ("too_large", "invalid", "rate_limited", "kafka_unavailable")
_REFUSALS = {
    "read": ("unauthenticated", "not_allowed", "not_found", "invalid", "rate_limited", "views_unavailable"),
    "write": (*_WRITE_REFUSALS, *_WRITE_REFUSALS_TOO),
    "signed": ("malformed", "bad_signature", "too_large", "invalid", "kafka_unavailable"),
    "feed": ("not_found", "rate_limited", "views_unavailable"),
    "open": (),
}


_WRITES_WITH_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 255},
    "description": "The same key again answers what the first request was answered, and does nothing twice.",
}
_SIGNATURE = {
    "name": "X-Signature",
    "in": "header",
    "required": True,
    "schema": {"type": "string"},
    "description": '`t=<unix seconds>,v1=<hex hmac-sha256 of "t.body">`',
}
_IF_MATCH = {
    "name": "If-Match",
    "in": "header",
    "required": False,
    "schema": {"type": "string"},
    "description": "The ETag of the version to change.",
}


def described(name: str) -> dict[str, Any]:
    """Arguments for a route's decorator."""
    call = CALLS[name]
    extra: dict[str, Any] = {"parameters": _parameters(name, call)}
    if call.kind in ("read", "write"):
        extra["security"] = _SECURITY
    if call.body is not None:
        schema = (
            {"$ref": f"#/components/schemas/{call.body_schema}"} if call.body_schema else {"type": "string"}
        )
        extra["requestBody"] = {
            "required": name not in ("decline", "join"),
            "content": {call.body_media: {"schema": schema, "example": call.body}},
        }
    return {
        "summary": call.summary,
        "description": call.description or call.summary,
        "operation_id": name.replace("-", "_"),
        "status_code": call.status,
        "response_class": Response,
        "responses": _responses(call),
        "openapi_extra": extra,
    }


def _parameters(name: str, call: Call) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = [
        {"name": field, "in": "query", "required": False, "schema": {"type": kind}, "description": text}
        for field, kind, text in call.query
    ]
    if call.kind == "signed":
        found.append(_SIGNATURE)
    if call.kind == "write" and call.repeatable:
        found.append(_WRITES_WITH_KEY)
        if call.schema == "Appointment" and name != "create":
            found.append(_IF_MATCH)
    return found


def _responses(call: Call) -> dict[int | str, dict[str, Any]]:
    content: dict[str, Any] = {"example": call.answer}
    if call.schema:
        content["schema"] = {"$ref": f"#/components/schemas/{call.schema}"}
    responses: dict[int | str, dict[str, Any]] = {
        call.status: {"description": "Done", "content": {call.media: content}}
    }
    if call.answer is None:
        del responses[call.status]["content"]
    if call.kind == "feed":
        responses[304] = {"description": "Nothing has changed since `If-None-Match`"}
    if call.kind == "write":
        responses[202] = {
            "description": "Not decided within 5 s: ask at Location",
            "content": {"application/json": {"example": examples.PENDING}},
        }
    for code in _REFUSALS[call.kind]:
        status, title = CODES[code]
        conflicts = examples.CONFLICTS if code == "conflict" else ()
        alternatives = examples.ALTERNATIVES if code == "conflict" else ()
        errors = examples.FIELD_ERRORS if code == "invalid" else ()
        responses[status] = {
            "description": title,
            "content": {
                "application/problem+json": {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": Problem(code, "", errors, conflicts, alternatives).body(),
                }
            },
        }
    return responses


def openapi(app: FastAPI) -> dict[str, Any]:
    """The document: FastAPI's, with the contracts' schemas as components."""
    document = get_openapi(
        title=app.title, version=app.version, description=app.description, routes=app.routes
    )
    sent = [(model, "validation") for model in (*_BODIES, CommunicationEvent)]
    wanted = [(model, "validation") for model in (SetPreferences, SetOrganizationPreferences)]
    told = [(Appointment, "serialization"), (Outcome, "serialization")]
    _, definitions = models_json_schema([*sent, *wanted, *told], ref_template="#/components/schemas/{model}")  # type: ignore[list-item]
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    schemas.update(definitions.get("$defs", {}))
    for model in _BODIES:
        _leave_out(schemas[model.__name__], "appointment_id")
    schemas["Problem"] = _PROBLEM
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    _drop_framework_errors(document)
    document["paths"] = dict(
        sorted(document["paths"].items())
    )  # routes are ordered for matching, not for reading
    return document


def _leave_out(schema: dict[str, Any], name: str) -> None:
    schema["properties"].pop(name, None)
    schema["required"] = [field for field in schema.get("required", ()) if field != name]
    if not schema["required"]:
        del schema["required"]


def _drop_framework_errors(document: dict[str, Any]) -> None:
    """FastAPI adds its own 422 to paths with parameters; ours is a problem."""
    for methods in document["paths"].values():
        for operation in methods.values():
            refusal = operation["responses"].get("422", {})
            if "application/json" in refusal.get("content", {}):
                refusal["content"].pop("application/json")
                if not refusal["content"]:
                    del operation["responses"]["422"]
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)


_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "enum": sorted(CODES)},
        "errors": {"type": "array", "items": {"type": "object"}},
        "conflicts": {"type": "array", "items": {"type": "object"}},
        "alternatives": {"type": "array", "items": {"type": "object"}},
    },
}
