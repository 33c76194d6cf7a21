"""Liveness and readiness of a process, with reasons; served over HTTP with the metrics."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

import orjson
from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from chassis.telemetry import READY

VERSION = version("appointments")


@dataclass
class Health:
    """The state of one process. Live: it should go on. Ready: it does its work now.

    `parts`: the service's own parts of the report, by name.
    """

    service: str
    started: bool = False
    dead: str | None = None
    lag: Callable[[], Awaitable[int]] | None = None
    parts: dict[str, Callable[[], Any]] = field(default_factory=dict)
    _waiting: dict[str, str] = field(default_factory=dict)
    _down: dict[str, str] = field(default_factory=dict)
    _halted: dict[tuple[str, int], str] = field(default_factory=dict)
    _troubles: dict[str, dict[str, str]] = field(default_factory=dict)
    _unreadable: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)

    def troubles(
        self, consumer: str, waiting: dict[str, str], unreadable: dict[tuple[str, int], str]
    ) -> None:
        """Set the reasons for which a consumer's partitions wait, and its unreadable logs; replaces the former ones."""
        self._troubles[consumer] = waiting
        self._unreadable[consumer] = unreadable

    def waiting(self, dependency: str, reason: str) -> None:
        """Say that work waits for a dependency: nothing is lost, everything is late."""
        self._waiting[dependency] = reason

    def down(self, part: str, reason: str) -> None:
        """Say that a part of this process does not work."""
        self._down[part] = reason

    def halted(self, topic: str, partition: int, reason: str) -> None:
        """Say that a partition needs a person."""
        self._halted[topic, partition] = reason

    def clear(self, name: str) -> None:
        """Say that a dependency or part is well again."""
        self._waiting.pop(name, None)
        self._down.pop(name, None)

    def unhalt(self, topic: str, partition: int) -> None:
        """Note that a partition belongs to another process now."""
        self._halted.pop((topic, partition), None)

    @property
    def live(self) -> bool:
        """Return whether the process should go on."""
        return self.dead is None

    @property
    def ready(self) -> bool:
        """Return whether the process does its work now."""
        return self.live and self.started and not (self._all_waiting() or self._down or self._all_halted())

    def _all_waiting(self) -> dict[str, str]:
        return self._waiting | {name: why for found in self._troubles.values() for name, why in found.items()}

    def _all_halted(self) -> dict[tuple[str, int], str]:
        return self._halted | {at: why for found in self._unreadable.values() for at, why in found.items()}

    async def report(self) -> dict[str, Any]:
        """Everything as JSON values; `lag` counts records not yet applied."""
        READY.labels(self.service).set(self.ready)
        waiting = self._all_waiting()
        return {
            **{name: tell() for name, tell in self.parts.items()},
            "service": self.service,
            "version": VERSION,
            "live": self.live,
            "ready": self.ready,
            "started": self.started,
            "lag": await self.lag() if self.lag else 0,
            "waiting": sorted(waiting),
            "down": sorted(self._down),
            "halted": [
                {"topic": topic, "partition": partition, "reason": reason}
                for (topic, partition), reason in sorted(self._all_halted().items())
            ],
            "reasons": {**waiting, **self._down, **({"watchdog": self.dead} if self.dead else {})},
        }


async def serve(health: Health, host: str, port: int) -> web.AppRunner:
    """Serve `/health/live`, `/health` and `/metrics`; the caller cleans the runner up."""

    async def live(_: web.Request) -> web.Response:
        return _json({"service": health.service, "live": health.live}, health.live)

    async def ready(_: web.Request) -> web.Response:
        return _json(await health.report(), health.ready)

    async def metrics(_: web.Request) -> web.Response:
        await health.report()
        return web.Response(body=generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    app = web.Application()
    app.add_routes([web.get("/health/live", live), web.get("/health", ready), web.get("/metrics", metrics)])
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, host, port).start()
    return runner


def _json(body: dict[str, Any], good: bool) -> web.Response:
    return web.Response(body=orjson.dumps(body), status=200 if good else 503, content_type="application/json")
