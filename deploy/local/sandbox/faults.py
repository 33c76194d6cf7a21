"""Outages on request: a switch that lets a share of the API's calls fail the way real services fail.

Only paths below `/api/` are hit; the sandbox's own calls always answer.
"""

import asyncio
import random

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from deploy.local.sandbox.problems import json_response, problem_body


class Faults(BaseModel):
    """The faults of a call that is hit; all fields that are set apply.

    status: answered instead of the effect, null answers normally. rate: share of calls hit, 0 to 1.
    latency_ms: waited first. hang: no effect, no answer, until the client gives up. drop_after_accept: the
    effect happens, then the connection is closed without an answer. retry_after: seconds, sent with `status`.
    A body that names no fault at all, such as `{"rate": 0.3}`, means 503.
    """

    model_config = ConfigDict(extra="forbid")

    status: int | None = Field(None, ge=400, le=599)
    rate: float = Field(1.0, ge=0, le=1)
    latency_ms: int = Field(0, ge=0, le=600_000)
    hang: bool = False
    drop_after_accept: bool = False
    retry_after: int | None = Field(None, ge=0)

    @model_validator(mode="after")
    def _outage_unless_said_otherwise(self) -> "Faults":
        others = self.latency_ms or self.hang or self.drop_after_accept
        if "status" not in self.model_fields_set and not others:
            self.status = 503
        return self


class FaultSwitch:
    """The faults in force, none at first. In memory: a restarted service answers normally."""

    def __init__(self) -> None:
        self.faults: Faults | None = None

    def for_this_call(self) -> Faults | None:
        """Return the faults of the present call, by chance at their rate; None: it is not hit."""
        if self.faults is None or random.random() >= self.faults.rate:  # noqa: S311 - not a secret
            return None
        return self.faults

    def as_json(self) -> dict[str, object]:
        """Return the fields of the present `Faults`, and `active`."""
        shown = self.faults or Faults(status=None)
        return {**shown.model_dump(), "active": self.faults is not None}


def fault_calls(switch: FaultSwitch) -> APIRouter:
    """`GET, PUT, DELETE /sandbox/faults`."""
    router = APIRouter(tags=["sandbox"])

    @router.get("/sandbox/faults")
    async def show_faults() -> Response:
        return json_response(switch.as_json())

    @router.put("/sandbox/faults")
    async def set_faults(request: Request) -> Response:
        switch.faults = Faults.model_validate_json(await request.body())
        return json_response(switch.as_json())

    @router.delete("/sandbox/faults")
    async def lift_faults() -> Response:
        switch.faults = None
        return json_response(switch.as_json())

    return router


class FaultLayer:
    """The outermost ASGI layer; it must sit directly below the server to be able to drop a connection."""

    def __init__(self, app: ASGIApp, switch: FaultSwitch) -> None:
        self._app = app
        self._switch = switch

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        faults = None
        if scope["type"] == "http" and scope["path"].startswith("/api/"):
            faults = self._switch.for_this_call()
        if faults is None:
            await self._app(scope, receive, send)
        else:
            await self._fail(faults, scope, receive, send)

    async def _fail(self, faults: Faults, scope: Scope, receive: Receive, send: Send) -> None:
        if faults.latency_ms:
            await asyncio.sleep(faults.latency_ms / 1000)
        if faults.hang:
            await _gone(receive)
        elif faults.status is not None:
            await _answer(faults.status, faults.retry_after, send)
        elif faults.drop_after_accept:
            await self._app(scope, receive, _swallow)
            await _drop(receive, send)
        else:
            await self._app(scope, receive, send)


async def _swallow(_: Message) -> None:
    """Take an answer and store it."""


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _drop(receive: Receive, send: Send) -> None:
    """Close the connection without an answer. ASGI cannot do that, so this uses uvicorn's transport."""
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise RuntimeError("drop_after_accept needs uvicorn directly above the fault layer")
    transport.close()
    await _gone(receive)


async def _answer(status: int, retry_after: int | None, send: Send) -> None:
    body = problem_body(status, "sandbox_fault", "A fault switch of the sandbox failed this call.")
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", str(len(body)).encode()),
    ]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
