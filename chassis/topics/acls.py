"""ACLs that each process of the fleet needs, computed from the readers and writers in contracts/access.py. Pure."""

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from contracts import access
from contracts.topics import ALL, WORKERS, Topic

OPERATOR, PREPARE = "cli", "prepare"
PROCESSES = (*WORKERS, "ingress", "communication", OPERATOR, PREPARE)
_SETTINGS = "DescribeConfigs"  # a process that depends on a topic's settings reads them
_MAKE = ("Create", "Describe", _SETTINGS, "Alter", "AlterConfigs")


@dataclass(frozen=True, slots=True)
class Acl:
    """An operation of one process on one resource. `pattern` prefixed: on all resources whose names begin so."""

    process: str
    resource: Literal["topic", "group", "cluster"]
    name: str
    operations: tuple[str, ...]
    pattern: Literal["literal", "prefixed"] = "literal"

    def command(self, principal: str, servers: str) -> str:
        """A line for a shell, with Kafka's own tool."""
        which = ["--cluster"] if self.resource == "cluster" else [f"--{self.resource}", self.name]
        if self.pattern == "prefixed":
            which += ["--resource-pattern-type", "prefixed"]
        operations = [word for operation in self.operations for word in ("--operation", operation)]
        tool = ["kafka-acls.sh", "--bootstrap-server", servers, "--command-config", "admin.properties"]
        return shlex.join([*tool, "--add", "--allow-principal", principal, *operations, *which])


def of(process: str, prefix: str = "") -> list[Acl]:
    """Return the ACLs of one process; `prefix` is TOPIC_PREFIX. An unknown process needs none."""
    if process == PREPARE:
        return [Acl(process, "topic", prefix + topic.name, _MAKE) for topic in ALL]
    reads = list(ALL) if process == OPERATOR else access.read_by(process)
    found = [_topic(process, topic, reads, prefix) for topic in ALL]
    # Operators see which processes are in a group, and join none.
    groups = WORKERS if process == OPERATOR else (process,) if process in WORKERS else ()
    may = "Describe" if process == OPERATOR else "Read"
    found += [Acl(process, "group", f"{prefix}{worker}.", (may,), "prefixed") for worker in groups]
    return [acl for acl in found if acl.operations]


def everybody(prefix: str = "") -> list[Acl]:
    """Return the ACLs of each process of the fleet."""
    return [acl for process in PROCESSES for acl in of(process, prefix)]


def _topic(process: str, topic: Topic, reads: Iterable[Topic], prefix: str) -> Acl:
    operations = ["Read"] if topic in reads else []
    if process in access.writers(topic):
        operations.append("Write")
    return Acl(process, "topic", prefix + topic.name, (*operations, _SETTINGS) if operations else ())
