"""One process of the fleet: its consumers, its background work, its health, its end."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any, NoReturn, TypeVar

import uvloop
from aiokafka.errors import KafkaError
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger
from faststream.kafka import KafkaBroker

from chassis import backoff, telemetry
from chassis.access import check_kafka, check_tables, keep_looking
from chassis.configuration.settings import METADATA_AGE_MS, Settings, service_database_url
from chassis.consuming.batch import Subscription
from chassis.consuming.consumer import Consumer
from chassis.database.transactions import Database
from chassis.dead_letters import jobs as dead_letter_jobs
from chassis.gc_tuning import collect_seldom
from chassis.health import Health, serve
from chassis.kafka.client import broker_connection
from chassis.kafka.publisher import Publisher
from chassis.reasons import explain
from chassis.retrying import until_done
from chassis.topics.creation import look_again, until_sound
from contracts.flows import used_by

T = TypeVar("T")
log = telemetry.get_logger()

WATCHDOG_EXIT = 70  # EX_SOFTWARE: the supervisor starts a new one
WATCHDOG_EVERY = 1.0
PROBE_EVERY = 2.0
CURRENT_EVERY = 0.1
NIGHT = 6 * 3600.0
TOPICS_EVERY = 30.0
STOP_WITHIN = 10.0


class Service:
    """Wires one service. `build` in each service's main.py reads as a list of its work."""

    def __init__(self, name: str, settings: Settings, *, database: Database | None = None) -> None:
        self.name = name
        self.settings = settings
        self.database = database or Database(
            service_database_url(settings, name), application_name=f"appointments-{name}"
        )
        self.publisher = Publisher(settings, client_id=f"appointments-{name}")
        self.health = Health(name)
        self.health.lag = self._lag
        self._consumers: list[Consumer[Any]] = []
        self._reads: list[str] = []
        self._background: list[tuple[str, Callable[[], Awaitable[None]]]] = []
        self._closers: list[Callable[[], Awaitable[None]]] = []
        self._tasks: list[asyncio.Task[None]] = []
        # No job may be skipped because the process was busy, run twice at once, or pile up.
        self._scheduler = AsyncIOScheduler(
            timezone="UTC", job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1}
        )
        self._broker = KafkaBroker(
            **broker_connection(settings),
            client_id=f"appointments-{name}",
            consumer_only=True,  # we publish through our own producer: keyed, acknowledged, in order
            allow_auto_create_topics=False,
            metadata_max_age_ms=METADATA_AGE_MS,
            apply_types=False,
            logger=logging.getLogger("faststream.kafka"),
            log_level=logging.DEBUG,  # for "Received" and "Processed"; errors are logged as errors
        )

    def consume(self, subscription: Subscription[T]) -> None:
        """Apply the records of a subscription."""
        consumer = Consumer(
            subscription, self.name, self.settings, self.database, self.publisher, self.health, self._broker
        )
        self._consumers.append(consumer)
        self._reads += subscription.topics

    def background(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        """Run something until the service stops, once its database is current; after a failure it is down and runs again."""
        self._background.append((name, run))

    def every(
        self,
        name: str,
        job: Callable[[], Awaitable[None]],
        *,
        seconds: float | None = None,
        cron: str | None = None,
    ) -> None:
        """Run a job each so many seconds, or by a crontab line (UTC), while the database is current.

        A job that fails, or takes far longer than it should, is logged and counted, and runs again at its next time.
        """
        longest = NIGHT if cron else max(60.0, 10 * (seconds or 60))
        trigger = (
            CronTrigger.from_crontab(cron, timezone="UTC") if cron else IntervalTrigger(seconds=seconds or 60)
        )

        async def logged() -> None:
            await self._until_current()
            try:
                async with asyncio.timeout(longest):
                    await job()
                telemetry.JOB_FAILING.labels(name).set(0)
            except Exception:
                telemetry.JOB_FAILING.labels(name).set(1)
                telemetry.JOB_FAILURES.labels(name).inc()
                log.exception("job failed", job=name)

        self._scheduler.add_job(logged, trigger, id=name)

    def on_stop(self, close: Callable[[], Awaitable[None]]) -> None:
        """Close something when the service has stopped working."""
        self._closers.append(close)

    async def start(self) -> None:
        """Connect, take the partitions over, begin. Waits as long as Kafka or PostgreSQL are away."""
        self._tasks.append(asyncio.create_task(self._probe(), name="probe"))
        await self._until_connected("kafka", self._check_access)
        topics = used_by(self.name, self._reads)
        await until_sound(self.settings, topics, self.health)
        self.every(
            "check topics", lambda: look_again(self.settings, topics, self.health), seconds=TOPICS_EVERY
        )
        rights = keep_looking(self.health, self._check_access)
        self._tasks.append(asyncio.create_task(rights, name="rights"))
        await self._until_connected("kafka", self.publisher.start)
        await self._until_connected("kafka", self._broker.start)
        for consumer in self._consumers:
            await consumer.taken_over.wait()
        self._tasks.append(asyncio.create_task(self._work_when_current(), name="background"))
        self._look_after_letters()
        self._scheduler.start()
        self.health.started = True
        log.info("started", consumers=[consumer.name for consumer in self._consumers])

    async def stop(self) -> None:
        """Let batches in flight end, publish and note them, then disconnect."""
        self.health.started = False
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)
        await asyncio.gather(*(consumer.stop() for consumer in self._consumers))
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()
        await self._broker.stop()
        await self.publisher.stop()
        for close in self._closers:
            await close()
        await self.database.dispose()

    def run(self) -> NoReturn:
        """The process's entry: until SIGTERM or SIGINT (exit 0), or until the watchdog gives up (exit 70)."""
        telemetry.configure_logging(self.name, self.settings.log_level)
        telemetry.configure_tracing(self.name, self.settings.otel_exporter_otlp_endpoint)
        code = uvloop.run(self._main())
        telemetry.flush()
        sys.stdout.flush()
        # Not sys.exit: a library's thread that hangs must not keep a dead process alive.
        os._exit(code)

    async def _main(self) -> int:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        server = await serve(self.health, self.settings.health_host, self.settings.health_port)
        collect_seldom()
        starting = asyncio.create_task(self.start())
        stopped = asyncio.create_task(stop.wait())
        watchdog = asyncio.create_task(self._watch())
        await asyncio.wait({stopped, watchdog}, return_when=asyncio.FIRST_COMPLETED)
        code = WATCHDOG_EXIT if watchdog.done() else 0
        starting.cancel()
        try:
            async with asyncio.timeout(STOP_WITHIN if code == 0 else 2):
                await asyncio.gather(starting, return_exceptions=True)
                await self.stop()
                await server.cleanup()
        except TimeoutError:
            log.warning("could not stop in time")
        return code

    async def _watch(self) -> None:
        """Return when something is stuck that will not heal by itself."""
        while True:
            await asyncio.sleep(WATCHDOG_EVERY)
            now = time.monotonic()
            reasons = [consumer.stuck(now) for consumer in self._consumers] if self.health.started else []
            if self.publisher.unfinished_for() > self.settings.publish_timeout:
                reasons.append(f"a publish is unfinished after {self.settings.publish_timeout:.0f} s")
            self.health.dead = self.health.dead or next((reason for reason in reasons if reason), None)
            if self.health.dead:
                log.error("watchdog: giving up", reason=self.health.dead)
                return

    async def _until_connected(self, dependency: str, connect: Callable[[], Awaitable[None]]) -> None:
        def waiting(error: Exception, _: int) -> None:
            reason = explain(error, self.settings, dependency)
            self.health.waiting(dependency, reason)
            log.warning("waiting", dependency=dependency, error=reason)

        await until_done(
            connect,
            passing=lambda error: isinstance(error, KafkaError | OSError),
            waiting=waiting,
            base=self.settings.retry_base,
            longest=2.0,
        )
        self.health.clear(dependency)

    async def _check_access(self) -> None:
        """Check the ACLs, which would otherwise fail at the first record."""
        await check_kafka(self.settings, self.name, [consumer.name for consumer in self._consumers])

    async def _probe(self) -> None:
        """Say in health when the database is away, also while there is nothing to do."""
        while True:
            try:
                async with asyncio.timeout(5), self.database.session() as session:
                    await check_tables(session)
                self.health.clear("postgres")
            except Exception as error:
                self.health.waiting("postgres", explain(error, self.settings, "postgres"))
            await asyncio.sleep(PROBE_EVERY)

    async def _work_when_current(self) -> None:
        """Do the background work while the database is current: a timer whose cancellation is still unread must not fire.

        Begins when the log has been applied as far as it went at the start, and again after the database was set back.
        """
        while True:
            await self._until_current()
            log.info("current")
            for consumer in self._consumers:
                consumer.begun_anew.clear()
            work = [asyncio.create_task(self._keep(name, run), name=name) for name, run in self._background]
            set_back = [asyncio.create_task(consumer.begun_anew.wait()) for consumer in self._consumers]
            try:
                await asyncio.wait([*set_back, *work], return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (*set_back, *work):
                    task.cancel()
                await asyncio.gather(*set_back, *work, return_exceptions=True)

    async def _until_current(self) -> None:
        while any(consumer.is_behind() for consumer in self._consumers):  # noqa: ASYNC110  (a state of many parts)
            await asyncio.sleep(CURRENT_EVERY)

    async def _keep(self, name: str, run: Callable[[], Awaitable[None]]) -> None:
        attempt = 0
        while True:
            began = time.monotonic()
            settled = asyncio.get_running_loop().call_later(5, self.health.clear, name)
            try:
                await run()
                log.error("background work ended", work=name)
            except Exception as error:
                log.exception("background work failed", work=name)
                self.health.down(name, f"{type(error).__name__}: {str(error)[:200]}")
            settled.cancel()
            attempt = attempt + 1 if time.monotonic() - began < 30 else 1
            await asyncio.sleep(backoff.delay(attempt, 1.0, 30.0))

    def _look_after_letters(self) -> None:
        names = [consumer.name for consumer in self._consumers]
        count = dead_letter_jobs.count_open(self.database, self.name, names)
        self.every("count open dead letters", count, seconds=dead_letter_jobs.COUNTED_EVERY)
        self.every("forget dead letters", dead_letter_jobs.forget_old(self.database), cron="41 2 * * *")

    async def _lag(self) -> int:
        return sum(consumer.lag() for consumer in self._consumers)
