"""`appointments topics --acls`: what Kafka must allow each process, as commands or as JSON."""

from typing import Any

from chassis.configuration.environment import process_variable
from chassis.configuration.settings import Settings
from chassis.topics import acls
from cli.console import print_json_lines, say


def print_acls(settings: Settings, *, json: bool) -> None:
    """Print the ACLs of every process: a line of Kafka's own tool for each, or with `json` a document for each."""
    found = acls.everybody(settings.topic_prefix)
    if json:
        print_json_lines(_document(acl, _principal(acl.process, settings)) for acl in found)
        return
    process = ""
    for acl in found:
        if acl.process != process:
            process = acl.process
            say(f"# {process}")
        say(acl.command(_principal(process, settings), settings.kafka_bootstrap_servers))


def _principal(process: str, settings: Settings) -> str:
    """The principal of a process as its variables name it, else User:PROCESS."""
    return (
        f"User:{process_variable(process, 'kafka_sasl_username') or settings.kafka_sasl_username or process}"
    )


def _document(acl: acls.Acl, principal: str) -> dict[str, Any]:
    return {
        "process": acl.process,
        "principal": principal,
        "resource_type": acl.resource,
        "resource": acl.name,
        "pattern": acl.pattern,
        "operations": list(acl.operations),
        "permission": "Allow",
    }
