"""Records on the two topics of commands, of every kind that was ever answered in one and the same way."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import orjson

from contracts import topics
from contracts.commands import BOOKING_COMMANDS, NOTIFIER_COMMANDS
from contracts.envelope import Record
from contracts.tools.samples import GOOD
from tests.unit.booking.builders import ADMIN, ANNA, BEN, ORG

TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
AT = datetime(2027, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
TARGET: dict[str, Any] = {"appointment_id": str(UUID(int=0x100))}
HOUR = {"start_time": "2027-03-09T09:00:00Z", "end_time": "2027-03-09T10:00:00Z"}
VISIT: dict[str, Any] = {**HOUR, "title": "Visit", "participant_ids": [str(BEN)]}
WEEKLY = {"frequency": "weekly", "interval": 1, "days_of_week": [1], "count": 3}

# Carried out where an appointment of Anna's stands; the bodies of the samples name others and are refused.
CARRIED_OUT: dict[str, dict[str, Any]] = {
    "appointment.create": VISIT,
    "appointment.update": TARGET | {"title": "Öffnung\u2028"},
    "appointment.reschedule": TARGET | HOUR,
    "appointment.confirm": TARGET,
    "appointment.cancel": TARGET | {"reason": "ill"},
    "appointment.announce": TARGET | {"message": "Bring your passports."},
    "availability.set": {**GOOD["availability.set"], "user_id": str(ANNA)},
    "busy_times.import": GOOD["busy_times.import"],
    "hold.place": {**HOUR, "participant_ids": [str(BEN)]},
    "feed.set": {"token_hash": "ab" * 32},
    "preferences.set": GOOD["preferences.set"],
    "organization_preferences.set": GOOD["organization_preferences.set"],
}


def a_record(
    kind: str,
    body: Any = None,
    *,
    value: bytes | None = b"",
    offset: int = 7,
    key: bytes | None = b"any",
    more: tuple[tuple[str, bytes], ...] = (),
    **headers: str | bytes | None,
) -> Record:
    """A command of an admin; a header of None is left out, `more` headers come last."""
    given: dict[str, str | bytes | None] = {
        "ce_id": str(UUID(int=0xF00 + offset)),
        "ce_type": kind,
        "actor": str(ADMIN if kind == "organization_preferences.set" else ANNA),
        "organization": str(ORG),
        **headers,
    }
    raw = [
        (name, text if isinstance(text, bytes) else text.encode())
        for name, text in given.items()
        if text is not None
    ]
    topic = topics.NOTIFIER_COMMANDS if kind in NOTIFIER_COMMANDS else topics.BOOKING_COMMANDS
    content = orjson.dumps(CARRIED_OUT.get(kind, {}) if body is None else body) if value == b"" else value
    return Record(topic.name, 0, offset, AT, key, content, (*raw, *more))


def cases() -> Iterator[tuple[str, Record]]:
    """Each case with its name. What was wrong with the notifier's intake is not among them."""
    for kind in (*BOOKING_COMMANDS, *NOTIFIER_COMMANDS):
        yield f"{kind}: the sample", a_record(kind, GOOD[kind])
        yield f"{kind}: an empty body", a_record(kind, {})
        if kind in CARRIED_OUT:
            yield f"{kind}: carried out", a_record(kind)
    yield (
        "appointment.create: a series",
        a_record("appointment.create", VISIT | {"recurring_pattern": WEEKLY}),
    )
    yield (
        "appointment.create: a conflict",
        a_record(
            "appointment.create",
            VISIT | {"start_time": "2027-03-08T09:30:00Z", "end_time": "2027-03-08T10:00:00Z"},
        ),
    )
    yield (
        "appointment.complete: by a service",
        a_record("appointment.complete", TARGET, actor="service:reminders"),
    )
    yield "appointment.confirm: by a stranger", a_record("appointment.confirm", actor=str(UUID(int=77)))
    yield (
        "appointment.confirm: the actor in capitals",
        a_record("appointment.confirm", actor=str(UUID(int=0xABC)).upper()),
    )
    for kind in ("feed.set", "preferences.set"):
        yield from _headers(kind)
        yield from _bodies(kind)


def _headers(kind: str) -> Iterator[tuple[str, Record]]:
    variants: dict[str, dict[str, Any]] = {
        "traced": {"traceparent": TRACE},
        "with a correlation": {"correlation-id": "request-7"},
        "with an endless correlation": {"correlation-id": "x" * 201},
        "with a broken correlation": {"correlation-id": b"\xff"},
        "a partition for the reply": {"reply-partition": "3"},
        "a partition that is not there": {"reply-partition": "6"},
        "an absurd partition": {"reply-partition": "-1"},
        "another header that is odd": {"x-odd": b"\xff"},
        "an odd time": {"ce_time": "yesterday"},
        "no type": {"ce_type": None},
        "an unknown type": {"ce_type": "appointment.explode"},
        "a type that is not UTF-8": {"ce_type": b"\xff"},
        "no actor": {"actor": None},
        "no organization": {"organization": None},
        "no organization and no key": {"organization": None, "key": None},
        "an organization that is none": {"organization": "acme", "reply-partition": "2"},
        "an organization in capitals": {"organization": str(UUID(int=0xABCDEF)).upper()},
    }
    for name, headers in variants.items():
        yield f"{kind}: {name}", a_record(kind, **headers)


def _bodies(kind: str) -> Iterator[tuple[str, Record]]:
    values = {
        "no value": None,
        "cut off": b"{",
        "not UTF-8": b"\xff\xfe",
        "NaN": b'{"title": NaN}',
        "half a surrogate pair": b'{"title": "\\ud800"}',
        "a list": b"[]",
        "NUL": b'{"title": "\\u0000"}',
        "a hundred thousand brackets": b"[" * 100_000,
    }
    for name, value in values.items():
        yield f"{kind}: {name}", a_record(kind, value=value)
