"""The whole stack in order: PostgreSQL and Kafka, topics and schemas, sandboxes, services; and back again."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from chassis.configuration import dsn
from chassis.configuration.settings import Settings, service_database_url
from chassis.database.roles import derived_password, reader_url
from contracts.topics import WORKERS
from deploy.local.home import Home, Phase, ProcessRecord, StackRecord
from deploy.local.kafka import Kafka, answers
from deploy.local.ports import HOST, SERVICES, Ports, is_free
from deploy.local.postgres import Postgres, accepts
from deploy.local.process import Child, NotReady, Program
from deploy.local.programs import sandbox, service
from deploy.local.supervisor import Member

INFRASTRUCTURE_SECONDS = 180.0  # the first start of all downloads Kafka's jars
PREPARE_SECONDS = 120.0
EXTERNAL_TRIES = 10
FRONTENDS = "http://localhost:3000,http://localhost:5173"  # where frontends are developed


class PortsTaken(Exception):
    """Something else listens on ports that the stack needs; the message names them."""


@dataclass(frozen=True, slots=True)
class External:
    """Servers that replace the embedded ones, as `KAFKA_BOOTSTRAP_SERVERS` and `DATABASE_URL` name them."""

    kafka: str | None
    database_url: str | None

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "External":
        """Return the servers that the environment names; an empty variable names none."""
        return cls(
            environment.get("KAFKA_BOOTSTRAP_SERVERS") or None, environment.get("DATABASE_URL") or None
        )


def external_servers(home: Home, environment: Mapping[str, str]) -> External:
    """Return the servers that the environment names, without those that this home's own stack ran last.

    A shell that evaluated `appointments env` names these; they are to be started, not waited for.
    """
    last = home.read()
    own = {process.name for process in last.processes} if last else set()
    of_server = {"KAFKA_BOOTSTRAP_SERVERS": "kafka", "DATABASE_URL": "postgres"}
    ours = {
        name
        for name, server in of_server.items()
        if last and server in own and environment.get(name) == last.urls[name]
    }
    return External.of({name: value for name, value in environment.items() if name not in ours})


class Stack:
    """One stack: its home, its ports, its supervised processes, in the order in which they start."""

    def __init__(self, home: Home, ports: Ports, external: External) -> None:
        self.home = home
        self.ports = ports
        self.external = external
        self.members: dict[str, Member] = {}
        self._phase: Phase = "starting"
        self._client = httpx.AsyncClient(trust_env=False, timeout=2)
        self._postgres = None if external.database_url else Postgres(home.path, ports.postgres)
        self._kafka = None if external.kafka else Kafka(home.path, ports.kafka, ports.kafka_controller)

    @property
    def urls(self) -> dict[str, str]:
        """Return the addresses by the names of environment variables, and the secrets of the webhook and of calendars."""
        return {
            "INGRESS_URL": f"http://{HOST}:{self.ports.ingress}",
            "IDENTITY_URL": f"http://{HOST}:{self.ports.identity}",
            "COMMUNICATION_URL": f"http://{HOST}:{self.ports.communication}",
            "KAFKA_BOOTSTRAP_SERVERS": self._kafka.bootstrap if self._kafka else self.external.kafka or "",
            "DATABASE_URL": self._database_url(),
            "COMMUNICATION_WEBHOOK_SECRET": os.environ.get("COMMUNICATION_WEBHOOK_SECRET")
            or self.home.webhook_secret,
            "CALENDAR_SECRET": os.environ.get("CALENDAR_SECRET") or self.home.calendar_secret,
        }

    def check_ports(self) -> None:
        """Raise PortsTaken if another program holds a port, naming each and its purpose."""
        unused = set()
        if self._kafka is None:
            unused |= {"kafka", "kafka_controller"}
        if self._postgres is None:
            unused |= {"postgres"}
        needed = {name: getattr(self.ports, name) for name in Ports.__slots__ if name not in unused}
        taken = [f"{port} ({name.replace('_', ' ')})" for name, port in needed.items() if not is_free(port)]
        if taken:
            raise PortsTaken(f"in use by another program: {', '.join(taken)}")

    async def start(self) -> None:
        """Start everything in order; return when the services have been started, ready or not yet.

        Raises NotReady when PostgreSQL, Kafka, the topics or the schemas cannot be had.
        """
        await self._external_answer()
        servers = [program for program in (self._postgres, self._kafka) if program is not None]
        self._begin(servers)
        await self.wait_ready([program.name for program in servers], INFRASTRUCTURE_SECONDS)
        shared = self.urls | self._frontend() | self._without_security()
        self._begin(
            [
                sandbox(name, self.home.path, self.ports, shared, self._client)
                for name in ("identity", "communication")
            ]
        )
        roles = self._roles()
        await self._prepare(shared | dict(roles.values()))
        for name in SERVICES:
            variable, url = roles.get(name, ("", ""))
            own = {variable: url, "DATABASE_URL": url} if url else {}  # a service never sees the owner's
            self._begin([service(name, self.ports, shared | own | self._of_the_door(name), self._client)])

    def _frontend(self) -> dict[str, str]:
        """Return where people use the product, and where they sign in; the environment may say otherwise."""
        own = {
            "FRONTEND_URL": f"http://{HOST}:{self.ports.ingress}/app",
            "LOGIN_KIND": "sandbox",
            "LOGIN_URL": f"{self.urls['IDENTITY_URL']}/sandbox/login",
        }
        return {name: os.environ.get(name) or value for name, value in own.items()}

    async def wait_ready(self, names: Iterable[str], deadline: float) -> None:
        """Return when these processes are ready; the first that cannot be raises NotReady."""
        await asyncio.gather(*(self.members[name].wait_ready(deadline) for name in names))

    async def stop(self) -> None:
        """Stop the services first, then the servers that they need."""
        self.publish("stopping")
        names = list(self.members)
        first = [name for name in names if name in SERVICES]
        servers = [name for name in names if name in ("postgres", "kafka")]
        between = [name for name in names if name not in first and name not in servers]
        for group in (first, between, servers):
            await asyncio.gather(*(self.members[name].stop() for name in group))
        await self._client.aclose()
        self.publish("stopped")

    def publish(self, phase: Phase | None = None) -> None:
        """Write the state file, so that `status`, `env` and `down` know."""
        self._phase = phase or self._phase
        self.home.write(StackRecord(os.getpid(), self._phase, self.urls, self.records()))

    def records(self) -> list[ProcessRecord]:
        """Return every process as the state file shows it."""
        return [_record(member) for member in self.members.values()]

    async def _external_answer(self) -> None:
        """Raise NotReady unless the servers that were given answer within a few seconds."""
        if servers := self.external.kafka:
            settings = _settings(kafka_bootstrap_servers=servers)
            await _until(
                lambda: answers(settings), f"no Kafka answers us at KAFKA_BOOTSTRAP_SERVERS={servers}"
            )
        if url := self.external.database_url:
            shown = dsn.shown(_settings(database_url=url).database_url)
            await _until(lambda: accepts(url), f"no PostgreSQL lets us in: {shown} (DATABASE_URL)")

    def _database_url(self) -> str:
        if self._postgres is None:
            return self.external.database_url or ""
        return f"{self._postgres.server_url}/appointments"

    def _roles(self) -> dict[str, tuple[str, str]]:
        """Return for each service the variable and address of our own database, under a role of its own.

        A database that is not ours keeps the roles that the environment names.
        """
        if self._postgres is None:
            return {}
        settings = Settings(database_url=self._database_url()).model_copy(update={"database_urls": {}})
        secret = dsn.password(settings.database_url)
        found = {}
        for name in WORKERS:
            role = f"{dsn.database(settings.database_url)}_{name}"
            url = dsn.with_login(service_database_url(settings, name), role, derived_password(secret, role))
            found[name] = (f"{name.upper()}_DATABASE_URL", url)
        return found | {"ingress": ("INGRESS_DATABASE_URL", reader_url(settings))}

    def _of_the_door(self, name: str) -> dict[str, str]:
        """Return the variables of addresses and of pages that may call, for the two services that need them."""
        if name not in ("booking", "ingress"):
            return {}
        secret = os.environ.get("FEED_SECRET") or self.home.feed_secret
        return {
            "FEED_SECRET": secret,
            "PUBLIC_URL": os.environ.get("PUBLIC_URL") or self.urls["INGRESS_URL"],
            "FRONTEND_ORIGINS": os.environ.get("FRONTEND_ORIGINS") or FRONTENDS,
        }

    def _without_security(self) -> dict[str, str]:
        """Return empty values for the environment's Kafka logins and TLS if the broker is our own, which has
        neither.
        """
        if self._kafka is None:
            return {}
        return {name: "" for name in os.environ if "KAFKA_" in name and "BOOTSTRAP" not in name}

    def _begin(self, programs: Sequence[Program]) -> None:
        for program in programs:
            child = Child(program, self.home.logs / f"{program.name}.log")
            member = Member(child, self.publish)
            self.members[program.name] = member
            member.begin()

    async def _prepare(self, shared: Mapping[str, str]) -> None:
        log = self.home.logs / "prepare.log"
        self.home.make()
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("wb") as output:
            argv = [sys.executable, "-P", "-m", "deploy.local.prepare"]
            process = await asyncio.create_subprocess_exec(
                *argv, env=os.environ | shared, stdout=output, stderr=output
            )
        try:
            code = await asyncio.wait_for(process.wait(), PREPARE_SECONDS)
        except (TimeoutError, asyncio.CancelledError):
            process.kill()
            await process.wait()
            raise
        if code:
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
            raise NotReady(f"topics and databases could not be prepared.\n{tail}")


async def _until(condition: Callable[[], Awaitable[bool]], otherwise: str) -> None:
    for _ in range(EXTERNAL_TRIES):
        if await condition():
            return
        await asyncio.sleep(0.5)
    raise NotReady(otherwise)


def _settings(**given: str) -> Settings:
    """The environment's settings with these; raises NotReady with the sentence of the first that is wrong."""
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        raise NotReady(str(error.errors()[0]["msg"]).removeprefix("Value error, ")) from None


def _record(member: Member) -> ProcessRecord:
    child = member.child
    health_url = getattr(child.program, "health_url", None)
    return ProcessRecord(
        member.name, child.pid, member.state, member.restarts, str(child.log), health_url, child.started_at
    )
