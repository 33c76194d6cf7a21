"""Answers of the ingress, held against its OpenAPI document."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

import httpx
from jsonschema import Draft202012Validator, FormatChecker
from starlette.routing import compile_path

from services.ingress.api.openapi import document
from services.ingress.api.operation import Operation
from services.ingress.api.serving import precedence
from services.ingress.routes import OPERATIONS, TAGS

FORMATS = FormatChecker(["date", "uuid"])
PROBLEM = "application/problem+json"


@FORMATS.checks("date-time", raises=ValueError)
def _is_rfc3339(value: object) -> bool:
    return not isinstance(value, str) or datetime.fromisoformat(value).tzinfo is not None


@cache
def api() -> dict[str, Any]:
    """The document, made once."""
    return document(OPERATIONS, TAGS)


def flaws(schema: Mapping[str, Any], value: Any) -> list[str]:
    """The places in which a value does not fit a schema of the document."""
    rooted = {**schema, "components": api()["components"]}
    validator = Draft202012Validator(rooted, format_checker=FORMATS)
    return [f"{error.json_path}: {error.message[:200]}" for error in validator.iter_errors(value)]


@cache
def _patterns() -> list[tuple[Any, str]]:
    paths = sorted({operation.path for operation in OPERATIONS}, key=precedence)
    return [(compile_path(path)[0], path) for path in paths]


def operation_of(method: str, path: str) -> Operation | None:
    """The operation that a request calls; None if there is none."""
    path = path.rstrip("/")
    template = next((template for pattern, template in _patterns() if pattern.match(path)), None)
    method = "GET" if method == "HEAD" else method
    found = (each for each in OPERATIONS if (each.method, each.path) == (method, template))
    return next(found, None)


def undescribed(response: httpx.Response) -> list[str]:
    """Return the parts of a response that the document lacks; the body of a stream is not read."""
    request = response.request
    operation = operation_of(request.method, request.url.path)
    if operation is None:
        return []  # an unknown path, or a method that it does not have
    described = api()["paths"][operation.path][operation.method.lower()]["responses"]
    answer = described.get(str(response.status_code))
    if answer is None:
        return [f"{operation.id} answers {response.status_code}, which is not described"]
    found = [name for name in response.headers if name in ("etag", "location", "retry-after")]
    named = {name.lower() for name in answer["headers"]}
    wrong = [f"the header {name} is not described" for name in found if name not in named]
    return wrong + _body_flaws(response, answer)


def _body_flaws(response: httpx.Response, answer: Mapping[str, Any]) -> list[str]:
    content = answer.get("content")
    if content is None:
        return ["a body that is not described"] if response.content else []
    media = response.headers.get("content-type", "").partition(";")[0]
    if media not in content:
        return [f"the media type {media!r} is not described"]
    if media == "text/event-stream" or response.request.method == "HEAD" or not media.endswith("json"):
        return []
    return flaws(content[media]["schema"], response.json())
