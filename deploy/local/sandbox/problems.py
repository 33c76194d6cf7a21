"""Refusals as RFC 9457 problems, the same shape as the ingress answers."""

from http import HTTPStatus
from typing import Any

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException

HTTP_TITLES = {status.value: status.phrase for status in HTTPStatus}


class Refused(Exception):
    """A call that is answered with a problem: HTTP status, stable code, one sentence, and fields at fault."""

    def __init__(
        self, status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors


def json_response(content: Any, status: int = 200, media_type: str = "application/json") -> Response:
    """Return `content` as JSON by orjson, several times faster than the framework's own encoder."""
    return Response(orjson.dumps(content), status, media_type=media_type)


def problem_body(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> bytes:
    """Return the JSON of a problem."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTP_TITLES.get(status, "Error"),
        "status": status,
        "detail": detail,
        "code": code,
    }
    if errors:
        body["errors"] = errors
    return orjson.dumps(body)


def field_errors(error: ValidationError | RequestValidationError) -> list[dict[str, str]]:
    """Return one entry for each field at fault: `field` as a dotted path, `code`, `message`."""
    return [
        {"field": ".".join(map(str, entry["loc"])), "code": entry["type"], "message": entry["msg"]}
        for entry in error.errors()
    ]


def answer_problems(app: FastAPI) -> None:
    """Let `app` answer refusals, invalid bodies and unknown paths as problems."""

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> Response:
        return problem(error.status, error.code, error.detail, error.errors)

    @app.exception_handler(ValidationError)
    async def invalid_body(_: Request, error: ValidationError) -> Response:
        return problem(422, "invalid", "The body is not valid for this call.", field_errors(error))

    @app.exception_handler(RequestValidationError)
    async def invalid_request(_: Request, error: RequestValidationError) -> Response:
        return problem(422, "invalid", "The request is not valid for this call.", field_errors(error))

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        code = HTTP_TITLES.get(error.status_code, "Error").lower().replace(" ", "_")
        return problem(error.status_code, code, str(error.detail))


def problem(status: int, code: str, detail: str, errors: list[dict[str, str]] | None = None) -> Response:
    """Return a problem as an answer."""
    return Response(problem_body(status, code, detail, errors), status, media_type="application/problem+json")
