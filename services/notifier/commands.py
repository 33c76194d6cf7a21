"""From a record to a command that sets preferences, a person's or an organization's; whatever has a readable id can be answered."""

import hashlib
import re
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.commands import NOTIFIER_COMMANDS
from contracts.envelope import Envelope, MalformedEnvelope, Record
from contracts.outcomes import Code, FieldError, field_errors
from contracts.preferences import SetOrganizationPreferences, said
from notifications.preferences import Organization, Preferences, organization_of, preferences_of

BODY_MAX_BYTES = 256 * 1024
_TEXT_MAX = 200
_SERVICE = re.compile(r"service:[a-z][a-z0-9-]{0,62}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing happens: stable code, and a sentence for a person."""

    code: Code
    detail: str
    errors: tuple[FieldError, ...] = ()


@dataclass(frozen=True, slots=True)
class Command:
    """A record with a readable id. `asked` is a refusal when the rest of it cannot be carried out as it is.

    `user`: the actor, whose preferences they are, or who sets those of the `organization`; `fingerprint` (sha256) tells whether a second record with this id
    asks for the same.
    """

    id: UUID
    organization: UUID | None
    user: UUID | None
    correlation_id: str
    traceparent: str | None
    reply_partition: int | None
    fingerprint: bytes
    asked: Preferences | Organization | Refusal


def decode(record: Record) -> Command:
    """Read one record. Raises InvalidMessage when there is no `ce_id` to answer to; all else becomes an outcome."""
    identifier = envelope.message_id(record.headers)
    if identifier is None:
        raise InvalidMessage("header ce_id is missing or not a UUID: nobody can be answered")
    try:
        headers, problem = envelope.read(record.headers), None
    except MalformedEnvelope as error:
        headers, problem = _readable(record, identifier), str(error)
    body = _parsed(record.value)
    refusal = _malformed(problem) if problem else _refusal_for(headers)
    return Command(
        id=identifier,
        organization=headers.organization,
        user=_user(headers.actor),
        correlation_id=_correlation_id(headers),
        traceparent=headers.traceparent,
        reply_partition=headers.reply_partition,
        fingerprint=_fingerprint(headers, record.value, body),
        asked=refusal or _asked(headers.type, body),
    )


def _refusal_for(headers: Envelope) -> Refusal | None:
    if headers.type not in NOTIFIER_COMMANDS:
        return _malformed(f"unknown command type {headers.type[:60]!r}")
    if headers.organization is None:
        return _malformed("header organization is missing")
    if headers.actor is None:
        return _malformed("header actor is missing")
    if _SERVICE.fullmatch(headers.actor):
        return Refusal(Code.NOT_ALLOWED, "Preferences are set by the person whose they are, or by an admin.")
    if _user(headers.actor) is None:
        return _malformed("header actor is not a user's UUID")
    return None


def _asked(kind: str, body: Any | Refusal) -> Preferences | Organization | Refusal:
    if isinstance(body, Refusal):
        return body
    try:
        sent = NOTIFIER_COMMANDS[kind].model_validate(body)
    except ValidationError as error:
        return Refusal(Code.INVALID, "Some fields are not valid.", _errors(error))
    except RecursionError:
        return Refusal(Code.INVALID, "The body is nested too deeply.")
    if isinstance(sent, SetOrganizationPreferences):
        return organization_of(said(sent))
    return preferences_of(said(sent))


def _errors(error: ValidationError) -> tuple[FieldError, ...]:
    # A path may hold a field name that the sender made up: bounded, because the outcome repeats it.
    return tuple(
        FieldError(field=item.field[:_TEXT_MAX], code=item.code, message=item.message[:_TEXT_MAX])
        for item in field_errors(error)
    )


def _readable(record: Record, identifier: UUID) -> Envelope:
    """The headers without those that cannot be read, so that the answer still finds its way."""
    always = (("ce_id", str(identifier).encode()), ("ce_type", b"unknown"))

    def reads(item: tuple[str, bytes]) -> bool:
        try:
            envelope.read((*always, item))
        except MalformedEnvelope:
            return False
        return True

    return envelope.read((always[0], *filter(reads, record.headers), always[1]))


def _user(actor: str | None) -> UUID | None:
    try:
        return UUID(actor or "")
    except ValueError:
        return None


def _correlation_id(headers: Envelope) -> str:
    """The sender's, if it is fit to travel on in headers and logs, else the command's own id."""
    given = headers.correlation_id
    return given if given and len(given) <= _TEXT_MAX and given.isprintable() else str(headers.id)


def _parsed(value: bytes | None) -> Any | Refusal:
    """The JSON value, or why there is none."""
    if value is None:
        return _malformed("the record has no value")
    if len(value) > BODY_MAX_BYTES:
        return Refusal(Code.INVALID, "The body is larger than 256 KB.")
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError as error:
        return _malformed(f"the value is not JSON: {error.msg}")


def _malformed(problem: str) -> Refusal:
    return Refusal(Code.MALFORMED, f"The command cannot be read: {problem}.")


def _fingerprint(headers: Envelope, value: bytes | None, body: Any | Refusal) -> bytes:
    """sha256 of type, actor, organization and canonical JSON; of the raw bytes where there is no such form."""
    try:
        canonical = value if isinstance(body, Refusal) else orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it can be written
        canonical = value
    who = f"{headers.type}\0{headers.actor}\0{headers.organization}\0"
    return hashlib.sha256(who.encode("utf-8", "surrogatepass") + (canonical or b"")).digest()
