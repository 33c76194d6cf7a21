"""Records to commands, and what was decided to messages; the same record and verdict always give the same bytes."""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from chassis.errors import InvalidMessage
from contracts import envelope, topics
from contracts.commands import BOOKING_COMMANDS
from contracts.envelope import Envelope, MalformedEnvelope, Message, Record
from contracts.ids import uuid5, uuid_of
from contracts.outcomes import field_errors
from services.booking.domain import access
from services.booking.domain.commands import Command
from services.booking.domain.decision import Code, FieldError, Refusal, invalid
from services.booking.domain.people import Actor
from services.booking.domain.series.state import Series
from services.booking.requests import Asker, command_of

SOURCE = "appointments/booking"
BODY_MAX_BYTES = 256 * 1024
_PATH_MAX = 200
_SERVICE = re.compile(r"service:[a-z][a-z0-9-]{0,62}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")


@dataclass(frozen=True, slots=True)
class Received:
    """A record with a readable id. `command` is a refusal when the rest of it cannot be carried out as it is.

    `fingerprint` (sha256) tells whether a second record with this id asks for the same.
    """

    id: UUID
    organization: UUID | None
    actor: Actor | None
    correlation_id: str
    traceparent: str | None
    reply_partition: int | None
    type: str
    fingerprint: bytes
    command: Command | Refusal


def decode(record: Record) -> Received:
    """Read one record. Raises InvalidMessage when there is no `ce_id` to answer to; all else becomes an outcome."""
    try:
        headers, problem = envelope.read(record.headers), None
    except MalformedEnvelope as error:
        headers, problem = _readable(record), str(error)
    actor = _actor(headers.actor)
    body = _parsed(record.value)
    problem = problem or _problem(headers, actor)
    return Received(
        id=headers.id,
        organization=headers.organization,
        actor=actor,
        correlation_id=_correlation_id(headers),
        traceparent=_traceparent(headers.traceparent),
        reply_partition=headers.reply_partition,
        type=headers.type if headers.type in BOOKING_COMMANDS else "unknown",
        fingerprint=_fingerprint(headers, actor, record.value, body),
        command=_malformed(problem) if problem else _command(headers, actor, body),
    )


def extension(series: Series, at: datetime) -> Message:
    """The command that asks booking itself for the next occurrences of a series; one for each day."""
    headers = Envelope(
        id=uuid5(series.id, at.date().isoformat()),
        type="series.extend",
        source=SOURCE,
        subject=str(series.id),
        time=at,
        organization=series.template.organization_id,
        actor=access.BOOKING,
    )
    body = orjson.dumps({"series_id": str(series.id)})
    return headers.message(topics.BOOKING_COMMANDS.name, body)


def _problem(headers: Envelope, actor: Actor | None) -> str | None:
    """What is missing in headers that can be read."""
    if headers.type not in BOOKING_COMMANDS:
        return f"unknown command type {headers.type[:60]!r}"
    if headers.organization is None:
        return "header organization is missing"
    if actor is None:
        return "header actor is missing, or neither a user's UUID nor service:NAME"
    return None


def _readable(record: Record) -> Envelope:
    """The headers without those that cannot be read, so that the answer still finds its way."""
    identifier = envelope.message_id(record.headers)
    if identifier is None:
        raise InvalidMessage("header ce_id is missing or not a UUID: nobody can be answered")
    always = (("ce_id", str(identifier).encode()), ("ce_type", b"unknown"))

    def reads(item: tuple[str, bytes]) -> bool:
        try:
            envelope.read((item, *always))
        except MalformedEnvelope:
            return False
        return True

    return envelope.read((always[0], *filter(reads, record.headers), always[1]))


def _actor(text: str | None) -> Actor | None:
    if text is None:
        return None
    if text.startswith("service:"):
        return Actor(text) if _SERVICE.fullmatch(text) else None
    try:
        user = uuid_of(text)
    except ValueError:
        return None
    return Actor(str(user), user)


def _traceparent(text: str | None) -> str | None:
    """W3C trace context, or none where it is not well-formed."""
    return text if text is not None and _TRACEPARENT.fullmatch(text) else None


def _correlation_id(headers: Envelope) -> str:
    """The sender's, if it is fit to travel on in headers and logs, else the command's own id."""
    given = headers.correlation_id
    return given if given and len(given) <= _PATH_MAX and given.isprintable() else str(headers.id)


def _parsed(value: bytes | None) -> Any | Refusal:
    """The JSON value, or why there is none. Depth, NaN, infinities, broken UTF-8 and lone surrogates end here."""
    if value is None:
        return _malformed("the record has no value")
    if len(value) > BODY_MAX_BYTES:
        return invalid("", "too_large", "The body is larger than 256 KB.")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return _malformed(f"the value is not JSON: {error.msg}")


def _command(headers: Envelope, actor: Actor | None, body: Any | Refusal) -> Command | Refusal:
    if isinstance(body, Refusal):
        return body
    if headers.organization is None or actor is None:
        raise ValueError("headers with a problem have no command")
    asker = Asker(headers.id, headers.organization, actor)
    try:
        return command_of(asker, BOOKING_COMMANDS[headers.type].model_validate(body))
    except ValidationError as error:
        return Refusal(Code.INVALID, "Some fields are not valid.", _errors(error))
    except RecursionError:
        return invalid("", "too_deep", "The body is nested too deeply.")


def _errors(error: ValidationError) -> tuple[FieldError, ...]:
    # A path may hold a field name that the sender made up: bounded, because the outcome repeats it.
    return tuple(
        FieldError(item.field[:_PATH_MAX], item.code, item.message[:_PATH_MAX])
        for item in field_errors(error)
    )


def _malformed(problem: str) -> Refusal:
    return Refusal(Code.MALFORMED, f"The command cannot be read: {problem}.")


def _fingerprint(headers: Envelope, actor: Actor | None, value: bytes | None, body: Any | Refusal) -> bytes:
    """sha256 of type, actor, organization and canonical JSON; of the raw bytes where there is no such form."""
    try:
        canonical = value if isinstance(body, Refusal) else orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it can be written
        canonical = value
    who = f"{headers.type}\0{actor.text if actor else headers.actor}\0{headers.organization}\0"
    return hashlib.sha256(who.encode("utf-8", "surrogatepass") + (canonical or b"")).digest()
