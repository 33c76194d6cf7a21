"""The OpenAPI document, generated from the declarations that also serve the API."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from chassis.health import VERSION
from services.ingress.api import examples
from services.ingress.api.answer import Answer
from services.ingress.api.headers import (
    ANSWER_HEADERS,
    CORRELATION_ID,
    LOCATION,
    RETRY_AFTER,
    WWW_AUTHENTICATE,
    Header,
)
from services.ingress.api.models import commands
from services.ingress.api.operation import TOKEN, Operation
from services.ingress.api.schemas import Schemas
from services.ingress.domain.problems import CODES, WITH_ALTERNATIVES, Problem

INFO = {
    "title": "Appointments",
    "description": "Book, move, confirm and cancel appointments; read calendars; follow them live.",
    "contact": {"name": "The maintainers of Appointments"},
    "license": {"name": "Apache License 2.0", "identifier": "Apache-2.0"},
    "version": VERSION,
}
SERVERS = [{"url": "/", "description": "The ingress that serves this document"}]
_TOKEN_SCHEME = {
    "type": "http",
    "scheme": "bearer",
    "bearerFormat": "JWT",
    "description": "A token of Identity.",
}


def document(operations: Iterable[Operation], tags: Mapping[str, str]) -> dict[str, Any]:
    """Return the document of these operations; `tags` are described in their order."""
    ordered = sorted(operations, key=lambda operation: operation.path)
    schemas = Schemas(ordered)
    return {
        "openapi": "3.1.0",
        "info": INFO,
        "servers": SERVERS,
        "tags": [{"name": name, "description": about} for name, about in tags.items()],
        "paths": {
            path: {operation.method.lower(): _operation(operation, schemas) for operation in same}
            for path, same in groupby(ordered, lambda operation: operation.path)
        },
        "components": {
            "schemas": schemas.components,
            "headers": {header.name: _header(header) for header in ANSWER_HEADERS},
            "examples": {code: {"value": problem_example(code)} for code in CODES},
            "securitySchemes": {"token": _TOKEN_SCHEME},
        },
    }


def _operation(operation: Operation, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "tags": [operation.tag],
        "summary": operation.summary,
        "description": _unwrapped(operation.description),
        "operationId": operation.id,
    }
    if operation.access == TOKEN:
        described["security"] = [{"token": []}]
    if parameters := _parameters(operation, schemas):
        described["parameters"] = parameters
    if operation.sends is not None:
        content = {"schema": schemas.body(operation), "example": operation.sends.example}
        described["requestBody"] = {
            "required": operation.sends.required,
            "content": {operation.sends.media: content},
        }
    described["responses"] = {
        **{str(answer.status): _answer(answer, schemas) for answer in operation.answers},
        **_problems(operation),
    }
    return described


def _unwrapped(text: str) -> str:
    """Return a docstring with one line for each paragraph."""
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in text.split("\n\n"))


def _parameters(operation: Operation, schemas: Schemas) -> list[dict[str, Any]]:
    in_path = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", **({"format": "uuid"} if kind is UUID else {})},
        }
        for name, kind in operation.path_parameters.items()
    ]
    in_headers = [
        {"name": header.name, "in": "header", "required": header.required, **_header(header)}
        for header in operation.headers
    ]
    return [*in_path, *schemas.query(operation), *in_headers]


def _header(header: Header) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "integer" if header.integer else "string"}
    if header.max_length:
        schema["maxLength"] = header.max_length
    return {"description": header.description, "schema": schema}


def _answer(answer: Answer, schemas: Schemas) -> dict[str, Any]:
    described: dict[str, Any] = {
        "description": answer.description,
        "headers": _references(*answer.headers, CORRELATION_ID),
    }
    if answer.example is not None:
        example = answer.example if isinstance(answer.example, str) else json_of(answer.example)
        content = {"schema": schemas.answer(answer), "example": example}
        if answer.events:
            content["x-events"] = schemas.events(answer)
        described["content"] = {answer.media: content}
    return described


def _references(*headers: Header) -> dict[str, Any]:
    return {header.name: {"$ref": f"#/components/headers/{header.name}"} for header in headers}


def json_of(value: BaseModel) -> dict[str, Any]:
    """Return the JSON of an example: the fields that it sets."""
    return value.model_dump(mode="json", exclude_unset=True)


def _problems(operation: Operation) -> dict[str, Any]:
    """Return an answer for each status, with an example for each code."""
    taken = {answer.status for answer in operation.answers}
    found: dict[str, Any] = {}
    for status, codes in groupby(operation.codes, lambda code: CODES[code][0]):
        if status not in taken:
            found[str(status)] = _problem(status, list(codes))
    return found


def _problem(status: int, codes: Sequence[str]) -> dict[str, Any]:
    headers = [CORRELATION_ID]
    if status == 401:
        headers.append(WWW_AUTHENTICATE)
    if status in (429, 503):
        headers.append(RETRY_AFTER)
    if "kafka_unavailable" in codes:  # a command that may still be carried out
        headers.append(LOCATION)
    return {
        "description": "; ".join(f"`{code}`: {CODES[code][1]}" for code in codes),
        "headers": _references(*headers),
        "content": {
            "application/problem+json": {
                "schema": {"$ref": "#/components/schemas/Problem"},
                "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
            }
        },
    }


def problem_example(code: str) -> dict[str, Any]:
    """Return the problem document of a code, with an item in each list that the code fills."""
    problem = Problem(
        code,
        errors=[json_of(error) for error in examples.FIELD_ERRORS] if code == "invalid" else (),
        conflicts=[json_of(conflict) for conflict in examples.CONFLICTS] if code == "conflict" else (),
        alternatives=[json_of(one) for one in examples.ALTERNATIVES] if code in WITH_ALTERNATIVES else (),
    )
    return json_of(commands.Problem.model_validate(problem.body()))
