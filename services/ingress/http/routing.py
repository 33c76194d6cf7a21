"""Routes whose endpoints take the request and answer a response."""

from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import Receive, Scope, Send


class PlainRoute(APIRoute):
    """A route as FastAPI documents it, called without its machinery.

    Our endpoints read the request and build the response themselves, so there is nothing to inject, to validate or to
    serialize; FastAPI's way through that cost more than a calendar's query.
    """

    def __init__(self, path: str, endpoint: Any, **more: Any) -> None:
        super().__init__(path, endpoint, **more)
        self.app = self._answer

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive, send)
        response = await self.endpoint(request, **scope["path_params"])
        await response(scope, receive, send)
