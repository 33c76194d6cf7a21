"""Read what a stranger sends: bounded, strict JSON, checked against the contract before it goes anywhere."""

import asyncio
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from contracts.outcomes import field_errors
from services.ingress.domain.problems import Problem, invalid, not_found

_CLOSE = {"Connection": "close"}  # what is left of the body is not read: this connection serves nothing more

M = TypeVar("M", bound=BaseModel)


ARRIVES_WITHIN = 30.0
DRAINED_MAX = 32 * 1024 * 1024


async def read(request: Request, limit: int) -> bytes:
    """The body, of at most `limit` bytes, with or without a Content-Length. Raises Problem 413, or 400 if it does not end.

    What is too much is read and thrown away before the answer, up to 32 MB: many clients send all before they listen.
    """
    announced = request.headers.get("content-length", "0")
    if announced.isdigit() and int(announced) > DRAINED_MAX:
        raise _too_large(limit)
    chunks: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(ARRIVES_WITHIN):
            async for chunk in request.stream():
                size += len(chunk)
                if size <= limit:
                    chunks.append(chunk)
                elif size > DRAINED_MAX:
                    break
    except (ClientDisconnect, TimeoutError) as error:
        raise Problem("malformed", "The body did not arrive.", headers=_CLOSE) from error
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem("too_large", f"A body may have at most {limit // 1024} KB.", headers=_CLOSE)


def json_object(raw: bytes, *, optional: bool = False) -> dict[str, Any]:
    """A JSON object. Raises Problem 400 for what is not JSON (NaN, bad UTF-8, too deep), 422 for other JSON."""
    if optional and not raw.strip():
        return {}
    try:
        body = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise Problem("malformed", f"The body is not JSON: {error.msg} at byte {error.pos}.") from error
    if not isinstance(body, dict):
        raise invalid("", "object", "The body must be a JSON object")
    return body


def check(model: type[M], body: dict[str, Any]) -> M:
    """Check a body against its contract. Raises Problem 422, field by field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = [found.model_dump() for found in field_errors(error)]
        raise Problem("invalid", _summary(errors), errors=errors) from error
    except RecursionError as error:
        raise Problem("malformed", "The body nests too deeply.") from error


def forbid(body: dict[str, Any], name: str) -> None:
    """Refuse a field that the path or the caller decides."""
    if name in body:
        raise invalid(name, "extra_forbidden", "This field cannot be sent here")


def _summary(errors: list[dict[str, Any]]) -> str:
    first = errors[0]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{first['field'] or 'The body'}: {first['message']}{more}."


def path_id(text: str) -> UUID:
    """An id out of a path; what is no UUID names nothing, 404."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None
