"""Publish one message while a request waits for it."""

import asyncio
from collections.abc import Callable

from chassis.errors import PublishFailed
from chassis.kafka.publisher import Publisher
from contracts.envelope import Message
from services.ingress.domain.problems import Problem


class Sender:
    """Gives messages to the present producer; no request waits for the broker longer than `wait` seconds."""

    def __init__(self, publisher: Callable[[], Publisher], wait: float) -> None:
        self._publisher = publisher
        self._wait = wait
        self._publishing: set[asyncio.Task[None]] = set()

    async def send(self, message: Message, unsure: Callable[[], Problem]) -> None:
        """Return when all replicas have the message. Raises Problem 503: that of `unsure` if it may still
        be written.
        """
        publisher = self._publisher()
        # Messages in the producer are sent when the broker is back, so while it is away no more are put
        # there.
        if publisher.unfinished_for() > self._wait:
            raise Problem("kafka_unavailable", "Kafka does not answer; nothing was done. Try again.")
        task = asyncio.create_task(publisher.publish([message]))
        self._publishing.add(task)
        task.add_done_callback(self._publishing.discard)
        await asyncio.wait([task], timeout=self._wait)
        if not task.done():
            task.add_done_callback(_retrieve)
            raise unsure()
        try:
            task.result()
        except PublishFailed as error:
            raise unsure() from error


def _retrieve(task: "asyncio.Task[None]") -> None:
    """Retrieve the result, so that asyncio does not log "exception was never retrieved"."""
    if not task.cancelled():
        task.exception()
