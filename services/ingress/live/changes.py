"""Changes for live streams, from the records of projector.events."""

from typing import Any

import orjson

from contracts.envelope import header, rfc3339
from contracts.views import CalendarChanged
from services.ingress.domain.memory import Change
from services.ingress.live.subscriptions import Range


def calendar_change(record: Any, organization: str, body: CalendarChanged, vector: str) -> Change:
    """Return the change of one appointment."""
    sent = orjson.loads(record.value)
    identifier = str(body.appointment_id)
    shown = sent.get("appointment")
    data = {
        "appointment_id": identifier,
        "version": body.version,
        "change": body.change,
        "actor": header(record.headers, "actor"),
        "correlation_id": header(record.headers, "correlation-id"),
        "was": sent.get("was"),
    }
    return Change(
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp / 1000,
        organization=organization,
        user_ids=frozenset(map(str, body.user_ids)),
        data=orjson.dumps(data).decode(),
        vector=vector,
        appointment=orjson.dumps({"id": identifier, "version": body.version, **shown}).decode()
        if shown
        else "",
    )


def preferences_change(record: Any, organization: str, name: str, version: int, vector: str) -> Change:
    """Return the change of a person's preferences, for them alone, or of an organization's, for all its people."""
    of_all = name == organization
    return Change(
        partition=record.partition,
        offset=record.offset,
        at=record.timestamp / 1000,
        organization=organization,
        user_ids=frozenset() if of_all else frozenset([name]),
        data=orjson.dumps({"scope": "organization" if of_all else "me", "version": version}).decode(),
        vector=vector,
        event="preferences.changed",
        audience="all" if of_all else "nobody",
    )


def times_of(body: CalendarChanged) -> Range:
    """Return the range in which a change of an appointment affects free time."""
    now, was = body.appointment, body.was
    if now is None:
        return None, None
    starts, ends = [now.start_time], [now.end_time]
    if was is not None:
        starts.append(was.start_time)
        ends.append(was.end_time)
    return rfc3339(min(starts)), rfc3339(max(ends))
