"""Request bodies: bounded, strict JSON, checked against the contract before anything else is done with
them.
"""

import asyncio
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect, Request

from contracts.outcomes import field_errors
from services.ingress.domain.caller import Caller
from services.ingress.domain.problems import Problem, invalid, not_found
from services.ingress.http.places import AllPlaces

_CLOSE = {"Connection": "close"}  # the rest of the body is not read, so the connection cannot be used again

M = TypeVar("M", bound=BaseModel)


DRAINED_MAX = 32 * 1024 * 1024  # bytes


class Bodies:
    """Reads bodies, each within `within` seconds; those that are arriving have places of their own."""

    def __init__(self, places: AllPlaces, within: float) -> None:
        self._places = places
        self._within = within

    async def read(self, request: Request, limit: int, caller: Caller | None) -> bytes:
        """Return the body, with or without a Content-Length. Raises Problem 413 above `limit` bytes, 408 if
        it does not end, 429 if too many bodies of this caller are arriving.

        A body above the limit is drained before the answer, up to 32 MB: many clients send all before they
        listen.
        """
        headers = request.headers
        announced = headers.get("content-length", "0")
        if announced.isdigit() and int(announced) > DRAINED_MAX:
            raise _too_large(limit)
        if announced == "0" and "transfer-encoding" not in headers:
            return b""
        try:
            async with asyncio.timeout(self._within) as wait:
                with self._place(request, caller, wait):
                    return await _read(request, limit)
        except (ClientDisconnect, TimeoutError) as error:
            detail = f"The body did not arrive within {self._within:g} seconds."
            raise Problem("timeout", detail, headers=_CLOSE) from error

    def _place(
        self, request: Request, caller: Caller | None, wait: asyncio.Timeout
    ) -> AbstractContextManager[None]:
        if caller is None:
            return self._places.unsigned.place(wait)
        return self._places.bodies.place(caller, request.scope["path"], self._within)


async def _read(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size <= limit:
            chunks.append(chunk)
        elif size > DRAINED_MAX:
            break
    if size > limit:
        raise _too_large(limit)
    return b"".join(chunks)


def _too_large(limit: int) -> Problem:
    return Problem("too_large", f"The body must have at most {limit // 1024} KB.", headers=_CLOSE)


def json_object(raw: bytes, *, optional: bool = False) -> dict[str, Any]:
    """Return a JSON object. Raises Problem 400 for anything but JSON (NaN, bad UTF-8, too deep), 422 for
    other JSON.
    """
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
    """Return the model of a body, or of a query. Raises Problem 422, field by field."""
    try:
        return model.model_validate(body)
    except ValidationError as error:
        errors = _errors(error)
        raise Problem("invalid", _summary(errors), errors=errors) from error
    except RecursionError as error:
        raise Problem("malformed", "The body nests too deeply.") from error


def _errors(error: ValidationError) -> list[dict[str, Any]]:
    """Return what is wrong with each field; `params` has the limits that its message names."""
    found: list[dict[str, Any]] = [one.model_dump() for one in field_errors(error)]
    details = error.errors(include_url=False, include_input=False)[: len(found)]
    for one, detail in zip(found, details, strict=True):
        if params := _params(detail.get("ctx") or {}):
            one["params"] = params
    return found


_NAMES = {"max_length": "max", "min_length": "min", "le": "max", "ge": "min", "lt": "below", "gt": "above"}


def _params(context: Mapping[str, Any]) -> dict[str, Any]:
    return {
        _NAMES.get(name, name): value
        for name, value in context.items()
        if name not in ("actual_length", "field_type", "error") and isinstance(value, str | int | list)
    }


def forbid(body: dict[str, Any], name: str) -> None:
    """Raise Problem 422 for a field that the path or the caller decides."""
    if name in body:
        raise invalid(name, "extra_forbidden", f"{name} cannot be sent here")


def _summary(errors: list[dict[str, Any]]) -> str:
    first = errors[0]
    more = f" and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{first['field'] or 'The body'}: {first['message']}{more}."


def path_id(text: str) -> UUID:
    """Return an id of a path. Raises Problem 404 for text that is no UUID, and so names nothing."""
    try:
        return UUID(text)
    except ValueError:
        raise not_found() from None
