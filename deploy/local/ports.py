"""TCP ports of a stack on 127.0.0.1, and the check that they are free."""

import random
import socket
from dataclasses import dataclass

HOST = "127.0.0.1"
SERVICES = ("booking", "reminders", "notifier", "projector", "ingress")
# Below Linux's range for outgoing connections (32768 and up): a client that keeps dialling a dead server's
# port there can be given that very port as its own and keep the server from coming back.
_TEST_PORTS = range(20_000, 32_000)


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports of one stack; each plus the offset of a second stack beside the first."""

    ingress: int = 8000
    identity: int = 8001
    communication: int = 8003
    booking: int = 8011
    reminders: int = 8012
    notifier: int = 8013
    projector: int = 8014
    kafka: int = 9092
    kafka_controller: int = 9093
    postgres: int = 5433

    @classmethod
    def with_offset(cls, offset: int) -> "Ports":
        """Return the usual ports, each `offset` higher."""
        usual = cls()
        return cls(**{name: getattr(usual, name) + offset for name in cls.__slots__})


def is_free(port: int) -> bool:
    """Return whether a server could listen there now (a connection in TIME_WAIT does not hinder it)."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
        return True


def free_port() -> int:
    """Return a free port for a server that may be killed and started again, away from the outgoing range."""
    while True:
        port = random.choice(_TEST_PORTS)  # noqa: S311 - not a secret
        if is_free(port):
            return port
