"""`appointments publish`: send a command to its topic, checked before, and watch what becomes of it."""

import json as jsonlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from chassis.clock import now
from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import EXIT_FAILED, EXIT_USAGE, HomeOption, JsonOption, err, fail, out, print_json, say
from cli.publish.bodies import assign_all, read_body
from cli.publish.follow import Followed, follow
from cli.publish.senders import Directory, Sender
from contracts.catalog import COMMANDS, problems
from contracts.envelope import Envelope, Message

JSON = dict[str, Any]
_PEOPLE_FIELDS = ("organizer_id", "participant_ids")


def publish(
    kind: Annotated[str, typer.Argument(metavar="TYPE", help="For example appointment.create.")],
    home: HomeOption = None,
    file: Annotated[Path | None, typer.Option("--file", "-f", help="JSON body; - reads stdin.")] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="K=V", help="A field, a.b for nested; V is JSON or text."),
    ] = None,
    actor: Annotated[
        str | None, typer.Option(help="Id, or e-mail address in the sandbox (default: its first person).")
    ] = None,
    organization: Annotated[str | None, typer.Option(help="Id (default: the actor's).")] = None,
    command_id: Annotated[
        str | None, typer.Option("--id", help="The command's id (default: a new one).")
    ] = None,
    key: Annotated[str | None, typer.Option(help="The record's key (default: the organization).")] = None,
    following: Annotated[
        bool, typer.Option("--follow", help="Show the outcome and what follows; exit 1 if refused.")
    ] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait for the outcome.")] = 15.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check and show it, send nothing.")] = False,
    json: JsonOption = False,
) -> None:
    """Publish a command. Its fields are checked first; nothing is sent if one is wrong."""
    if kind not in COMMANDS:
        fail(f"there is no command {kind!r} (there are: {', '.join(COMMANDS)})", EXIT_USAGE)
    settings = kafka.settings_for(home)
    directory = Directory(settings.identity_url)
    body = _with_ids(_body(file, sets or ()), directory)
    sender = directory.sender(actor, _uuid(organization, "--organization"))
    message = _message(kind, body, sender, _uuid(command_id, "--id") or uuid4(), key)
    _check(kind, message)
    if dry_run:
        _show(message)
        return
    followed = kafka.run(_send(settings, message, timeout if following else None, json), settings)
    _conclude(message, followed, json)


async def _send(settings: Settings, message: Message, seconds: float | None, json: bool) -> Followed | None:
    if seconds is None:
        async with kafka.publisher(settings) as producer:
            await producer.publish([message])
        return None
    return await follow(settings, message, seconds, json or not out.is_terminal)


def _conclude(message: Message, followed: Followed | None, json: bool) -> None:
    headers = {name: value.decode() for name, value in message.headers}
    if followed is None:
        if json or not out.is_terminal:
            print_json({"command_id": headers["ce_id"], "type": headers["ce_type"], "topic": message.topic})
        else:
            say(f"published {headers['ce_type']} {headers['ce_id']} to {message.topic}")
    elif followed.status is None:
        fail(f"no outcome of {headers['ce_id']} within the time; it is not lost, and will be decided once")
    elif followed.status != "accepted":
        raise typer.Exit(EXIT_FAILED)


def _body(file: Path | None, sets: Sequence[str]) -> JSON:
    body = read_body(file) if file is not None else {}
    assign_all(body, sets)
    return body


def _with_ids(body: JSON, directory: Directory) -> JSON:
    """E-mail addresses of the sandbox's people stand for their ids."""
    for field in _PEOPLE_FIELDS:
        value = body.get(field)
        if isinstance(value, str) and field == "participant_ids":
            value = [part for part in value.split(",") if part]
        if isinstance(value, list):
            body[field] = [directory.id_of(one) for one in value]
        elif value is not None:
            body[field] = directory.id_of(value)
    return body


def _message(kind: str, body: JSON, sender: Sender, identifier: UUID, key: str | None) -> Message:
    envelope = Envelope(
        id=identifier,
        type=kind,
        source="appointments/cli",
        subject=body.get("appointment_id") if isinstance(body.get("appointment_id"), str) else None,
        time=now(),
        organization=sender.organization,
        actor=sender.actor,
        correlation_id=str(identifier),
    )
    message = envelope.message(COMMANDS[kind].topic.name, jsonlib.dumps(body, ensure_ascii=False).encode())
    if key is None:
        return message
    return Message(message.topic, key.encode(), message.value, message.headers)


def _check(kind: str, message: Message) -> None:
    found = problems(COMMANDS[kind], message.headers, message.value or b"")
    if found:
        for problem in found:
            err.file.write(f"{problem.field or 'the whole'}: {problem.message}\n")
        fail(f"{kind} was not sent: {len(found)} field(s) are not as they should be")


def _show(message: Message) -> None:
    print_json(
        {
            "topic": message.topic,
            "key": kafka.text(message.key),
            "headers": {name: value.decode() for name, value in message.headers},
            "value": jsonlib.loads(message.value or b"{}"),
        }
    )


def _uuid(value: str | None, option: str) -> UUID | None:
    if value is None:
        return None
    try:
        return UUID(value)
    except ValueError:
        fail(f"{option} needs a UUID, not {value[:60]!r}", EXIT_USAGE)
