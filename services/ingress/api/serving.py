"""Operations bound to a process: a request is read as its declaration says, then its handler is called."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any
from uuid import UUID

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Match, compile_path
from starlette.types import Receive, Scope, Send

from services.ingress.api.call import Body, Call
from services.ingress.api.headers import IF_MATCH
from services.ingress.api.operation import TOKEN, Operation
from services.ingress.api.parameters import QueryReader
from services.ingress.domain.ids import expected_version
from services.ingress.domain.problems import Problem
from services.ingress.http import bodies
from services.ingress.runtime import Runtime

LONGEST_SECONDS = 15.0  # of a request whose body is there: all waits of a write together


class Endpoint:
    """One operation of one process."""

    def __init__(self, operation: Operation, runtime: Runtime) -> None:
        self._operation = operation
        self._handler = operation.handler
        self._runtime = runtime
        self._with_token = operation.access == TOKEN
        self._query = QueryReader(operation.query) if operation.query else None
        in_body = operation.sends.from_query if operation.sends else None
        self._in_body = QueryReader(in_body) if in_body else None
        self._body_max = operation.sends.most(runtime.settings) if operation.sends else 0
        self._ids = [name for name, kind in operation.path_parameters.items() if kind is UUID]

    async def answer(self, request: Request) -> Response:
        """Return the handler's answer. Raises Problem for a request that the declaration does not allow.

        The order decides which problem is reported first: token, path, query, body.
        """
        caller = await self._runtime.admission.admit(request) if self._with_token else None
        if caller and self._operation.admins_only and not caller.admin:
            raise Problem("not_allowed", self._operation.admins_only)
        arguments: dict[str, Any] = dict(request.scope["path_params"])
        for name in self._ids:
            arguments[name] = bodies.path_id(arguments[name])
        if self._query is not None:
            arguments["query"] = self._query.read(request)
        runtime, operation = self._runtime, self._operation
        if operation.reads_bytes or operation.model is not None:
            raw = await runtime.bodies.read(request, self._body_max, caller)
            arguments["body"] = raw if operation.reads_bytes else self._json_body(request, raw, arguments)
        call = Call(request, runtime, caller)
        if operation.endless:
            return await self._handler(call, **arguments)
        with runtime.places.requests.place(caller, operation.path, LONGEST_SECONDS):
            return await self._handler(call, **arguments)

    def _json_body(self, request: Request, raw: bytes, arguments: Mapping[str, Any]) -> Body[Any]:
        """Return the body with what path, query and If-Match say of the command, checked as a whole."""
        operation = self._operation
        model, sends = operation.model, operation.sends
        if model is None or sends is None:
            raise RuntimeError(f"{operation.id} declares no JSON body")
        body = bodies.json_object(raw, optional=not sends.required or sends.blank_is_empty)
        for name in sends.without:
            bodies.forbid(body, name)
            if name in arguments:
                body[name] = str(arguments[name])
        if self._in_body is not None:
            self._in_body.read(request).complete(body)
        for header in operation.headers:
            if header.name == IF_MATCH.name:
                _expect_version(body, request.headers.get("if-match"), header.least)
        return Body(bodies.check(model, body), body)


def _expect_version(body: dict[str, Any], if_match: str | None, least: int) -> None:
    try:
        version = expected_version(if_match, least)
    except ValueError as error:
        raise Problem("malformed", f"{error}.") from error
    if version is not None:
        body["expected_version"] = version


class Resource(BaseRoute):
    """All operations of one path. HEAD is answered as GET is; the server leaves the body out (RFC 9110,
    9.3.2).
    """

    def __init__(self, path: str, operations: Iterable[Operation], runtime: Runtime) -> None:
        self.path = path
        self.operations = tuple(operations)
        self._pattern = compile_path(path)[0]
        self._endpoints = {operation.method: Endpoint(operation, runtime) for operation in self.operations}
        if "GET" in self._endpoints:
            self._endpoints["HEAD"] = self._endpoints["GET"]

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Match by path alone, so that a wrong method is answered with every method of the path in Allow."""
        found = self._pattern.match(scope["path"]) if scope["type"] == "http" else None
        return (Match.FULL, {"path_params": found.groupdict(), "route": self}) if found else (Match.NONE, {})

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer the request. Raises HTTPException 405 for a method that the path does not have."""
        endpoint = self._endpoints.get(scope["method"])
        if endpoint is None:
            raise HTTPException(405, headers={"Allow": ", ".join(sorted(self._endpoints))})
        response = await endpoint.answer(Request(scope, receive, send))
        await response(scope, receive, send)


def resources(operations: Iterable[Operation], runtime: Runtime) -> list[Resource]:
    """Return a route for each path; a word such as `calendar` is tried before an id."""
    ordered = sorted(operations, key=lambda operation: precedence(operation.path))
    return [
        Resource(path, same, runtime) for path, same in groupby(ordered, lambda operation: operation.path)
    ]


def precedence(path: str) -> tuple[int, list[bool], str]:
    """Return a sort key: short paths first, and a word before an id in the same place."""
    segments = path.strip("/").split("/")
    return len(segments), [segment.startswith("{") for segment in segments], path
