"""Responses: JSON that is already text is passed on as it is."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson
from starlette.responses import Response

from services.ingress.domain.problems import Problem

PRIVATE = {"Cache-Control": "private, no-cache"}
"""For answers with a tag: a client asks each time whether it has changed."""


def raw_json(body: bytes | str, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response whose body is JSON already."""
    return Response(body, status, headers, media_type="application/json")


def as_json(value: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response from plain values; instants become RFC 3339 in UTC."""
    return raw_json(orjson.dumps(value, option=orjson.OPT_UTC_Z), status, headers)


def tagged_json(if_none_match: str | None, value: Any) -> Response:
    """Return plain values with an ETag that follows from them; 304 for a client that has them."""
    body = orjson.dumps(value, option=orjson.OPT_UTC_Z)
    headers = {"ETag": f'"{blake2b(body, digest_size=12).hexdigest()}"', **PRIVATE}
    if has_seen(if_none_match, headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return raw_json(body, headers=headers)


def problem_response(problem: Problem) -> Response:
    """Return a problem as `application/problem+json`."""
    return Response(
        orjson.dumps(problem.body()),
        problem.status,
        problem.all_headers(),
        media_type="application/problem+json",
    )


def etag(version: int) -> str:
    """Return a version as an entity tag."""
    return f'"{version}"'


def has_seen(if_none_match: str | None, tag: str) -> bool:
    """Return whether an If-None-Match header names this entity tag, or any."""
    given = [part.strip().removeprefix("W/") for part in (if_none_match or "").split(",")]
    return tag in given or "*" in given
