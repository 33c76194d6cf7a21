"""Registers the message templates with the Communication Service, periodically."""

import asyncio

from chassis import telemetry
from chassis.health import Health
from chassis.retrying import until_done
from notifications.templates.catalogue import TEMPLATES
from services.notifier.clients.communication import CommunicationClient
from services.notifier.domain.retry import Failure

log = telemetry.get_logger()

DEPENDENCY = "communication"
_NO_SUCH_CALL = (404, 405)


class Registration:
    """Sends the templates again and again, in case the service loses them.

    `done` is set after the first time.

    A service without such a call has its templates from elsewhere, which is logged once.
    """

    def __init__(self, client: CommunicationClient, health: Health, every: float) -> None:
        self.done = asyncio.Event()
        self._client = client
        self._health = health
        self._every = every

    async def run(self) -> None:
        """Register until cancelled, with back-off while the service is away."""
        while True:
            await until_done(
                self._register, passing=_failed, waiting=self._note_waiting, base=0.5, longest=10.0
            )
            if not self.done.is_set():
                self._health.clear(DEPENDENCY)
            self.done.set()
            await asyncio.sleep(self._every)

    async def _register(self) -> None:
        failure = await self.register_all()
        if failure is not None:
            raise _NotRegistered(failure.reason)

    def _note_waiting(self, error: Exception, attempt: int) -> None:
        log.warning("templates are not registered", reason=str(error), attempt=attempt)
        if not self.done.is_set():
            self._health.waiting(DEPENDENCY, f"templates are not registered: {error}")

    async def register_all(self) -> Failure | None:
        """Register all templates; return the first failure, or None."""
        for template in TEMPLATES.values():
            failure = await self._client.register(template.registered())
            if failure is not None and failure.status in _NO_SUCH_CALL:
                if not self.done.is_set():
                    log.warning(
                        "the Communication Service has no call to register templates", status=failure.status
                    )
                return None
            if failure is not None:
                return failure
        return None


class _NotRegistered(Exception):
    """The Communication Service rejected a template, for this reason."""


def _failed(error: Exception) -> bool:
    return isinstance(error, _NotRegistered)
