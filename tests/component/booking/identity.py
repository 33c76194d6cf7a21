"""A small Identity Service that tests can break: real HTTP, people made on demand."""

import asyncio
from typing import Any
from uuid import UUID

from aiohttp import web

from deploy.local.ports import free_port
from identity.client import PATH


class Identity:
    """Answers the validation call from `people`; `mode` is ok, error (503), hang or nonsense. `asked` has each call's ids.

    A call that names somebody whom it `refuses` is refused for good (422).
    """

    def __init__(self) -> None:
        self.people: dict[str, dict[str, Any]] = {}
        self.mode = "ok"
        self.refuses: set[UUID] = set()
        self.asked: list[list[str]] = []
        self.url = f"http://127.0.0.1:{free_port()}"
        self._runner: web.AppRunner | None = None

    def add(self, user: UUID, organization: UUID, **different: Any) -> UUID:
        """Somebody active, a member; returns their id."""
        person = {
            "id": str(user),
            "organization_id": str(organization),
            "name": f"Person {user.int % 10_000}",
            "email": "somebody@example.org",
            "timezone": "Europe/Berlin",
            "locale": "de",
            "roles": ["member"],
            "active": True,
        }
        self.people[str(user)] = person | different
        return user

    async def start(self) -> None:
        """Listen, on the same port each time."""
        app = web.Application(client_max_size=64 * 1024 * 1024)
        app.router.add_post(PATH, self._validate)
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        port = int(self.url.rpartition(":")[2])
        await web.TCPSite(self._runner, "127.0.0.1", port).start()

    async def stop(self) -> None:
        """Refuse connections."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _validate(self, request: web.Request) -> web.Response:
        ids = (await request.json())["user_ids"]
        self.asked.append(ids)
        if self.refuses & set(map(UUID, ids)):
            return web.json_response({"detail": "unprocessable"}, status=422)
        if self.mode == "error":
            return web.json_response({"detail": "out of order"}, status=503)
        if self.mode == "hang":
            await asyncio.sleep(60)
        if self.mode == "nonsense":
            return web.json_response(["what?"])
        found = [self.people[user] for user in ids if user in self.people]
        return web.json_response({"users": found})
