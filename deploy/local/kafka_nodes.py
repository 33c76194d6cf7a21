"""One broker's place in a cluster of several, and its demands on clients: TLS, credentials, ACLs."""

import base64
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from chassis.configuration.settings import Settings
from deploy.local.ports import HOST

# A leader's death is noticed, and its successor elected, within some seconds.
_SEVERAL = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
    "replica.lag.time.max.ms": "3000",
    "controller.quorum.election.timeout.ms": "500",
    "controller.quorum.fetch.timeout.ms": "1000",
    "controller.quorum.request.timeout.ms": "1000",
    "leader.imbalance.check.interval.seconds": "5",
    "num.recovery.threads.per.data.dir": "1",
    "num.io.threads": "4",
    "num.network.threads": "2",
}
_SCRAM = "org.apache.kafka.common.security.scram.ScramLoginModule"
_PLAIN = "org.apache.kafka.common.security.plain.PlainLoginModule"
_OAUTH = "org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule"


@dataclass(frozen=True, slots=True)
class Security:
    """TLS and credentials for all clients, brokers among them, and ACLs that deny everything not granted.

    keystore: the broker's key and certificates, PEM. truststore: the issuer's certificate. users: passwords
    by name, for PLAIN and SCRAM; `superuser` is one of them. certificate_port: for clients that show a
    certificate, instead. OAUTHBEARER takes unsigned tokens: for tests.
    """

    keystore: Path
    truststore: Path
    users: Mapping[str, str]
    superuser: str = "admin"
    certificate_port: int | None = None

    def settings(self, port: int) -> dict[str, str]:
        """Return the lines of server.properties for a broker whose clients come to `port`."""
        listeners = [f"SASL_SSL://{HOST}:{port}"]
        if self.certificate_port:
            listeners.append(f"SSL://{HOST}:{self.certificate_port}")
        login = f'username="{self.superuser}" password="{self.users[self.superuser]}"'
        known = " ".join(f'user_{name}="{password}"' for name, password in self.users.items())
        of = "listener.name.sasl_ssl"
        return {
            "listeners": ",".join(listeners),
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,SSL:SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.mechanism.inter.broker.protocol": "SCRAM-SHA-512",
            "sasl.enabled.mechanisms": "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
            f"{of}.plain.sasl.jaas.config": f"{_PLAIN} required {login} {known};",
            f"{of}.scram-sha-256.sasl.jaas.config": f"{_SCRAM} required {login};",
            f"{of}.scram-sha-512.sasl.jaas.config": f"{_SCRAM} required {login};",
            f"{of}.oauthbearer.sasl.jaas.config": f'{_OAUTH} required unsecuredLoginStringClaim_sub="{self.superuser}";',
            "listener.name.ssl.ssl.client.auth": "required",
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.keystore),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.truststore),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            # The controllers' own listener requires no login; only they and the brokers reach it.
            "super.users": f"User:{self.superuser};User:ANONYMOUS",
        }

    def scram(self) -> list[str]:
        """Return the options that create the users when the data folder is formatted."""
        return [
            f"--add-scram={mechanism}=[name={name},password={password}]"
            for name, password in self.users.items()
            for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-512")
        ]

    def client(self) -> dict[str, str]:
        """Return the settings of a client that may do everything."""
        return {
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "SCRAM-SHA-512",
            "kafka_sasl_username": self.superuser,
            "kafka_sasl_password": self.users[self.superuser],
            "kafka_ssl_cafile": str(self.truststore),
        }


def new_cluster_id() -> str:
    """Return a random id in Kafka's format."""
    return base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")


@dataclass(frozen=True, slots=True)
class Node:
    """One of several brokers, each also a controller. `controllers`: their ports by number; empty: a single
    broker.
    """

    number: int = 1
    controllers: Mapping[int, int] = field(default_factory=dict)
    cluster_id: str = ""  # a new one for each new data folder
    security: Security | None = None

    @property
    def name(self) -> str:
        """The name of the process, its data and its log."""
        return f"kafka-{self.number}" if self.controllers else "kafka"

    def settings(self, port: int, controller_port: int) -> dict[str, str]:
        """Return the lines of server.properties that differ from those of a broker that is alone."""
        voters = self.controllers or {self.number: controller_port}
        found = {
            "node.id": str(self.number),
            "controller.quorum.voters": ",".join(f"{number}@{HOST}:{at}" for number, at in voters.items()),
        }
        if self.controllers:
            found |= _SEVERAL
        if self.security is not None:
            secured = self.security.settings(port)
            found |= secured
            found["advertised.listeners"] = secured["listeners"]
            found["listeners"] += f",CONTROLLER://{HOST}:{controller_port}"
        return found

    def client(self, bootstrap: str) -> Settings:
        """Return the settings of the client that checks readiness."""
        login = self.security.client() if self.security else {"kafka_security_protocol": "PLAINTEXT"}
        plain = {"kafka_sasl_mechanism": None, "kafka_ssl_cafile": "", "kafka_ssl_certfile": ""}
        return Settings.model_validate(
            {**plain, "kafka_ssl_keyfile": "", **login, "kafka_bootstrap_servers": bootstrap}
        )
