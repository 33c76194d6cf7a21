"""The intake of commands: from a record to a request that can be decided, or to the reason why it cannot.

Whatever has a readable `ce_id` gets an outcome, so everything else that a stranger may send ends in a refusal here.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ValidationError

from chassis.errors import InvalidMessage
from contracts import envelope
from contracts.envelope import Envelope, MalformedEnvelope, Record
from contracts.flaws import Flaw, flaws
from contracts.ids import uuid_of

BODY_MAX_BYTES = 256 * 1024
TEXT_MAX = 200
_SERVICE = re.compile(r"service:[a-z][a-z0-9-]{0,62}")
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")

C = TypeVar("C")


class Sender(NamedTuple):
    """The actor of a command: a person (`text` is the canonical form of `user`), or a service: `service:NAME`."""

    text: str
    user: UUID | None = None


class Request(NamedTuple):
    """The headers of a command whose body is valid. `key` is the id from which the ids of all results are made."""

    key: UUID
    organization: UUID
    sender: Sender


@dataclass(frozen=True, slots=True)
class Rejection:
    """The reason why a record cannot be carried out: `code` as outcomes have it, and a sentence for a person."""

    code: str
    detail: str
    errors: tuple[Flaw, ...] = ()


REUSED = Rejection("command_id_reused", "This command id was used for another command.")


@dataclass(frozen=True, slots=True)
class Received(Generic[C]):
    """A record with a readable id. `command` is a refusal when the rest of it cannot be carried out as it is.

    `key` is `id`, or the id that stands for it where another organization uses the same one (see `elsewhere`).
    `fingerprint` (sha256) shows whether a second record with this id has the same content.
    """

    id: UUID
    key: UUID
    organization: UUID | None
    sender: Sender | None
    correlation_id: str
    traceparent: str | None
    reply_partition: int | None
    type: str
    fingerprint: bytes
    command: C

    @property
    def namespace(self) -> UUID:
        """The organization within which the command's id is unique."""
        return self.organization or envelope.NOBODY

    @property
    def elsewhere(self) -> UUID:
        """The key of this command where another organization used its id first."""
        return envelope.key_elsewhere(self.organization, self.id)


class Intake(Generic[C]):
    """Reads the commands of one topic. `catalogue` has the model of each type's body.

    `command_of` makes the command of a valid body, `refusal_of` a refusal; both are the service's own types.
    `people_only` is the sentence for a service that acts, where only people may.
    """

    def __init__(
        self,
        catalogue: Mapping[str, type[BaseModel]],
        command_of: Callable[[Request, Any], C],
        refusal_of: Callable[[Rejection], C],
        people_only: str | None = None,
    ) -> None:
        self._catalogue = catalogue
        self._command_of = command_of
        self._refusal_of = refusal_of
        self._people_only = people_only

    def decode(self, record: Record, key: UUID | None = None) -> Received[C]:
        """Read one record. Raises InvalidMessage when there is no `ce_id` to answer to; all else becomes an outcome.

        `key` is given when the command's id belongs to another organization.
        """
        try:
            headers, problem = envelope.read(record.headers), None
        except MalformedEnvelope as error:
            headers, problem = _readable(record), str(error)
        sender = _sender(headers.actor)
        body = _parsed(record)
        key = key or headers.id
        if problem := problem or self._problem(headers, sender):
            command = self._refusal_of(_malformed(problem))
        else:
            command = self._command(headers, key, sender, body)
        return Received(
            headers.id,
            key,
            headers.organization,
            sender,
            _correlation_id(headers),
            well_formed(headers.traceparent),
            headers.reply_partition,
            headers.type if headers.type in self._catalogue else "unknown",
            _fingerprint(headers, sender, record, body),
            command,
        )

    def _problem(self, headers: Envelope, sender: Sender | None) -> str | None:
        """The reason why headers that can be read are not enough."""
        if headers.type not in self._catalogue:
            return f"unknown command type {headers.type[:60]!r}"
        if headers.organization is None:
            return "header organization is missing"
        if sender is not None:
            return None
        if self._people_only is None:
            return "header actor is missing, or neither a user's UUID nor service:NAME"
        return "header actor is missing" if headers.actor is None else "header actor is not a user's UUID"

    def _command(self, headers: Envelope, key: UUID, sender: Sender | None, body: Any) -> C:
        if headers.organization is None or sender is None:
            raise ValueError("headers with a problem have no command")
        if self._people_only is not None and sender.user is None:
            return self._refusal_of(Rejection("not_allowed", self._people_only))
        if isinstance(body, Rejection):
            return self._refusal_of(body)
        try:
            model = self._catalogue[headers.type].model_validate(body)
            return self._command_of(Request(key, headers.organization, sender), model)
        except ValidationError as error:
            return self._refusal_of(Rejection("invalid", "Some fields are not valid.", _errors(error)))
        except RecursionError:
            return self._refusal_of(_invalid("too_deep", "The body is nested too deeply."))


def well_formed(traceparent: str | None) -> str | None:
    """W3C trace context, or None where it is not well-formed: it goes on into rows and headers."""
    return traceparent if traceparent is not None and _TRACEPARENT.fullmatch(traceparent) else None


def _readable(record: Record) -> Envelope:
    """The headers without those that cannot be read, so that the outcome can still be routed."""
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


def _sender(text: str | None) -> Sender | None:
    if text is None:
        return None
    if text.startswith("service:"):
        return Sender(text) if _SERVICE.fullmatch(text) else None
    try:
        user = uuid_of(text)
    except ValueError:
        return None
    return Sender(str(user), user)


def _correlation_id(headers: Envelope) -> str:
    """The sender's, if it is fit to travel on in headers and logs, else the command's own id."""
    given = headers.correlation_id
    return given if given and len(given) <= TEXT_MAX and given.isprintable() else str(headers.id)


def _parsed(record: Record) -> Any | Rejection:
    """The JSON value, or a rejection. Depth, NaN, infinities, broken UTF-8 and lone surrogates end here."""
    if record.value is None:
        return _malformed("the record has no value")
    if record.cut is not None or len(record.value) > BODY_MAX_BYTES:
        return _invalid("too_large", "The body is larger than 256 KB.")
    try:
        return orjson.loads(record.value)
    except orjson.JSONDecodeError as error:
        return _malformed(f"the value is not JSON: {error.msg}")


def _invalid(code: str, message: str) -> Rejection:
    return Rejection("invalid", message, (Flaw("", code, message),))


def _malformed(problem: str) -> Rejection:
    return Rejection("malformed", f"The command cannot be read: {problem}.")


def _errors(error: ValidationError) -> tuple[Flaw, ...]:
    return tuple(Flaw(flaw.field, flaw.code, flaw.message[:TEXT_MAX]) for flaw in flaws(error))


def _fingerprint(headers: Envelope, sender: Sender | None, record: Record, body: Any | Rejection) -> bytes:
    """sha256 of type, actor, organization and canonical JSON.

    Where there is no such form it is of the raw bytes; of a value that was cut, of the digest of the whole.
    """
    if record.cut is not None:
        content: bytes | None = record.cut.sha256
    else:
        content = record.value if isinstance(body, Rejection) else _canonical(body, record.value)
    who = f"{headers.type}\0{sender.text if sender else headers.actor}\0{headers.organization}\0"
    return hashlib.sha256(who.encode("utf-8", "surrogatepass") + (content or b"")).digest()


def _canonical(body: Any, raw: bytes | None) -> bytes | None:
    try:
        return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:  # nested deeper than it can be written
        return raw
