"""`appointments publish`: check a command, send it to its topic, and follow it to its outcome."""

import json as jsonlib
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID, uuid4

import typer

from chassis.clock import now
from chassis.configuration.settings import Settings
from cli import kafka
from cli.console import (
    EXIT_FAILED,
    EXIT_USAGE,
    HomeOption,
    JsonOption,
    did_you_mean,
    fail,
    out,
    print_json,
    say,
    warn,
    with_examples,
)
from cli.publish.bodies import assign_all, read_body
from cli.publish.fields import show_fields, show_types
from cli.publish.follow import Followed, follow
from cli.publish.senders import Directory, Sender
from cli.stack.people import PERSON
from contracts.catalog import COMMANDS, problems
from contracts.envelope import Envelope, Message

JSON = dict[str, Any]
_PEOPLE_FIELDS = ("organizer_id", "participant_ids", "user_id")


@with_examples(
    "appointments publish appointment.create --actor jonas --follow "
    "--set title=Review --set timezone=Europe/Berlin "
    "--set start_time=2027-03-01T09:00:00 "
    "--set end_time=2027-03-01T10:00:00 --set participant_ids=mira",
    "appointments publish appointment.create --fields",
    "appointments publish --fields",
)
def publish(
    kind: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="The command, for example appointment.create.")
    ] = None,
    home: HomeOption = None,
    file: Annotated[
        Path | None,
        typer.Option("--file", "-f", metavar="FILE", help="Read the JSON body here; - reads stdin."),
    ] = None,
    sets: Annotated[
        list[str] | None,
        typer.Option("--set", "-s", metavar="K=V", help="Set a field, a.b for nested; V is JSON or text."),
    ] = None,
    actor: Annotated[
        str | None,
        typer.Option(
            metavar="PERSON", help=f"Send it for this person: {PERSON} (default: the sandbox's first)."
        ),
    ] = None,
    organization: Annotated[
        str | None, typer.Option(metavar="ID", help="Send it in this organization (default: the actor's).")
    ] = None,
    command_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="Give the command this id (default: a new one).")
    ] = None,
    key: Annotated[
        str | None, typer.Option(help="Give the record this key (default: the organization).")
    ] = None,
    following: Annotated[
        bool,
        typer.Option("--follow", help="Show the outcome and all that follows; exit with 1 if it is refused."),
    ] = False,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="Wait so long for the outcome.")] = 15.0,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Check and show the record, and send nothing.")
    ] = False,
    fields: Annotated[
        bool,
        typer.Option(
            "--fields", help="List the fields of TYPE, or without TYPE all commands, and send nothing."
        ),
    ] = False,
    json: JsonOption = False,
) -> None:
    """Check a command, and publish it to its topic.

    Nothing is sent if a field is wrong. Exit codes: 0 sent, 1 wrong fields, refused, or no outcome in time, 2
    wrong use, 6 no answer from Kafka or Identity.
    """
    if kind is None and fields:
        return show_types()
    if kind is None:
        fail("name the command to publish (see: appointments publish --fields)", EXIT_USAGE)
    if kind not in COMMANDS:
        near = did_you_mean(kind, COMMANDS) or " (see: appointments publish --fields)"
        fail(f"there is no command {kind[:60]!r}{near}", EXIT_USAGE)
    if fields:
        return show_fields(kind)
    settings = kafka.settings_for(home)
    directory = Directory(settings.identity_url)
    body = _with_ids(_body(file, sets or ()), directory)
    sender = directory.sender(actor, _uuid(organization, "--organization"))
    message = _message(kind, body, sender, _uuid(command_id, "--id") or uuid4(), key)
    _check(kind, message, body)
    if dry_run:
        return _show(message)
    kafka.name_target(settings)
    followed = kafka.run(_send(settings, message, timeout if following else None, json), settings)
    return _conclude(message, followed, json)


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
    """Replace names and e-mail addresses of the sandbox's people by their ids."""
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


def _check(kind: str, message: Message, body: JSON) -> None:
    found = problems(COMMANDS[kind], message.headers, message.value or b"")
    sentences = [f"{problem.field or 'the whole'}: {problem.message}" for problem in found]
    if _ends_too_early(body.get("start_time"), body.get("end_time")):
        sentences.append("end_time: must be after start_time")
    if sentences:
        for sentence in sentences:
            warn(sentence)
        fail(
            f"{kind} was not sent: {len(sentences)} field(s) are wrong (see: appointments publish {kind} --fields)"
        )


def _ends_too_early(start: Any, end: Any) -> bool:
    """Return whether both are times of which the second is not after the first; a mixture is booking's to
    judge.
    """
    try:
        first, last = datetime.fromisoformat(start), datetime.fromisoformat(end)
        return last <= first
    except (TypeError, ValueError):
        return False


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
