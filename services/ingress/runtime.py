"""The parts behind the routes: connections that come and go, and their health."""

import asyncio
from collections.abc import Awaitable, Callable

import asyncpg
import httpx
from aiokafka.errors import KafkaError

from chassis import telemetry
from chassis.access import check_kafka, keep_looking
from chassis.health import Health
from chassis.kafka.publisher import Publisher
from chassis.reasons import explain
from chassis.retrying import until_done
from chassis.sealing import Seal
from chassis.topics.creation import until_sound
from contracts.flows import used_by
from contracts.topics import COMMUNICATION_EVENTS
from identity.client import IdentityClient
from services.ingress.clients.identity import CALL_WITHIN, Keys, Verifier, identity_client
from services.ingress.clients.people import Directory
from services.ingress.commands.calendar_files import CalendarReader
from services.ingress.commands.commander import Commander
from services.ingress.commands.delivery_reports import DeliveryReports
from services.ingress.commands.intake import Intake
from services.ingress.commands.producer import Sender
from services.ingress.commands.replies import Replies
from services.ingress.commands.visibility import Visibility
from services.ingress.commands.writer import Writer
from services.ingress.domain.problems import Problem
from services.ingress.http.admission import Admission
from services.ingress.http.bodies import Bodies
from services.ingress.http.places import AllPlaces
from services.ingress.live.listening import Listening
from services.ingress.live.streams import Live
from services.ingress.settings import IngressSettings
from services.ingress.views.people import People
from services.ingress.views.store import Store

log = telemetry.get_logger()

PROBE_EVERY = 1.0  # seconds
REPLACE_PRODUCER_AFTER = 30.0  # seconds


class Runtime:
    """The parts of one process. `start` returns at once: servers that are away are awaited, and shown in
    health.
    """

    def __init__(self, settings: IngressSettings) -> None:
        self.settings = settings
        self.health = Health("ingress")
        self.places = AllPlaces(settings)
        self.bodies = Bodies(self.places, settings.body_within)
        self.store = Store(settings)
        self.people = People(self.store)
        self.visibility = Visibility(settings.visible_wait)
        self._replies = Replies()
        self._publisher = Publisher(settings, client_id="appointments-ingress")
        self.sender = Sender(lambda: self._publisher, settings.produce_wait)
        self.intake = Intake(settings.intake_wait)
        self.commander = Commander(self.sender, self._replies, self.intake, settings)
        self._listening = Listening(
            settings, lambda: self._publisher, self.commander, self._replies, self.visibility, self.intake
        )
        self.writer = Writer(self.commander, self.store, self.visibility, self.check_replies)
        self.calendar_files = CalendarReader(settings.calendar_read_wait)
        self.seal = Seal(settings.calendar_secret.split(","))
        self.delivery_reports = DeliveryReports(self.sender, settings)
        self._tasks: list[asyncio.Task[None]] = []
        self._kafka_reason = "does not answer"
        self.admission: Admission
        self.directory: Directory
        self._keys: Keys
        self._client: httpx.AsyncClient

    async def start(self) -> None:
        """Begin to connect to all servers."""
        self._client = identity_client(self.settings)
        self._keys = Keys(self._client)
        self.directory = Directory(
            IdentityClient(self.settings.identity_url, timeout=CALL_WITHIN, client=self._client),
            search_path=self.settings.identity_search,
        )
        self.admission = Admission(Verifier(self._keys, self.settings), self.directory, self.settings)
        for dependency in ("kafka", "postgres", "identity"):
            self.health.waiting(dependency, "not connected yet")
        for work in (
            self._connect_kafka,
            self._keep_store,
            self._keep_keys,
            self._probe_kafka,
            self._end_streams,
        ):
            self._tasks.append(asyncio.create_task(work(), name=work.__name__))
        self.health.started = True

    async def stop(self) -> None:
        """Disconnect from all servers."""
        self.health.started = False
        self.close_streams()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.store.close()
        self.calendar_files.close()
        await asyncio.gather(self._publisher.stop(), self._client.aclose())

    @property
    def live(self) -> Live | None:
        """Return the live view; None until the number of partitions is known."""
        return self._listening.live

    def close_streams(self) -> None:
        """End the live streams: their readers come back, to another process if there is one."""
        if self.live is not None:
            self.live.close()

    def streams(self) -> Live:
        """Return the live view. Raises Problem 503 until the changes of the last ten minutes are known."""
        live = self.live
        if live is None or not self._listening.hears_changes:
            raise Problem("kafka_unavailable", "The live view is not connected yet.")
        if live.closed:  # a stream that begins after the signal would outlast the grace
            raise Problem("overloaded", "This process is stopping.")
        return live

    def check_replies(self) -> None:
        """Raise Problem 503 unless outcomes are being read: a command published before that could miss its
        outcome.
        """
        if not self._listening.hears_replies:
            raise Problem("kafka_unavailable", "Kafka does not answer; nothing was done. Try again.")

    async def _connect_kafka(self) -> None:
        await _until(self._check_access, self.settings, self._kafka_away)
        rights = keep_looking(self.health, self._check_access)
        self._tasks.append(asyncio.create_task(rights, name="rights"))
        await until_sound(self.settings, used_by("ingress"), self.health)
        await _until(lambda: self._publisher.start(), self.settings, self._kafka_away)
        await self._listening.run()

    async def _check_access(self) -> None:
        """Raise an error for a missing ACL now rather than later; reports are published only if there is a
        secret.
        """
        unused = () if self.settings.communication_webhook_secret else (COMMUNICATION_EVENTS.name,)
        await check_kafka(self.settings, "ingress", without=unused)

    def _kafka_away(self, error: BaseException) -> None:
        self._kafka_reason = explain(error, self.settings)
        self.health.waiting("kafka", self._kafka_reason)

    async def _probe_kafka(self) -> None:
        """Note in health whether commands can be published; replace a producer that stays stuck when the
        broker is back.
        """
        while True:
            await asyncio.sleep(PROBE_EVERY)
            unfinished = self._publisher.unfinished_for()
            here = self._listening.reachable
            if failure := self._listening.failure:
                self._kafka_away(failure)
            elif not here or unfinished > self.settings.produce_wait:
                self.health.waiting("kafka", "does not acknowledge" if here else self._kafka_reason)
            else:
                self.health.clear("kafka")
            if here and unfinished > REPLACE_PRODUCER_AFTER:
                await self._replace_producer()

    async def _replace_producer(self) -> None:
        log.warning("replacing a stuck producer")
        fresh = Publisher(self.settings, client_id="appointments-ingress")
        await _until(fresh.start, self.settings)
        stuck, self._publisher = self._publisher, fresh
        await stuck.stop()

    async def _end_streams(self) -> None:
        """End the streams of people who have left, or whose rights have changed: they come back if they may."""
        while True:
            await asyncio.sleep(self.settings.stream_check_seconds)
            if self.live is not None:
                self.live.end(await self.directory.refused(self.live.callers()))

    async def _keep_store(self) -> None:
        await _until(self.store.open, self.settings, self._views_away)
        while True:
            try:
                await self.store.ping()
                self.health.clear("postgres")
            except Problem as problem:
                self._views_away(problem.__cause__ or problem)
            await asyncio.sleep(PROBE_EVERY)

    def _views_away(self, error: BaseException) -> None:
        self.health.waiting("postgres", explain(error, self.settings, "postgres"))

    async def _keep_keys(self) -> None:
        """Fetch the keys before the first caller needs them, and note in health if they are missing."""
        while not self._keys.known:
            await self._keys.fetch()
            if not self._keys.known:
                self.health.waiting("identity", "its keys cannot be fetched")
                await asyncio.sleep(PROBE_EVERY)
        self.health.clear("identity")


async def _until(
    connect: Callable[[], Awaitable[None]],
    settings: IngressSettings,
    away: Callable[[BaseException], None] = lambda _: None,
) -> None:
    """Call `connect` until it succeeds, with back-off; `away` is called with each failure."""

    def waiting(error: Exception, _: int) -> None:
        log.warning("server away, trying again", error=f"{type(error).__name__}: {str(error)[:200]}")
        away(error)

    away_for_now = (KafkaError, OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError)
    await until_done(
        connect,
        passing=lambda error: isinstance(error, away_for_now),
        waiting=waiting,
        base=settings.retry_base,
        longest=2.0,
    )
