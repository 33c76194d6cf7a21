"""Three brokers with TLS, credentials and ACLs; each can be killed and started again."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest

from chassis.configuration.settings import Settings
from chassis.kafka.client import connection
from chassis.topics.acls import Acl
from deploy.local.kafka import Kafka
from deploy.local.kafka_nodes import Node, Security, new_cluster_id
from deploy.local.ports import free_port
from deploy.local.process import Child
from tests.clusters.certificates import Authority

START_SECONDS = 240.0  # three Java machines on a busy computer of two cores
_RESOURCE = {"topic": 2, "group": 3, "cluster": 4}  # Kafka's own numbers
_PATTERN = {"literal": 3, "prefixed": 4}
_OPERATION = {
    "Read": 3,
    "Write": 4,
    "Create": 5,
    "Alter": 7,
    "Describe": 8,
    "DescribeConfigs": 10,
    "AlterConfigs": 11,
}
_ALLOW = 3


@dataclass(frozen=True, slots=True)
class Brokers:
    """The cluster. `admin` may do everything; the others what `allow` was called for."""

    children: list[Child]
    security: Security
    certificate_bootstrap: str

    @property
    def bootstrap(self) -> str:
        """All three, the first one first."""
        return ",".join(program.bootstrap for program in self.programs)

    @property
    def programs(self) -> list[Kafka]:
        """The brokers that the children run."""
        return [child.program for child in self.children if isinstance(child.program, Kafka)]

    def settings(self, **given: Any) -> Settings:
        """Settings of a client; of the administrator, unless `given` says otherwise."""
        common = self.security.client() | {"kafka_bootstrap_servers": self.bootstrap, "topic_replication": 3}
        return Settings.model_validate(common | given)

    async def allow(self, principal: str, acls: Iterable[Acl]) -> None:
        """Grant these."""
        for resource, name, pattern, operation in _each(acls):
            request = CreateAclsRequest(resource, name, pattern, principal, "*", operation, _ALLOW)
            answer = await self._ask(request)
            assert [result[0] for result in answer.creation_responses] == [0], answer

    async def withdraw(self, principal: str, acls: Iterable[Acl]) -> None:
        """Take these back."""
        for resource, name, pattern, operation in _each(acls):
            request = DeleteAclsRequest(resource, name, pattern, principal, "*", operation, _ALLOW)
            answer = await self._ask(request)
            [(error, _, matching)] = answer.filter_responses
            assert (error, len(matching)) == (0, 1), answer

    async def _ask(self, request: Any) -> Any:
        admin = AIOKafkaAdminClient(**connection(self.settings()))
        await admin.start()
        try:
            return await admin._client.send(admin._client.get_random_node(), request)
        finally:
            await admin.close()

    async def leader_of(self, topic: str) -> Child:
        """The broker that leads most partitions of a topic."""
        admin = AIOKafkaAdminClient(**connection(self.settings()))
        await admin.start()
        try:
            [described] = await admin.describe_topics([topic])
        finally:
            await admin.close()
        leaders: list[int] = [partition["leader"] for partition in described["partitions"]]
        return self.children[max(set(leaders), key=leaders.count) - 1]

    async def heal(self) -> None:
        """Start whichever is dead."""
        await asyncio.gather(
            *(child.start_ready(START_SECONDS) for child in self.children if not child.running)
        )


def _each(acls: Iterable[Acl]) -> Iterator[tuple[int, str, int, int]]:
    """Each operation of these, in Kafka's own numbers."""
    for acl in acls:
        for operation in acl.operations:
            yield _RESOURCE[acl.resource], acl.name, _PATTERN[acl.pattern], _OPERATION[operation]


@asynccontextmanager
async def three_brokers(home: Path, authority: Authority, users: Iterable[str]) -> AsyncIterator[Brokers]:
    """A cluster below `home`, ready; everybody's password is their name with `-secret` after it."""
    secrets = {name: f"{name}-secret" for name in ("admin", *users)}
    keystore = authority.sign("broker").bundle
    controllers = {number: free_port() for number in (1, 2, 3)}
    cluster = new_cluster_id()
    children, certificate_ports = [], []
    for number, controller in controllers.items():
        certificate_ports.append(free_port())
        security = Security(keystore, authority.certificate, secrets, certificate_port=certificate_ports[-1])
        node = Node(number, controllers, cluster, security)
        children.append(Child(Kafka(home, free_port(), controller, node), home / "logs" / f"{node.name}.log"))
    try:
        await asyncio.gather(*(child.start_ready(START_SECONDS) for child in children))
        yield Brokers(children, security, ",".join(f"127.0.0.1:{port}" for port in certificate_ports))
    finally:
        await asyncio.gather(*(child.kill() for child in children if child.running))
