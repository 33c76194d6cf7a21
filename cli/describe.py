"""A record in plain words, for `trace`, `tail` and `publish --follow`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from chassis.dead_letters.store import DISCARDED
from contracts.envelope import MalformedEnvelope, Record, read

JSON = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Line:
    """One record in words. `what` is a sentence; `who` a name, an id, a service, or nothing."""

    record: Record
    id: str | None
    type: str
    who: str
    what: str
    correlation_id: str | None

    def document(self) -> JSON:
        """Return it as JSON values."""
        return {
            "time": self.record.timestamp.isoformat().replace("+00:00", "Z"),
            "topic": self.record.topic,
            "partition": self.record.partition,
            "offset": self.record.offset,
            "id": self.id,
            "type": self.type,
            "who": self.who,
            "what": self.what,
            "correlation_id": self.correlation_id,
        }


def line(record: Record, names: Mapping[str, str]) -> Line:
    """Return the record in words; `names` has people's names by their id."""
    body = body_of(record)
    try:
        envelope = read(record.headers)
    except MalformedEnvelope as error:
        return Line(record, None, "?", "", f"unreadable: {error}", None)
    who = _name(envelope.actor, names)
    if envelope.type == DISCARDED:
        what = f"discarded by {record.header('discard-by')}: {record.header('discard-reason')}"
    elif record.topic.endswith(".dead-letters"):
        what = _dead_letter(record)
    elif record.topic.endswith(".redrive"):
        what = _redriven(record)
    else:
        what = _described(record, body, names)
    return Line(record, str(envelope.id), envelope.type, who, what, envelope.correlation_id)


def _described(record: Record, body: JSON, names: Mapping[str, str]) -> str:
    words = _DESCRIPTIONS.get(record.topic)
    try:
        return words(body, names) if words else ""
    except (AttributeError, TypeError, KeyError, ValueError):
        return "its body has not the shape of its type"  # anybody can write anything to a topic


def body_of(record: Record) -> JSON:
    """Return the JSON object of a record; empty if it is none."""
    body = parsed(record)
    return body if isinstance(body, dict) else {}


def parsed(record: Record) -> Any:
    """Return the JSON value of a record; None if it has none or cannot be parsed."""
    try:
        return orjson.loads(record.value or b"null")
    except orjson.JSONDecodeError:
        return None


def names_in(record: Record) -> dict[str, str]:
    """Return the names of people in a record, by id."""
    people = body_of(record).get("people")
    found = [person for person in people if isinstance(person, dict)] if isinstance(people, list) else []
    return {str(person.get("id")): str(person.get("name")) for person in found}


def _name(actor: Any, names: Mapping[str, str]) -> str:
    return names.get(str(actor), str(actor or ""))


def when(start: Any, end: Any, timezone: Any) -> str:
    """Return a range on the wall clock of its zone; times that cannot be read are shown as they are."""
    try:
        zone = ZoneInfo(str(timezone or "UTC"))
        first, last = (_on_the_clock_of(zone, str(value)) for value in (start, end))
    except (ValueError, ZoneInfoNotFoundError):
        return f"{start} to {end} {timezone or ''}".strip()
    until = f"{last:%H:%M}" if last.date() == first.date() else f"{last:%a %d %b %Y %H:%M}"
    return f"{first:%a %d %b %Y %H:%M}–{until} {zone.key}"


def _on_the_clock_of(zone: ZoneInfo, text: str) -> datetime:
    """Return an instant on the zone's clock; a time without an offset is on it already."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=zone) if moment.tzinfo is None else moment.astimezone(zone)


def _command(body: JSON, names: Mapping[str, str]) -> str:
    if body.get("reason"):
        return f"because: {body['reason']}"
    times = (
        when(body["start_time"], body.get("end_time"), body.get("timezone")) if "start_time" in body else ""
    )
    fields = [name for name in body if name not in _SHOWN_OTHERWISE]
    return ", ".join(
        part for part in (_quoted(body.get("title")), times, _with(body, names), *fields) if part
    )


_SHOWN_OTHERWISE = {
    "appointment_id",
    "title",
    "start_time",
    "end_time",
    "timezone",
    "participant_ids",
    "expected_version",
    "fold",
}


def _with(body: JSON, names: Mapping[str, str]) -> str:
    participants = body.get("participant_ids")
    known = participants if isinstance(participants, list) else []
    return "with " + ", ".join(_name(person, names) for person in known) if known else ""


def _event(body: JSON, names: Mapping[str, str]) -> str:
    state, version = body.get("appointment") or {}, body.get("version")
    if version == 1:
        times = when(state.get("start_time"), state.get("end_time"), state.get("timezone"))
        parts = (_quoted(state.get("title")), times, _with(state, names))
        return "version 1: " + ", ".join(part for part in parts if part)
    changed = body.get("changes") or []
    others = [_change(change, names) for change in changed if change.get("field") not in _TIMES]
    changes = "; ".join(part for part in (_moved(changed, state), *others) if part)
    return f"version {version}: {changes or state.get('status')}"


_TIMES = ("start_time", "end_time", "timezone")


def _moved(changes: list[JSON], state: JSON) -> str:
    """Return the old and the new times, on the clock of the appointment's zone; nothing if they stayed."""
    old = {change.get("field"): change.get("old") for change in changes if change.get("field") in _TIMES}
    if not old:
        return ""
    before, after = (when(*(times.get(field) for field in _TIMES)) for times in (state | old, state))
    return f"{before} → {after}"


def _change(change: JSON, names: Mapping[str, str]) -> str:
    field, old, new = str(change.get("field")), change.get("old"), change.get("new")
    if field == "confirmation_status" and isinstance(old, dict) and isinstance(new, dict):
        responses = [(person, response) for person, response in new.items() if response != old.get(person)]
        return ", ".join(f"{_name(person, names)} is {response}" for person, response in responses)
    if field == "participant_ids" and isinstance(old, list) and isinstance(new, list):
        joined = [f"+{_name(one, names)}" for one in new if one not in old]
        left = [f"-{_name(one, names)}" for one in old if one not in new]
        return " ".join([*joined, *left])
    return f"{field} {_short(old)} → {_short(new)}"


def _outcome(body: JSON, _: Mapping[str, str]) -> str:
    if body.get("status") == "accepted":
        return f"accepted, version {body.get('version')}"
    errors = "; ".join(f"{error.get('field')}: {error.get('message')}" for error in body.get("errors") or [])
    return f"refused, {body.get('code')}: {errors or body.get('detail') or ''}"


def _reminder(body: JSON, names: Mapping[str, str]) -> str:
    channels = ", ".join(body.get("channels") or [])
    lead = body.get("lead_minutes")
    before = "" if lead is None else f", {lead} min before"
    return f"{_name(body.get('recipient_id'), names)} by {channels}{before}"


def _notification(body: JSON, names: Mapping[str, str]) -> str:
    kind = str(body.get("type", "")).removeprefix("appointment_")
    words = f"{kind}, to {_name(body.get('recipient_id'), names)} by {body.get('channel')}"
    attempts = f", attempt {body['attempts']}" if (body.get("attempts") or 0) > 1 else ""
    why = body.get("reason") or (body.get("decision") if body.get("state") == "planned" else None)
    return words + attempts + (f" ({why})" if why else "")


def _report(body: JSON, names: Mapping[str, str]) -> str:
    data = body.get("data") or {}
    return f"{body.get('type')}: {_name(data.get('recipient'), names)} by {data.get('channel')}"


def _view(body: JSON, _: Mapping[str, str]) -> str:
    return f"the views show version {body.get('version')}"


def _dead_letter(record: Record) -> str:
    story = dict(record.headers)
    error, message = (
        story.get(f"dead-letter-{name}", b"").decode(errors="replace") for name in ("error", "message")
    )
    return f"set aside by {record.topic.removesuffix('.dead-letters')}: {error}: {message[:200]}"


def _redriven(record: Record) -> str:
    edited = record.header("redrive-edited")
    words = f"redriven: {record.header('redrive-reason') or 'no reason given'}"
    return f"{words} (edited: {edited})" if edited else words


def _quoted(title: Any) -> str:
    return f"“{title}”" if title else ""


def _short(value: Any) -> str:
    shown = "nothing" if value in (None, "", [], {}) else value if isinstance(value, str) else str(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


_DESCRIPTIONS: dict[str, Callable[[JSON, Mapping[str, str]], str]] = {
    "booking.commands": _command,
    "notifier.commands": _command,
    "booking.events": _event,
    "booking.outcomes": _outcome,
    "notifier.outcomes": _outcome,
    "reminders.events": _reminder,
    "notifier.events": _notification,
    "communication.events": _report,
    "projector.events": _view,
}
