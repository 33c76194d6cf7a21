"""The appointment that a record is about."""

from collections.abc import Iterator, Mapping
from uuid import UUID, uuid5

from cli.describe import parsed
from contracts.envelope import MalformedEnvelope, Record, key_elsewhere, read

_CREATE = b"appointment.create"


def is_about(record: Record, appointment: UUID) -> bool:
    """Return whether a record is about the appointment: by its subject, by its body, or as the command that made it.

    An id elsewhere, in a text or in an imported calendar, does not count.
    """
    wanted = str(appointment)
    if ("ce_subject", wanted.encode()) in record.headers or appointment in _created_by(record):
        return True
    if wanted.encode() not in (record.value or b""):
        return False
    body = parsed(record)
    return body is None or wanted in _named(body)  # an unreadable body has nothing but its text


def _named(body: object) -> Iterator[object]:
    """Yield the appointments that a body names as its own."""
    if not isinstance(body, Mapping):
        return
    yield body.get("appointment_id")
    for field, name in (("appointment", "id"), ("data", "entity_id")):
        inner = body.get(field)
        if isinstance(inner, Mapping):
            yield inner.get(name)
    for field in ("occurrences", "appointments"):
        several = body.get(field)
        for one in several if isinstance(several, list) else ():
            if isinstance(one, Mapping):
                yield one.get("appointment_id")


def _created_by(record: Record) -> list[UUID]:
    """Return the ids that a create command without an id of its own gives its appointment."""
    if ("ce_type", _CREATE) not in record.headers:
        return []
    try:
        command = read(record.headers)
    except MalformedEnvelope:
        return []
    keys = (command.id, key_elsewhere(command.organization, command.id))
    return [uuid5(key, "appointment") for key in keys]
