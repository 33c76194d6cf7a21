"""Plan an entry: a command with a stable id, and the commands after its outcome.

The appointment's id follows from the organization and the entry's name at its source (a UUID is taken as it is; without
a name its content names it), so an entry is booked once, however often and in whatever state its file is imported. The
command's id follows from that and the content: the same entry again gets the same outcome, a corrected one a new decision.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson
from pydantic import ValidationError

from cli.transfer.entries import JSON, Entry, Problem, uuid_in
from cli.transfer.importing.commands import command
from cli.transfer.recurring import caught_up, has_begun, length_of, pattern_of, recurrence_in, still_to_come
from cli.transfer.roster import Member, Roster
from contracts.catalog import COMMANDS
from contracts.envelope import Message
from contracts.ids import uuid5
from contracts.outcomes import Code, field_errors
from contracts.series import OnConflict
from scheduling.recurrence import InvalidPattern
from scheduling.wallclock import NonexistentTime, resolve

CREATE = "appointment.create"


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry that can be sent: its organizer, the command's id, and its record."""

    entry: Entry
    organizer: Member
    command_id: UUID
    body: JSON
    message: Message


def planned(
    entry: Entry, roster: Roster, owner: Member | None, *, at: datetime, attempt: int
) -> Planned | Problem:
    """Return the create for an entry, or the reason why it cannot be sent.

    Unknown participants and past occurrences (`at` is now) are left out and noted.
    """
    organizer = roster.find(entry.organizer) if entry.organizer else owner
    if organizer is None and entry.fall_back_to_owner and owner is not None:
        organizer = owner
        instead = _problem(
            entry, Code.UNKNOWN_USER, f"{_nobody(entry.organizer)} {owner.email} organizes it."
        )
        entry = replace(entry, notes=(*entry.notes, instead))
    if organizer is None:
        return _problem(entry, Code.UNKNOWN_USER, _nobody(entry.organizer))
    checked = _checked(entry, organizer, roster)
    if isinstance(checked, Problem):
        return checked
    body, notes = checked
    if body.get("recurring_pattern"):
        ahead = _ahead(entry, body, organizer, at)
        if isinstance(ahead, Problem):
            return ahead
        notes += [_problem(entry, Code.IN_THE_PAST, _BEHIND)] if ahead != body else []
        body = ahead
    return _sendable(replace(entry, notes=(*entry.notes, *notes)), organizer, body, attempt)


_TOO_LONG = frozenset({"too_far", "too_many"})
_BEHIND = "The series has begun; its past occurrences were left out."


def _checked(entry: Entry, organizer: Member, roster: Roster) -> tuple[JSON, list[Problem]] | Problem:
    """Return the body of a create that fits the contract, and a note for each part that was left out."""
    people, notes = _people(entry, organizer, roster)
    if isinstance(people, Problem):
        return people
    body: JSON = {"ignore_availability": True, **entry.body, "organizer_id": organizer.id}
    if "participant_ids" in body:
        body["participant_ids"] = people
    if body.get("recurring_pattern"):
        body.setdefault("on_conflict", OnConflict.SKIP.value)
    return _wrong(entry, body) or (body, notes)


def _wrong(entry: Entry, body: JSON) -> Problem | None:
    try:
        COMMANDS[CREATE].body.model_validate_json(orjson.dumps(body))
    except ValidationError as error:
        errors = [one.model_dump() for one in field_errors(error)]
        return _problem(entry, Code.INVALID, f"{len(errors)} field(s) are wrong.", errors)
    except (TypeError, ValueError):
        return _problem(entry, "encoding", "The text is not UTF-8.")
    return None


def _ahead(entry: Entry, body: JSON, organizer: Member, at: datetime) -> JSON | Problem:
    """Return the body of a series without its past."""
    zone = body.get("timezone") or organizer.timezone
    try:
        recurrence = recurrence_in(body, zone)
    except InvalidPattern as error:
        if error.code in _TOO_LONG and (shorter := _caught_up(body, zone, at)):
            return _ahead(entry, shorter, organizer, at)
        wrong = {
            "field": f"recurring_pattern.{error.field}",
            "code": error.code,
            "message": error.message,
        }
        return _problem(entry, Code.INVALID, error.message, [wrong])
    if not has_begun(recurrence, at):
        return body
    left = still_to_come(recurrence, at)
    if left is None:
        return _problem(entry, Code.IN_THE_PAST, "The series is over.")
    start = left.local_start
    times = {
        "start_time": start.isoformat(),
        "end_time": (start + length_of(body["start_time"], body["end_time"])).isoformat(),
        "timezone": left.timezone,
    }
    return {**body, **times, "recurring_pattern": pattern_of(left)}


def _caught_up(body: JSON, zone: str, at: datetime) -> JSON | None:
    try:
        return caught_up(body, zone, at)
    except InvalidPattern:
        return None


def _sendable(entry: Entry, organizer: Member, body: JSON, attempt: int) -> Planned:
    digest = _digest(entry, body)
    body["appointment_id"] = str(_appointment_id(entry, organizer, digest))
    command_id = uuid5(UUID(body["appointment_id"]), f"import {attempt} {digest}")
    return Planned(entry, organizer, command_id, body, command(CREATE, command_id, organizer, body))


def begins(plan: Planned) -> datetime | None:
    """Return the start of a single appointment (UTC); None for a series, and for a local time that does not exist."""
    start = datetime.fromisoformat(plan.body["start_time"])
    if start.tzinfo is not None:
        return start.astimezone(UTC)
    zone = ZoneInfo(plan.body.get("timezone") or plan.organizer.timezone)
    try:
        return resolve(start, zone, plan.body.get("fold", 0))
    except (NonexistentTime, OverflowError):
        return None


def _people(entry: Entry, organizer: Member, roster: Roster) -> tuple[list[str] | Problem, list[Problem]]:
    given = entry.body.get("participant_ids") or []
    if not isinstance(given, list):
        return _problem(entry, Code.INVALID, "participant_ids is a list."), []
    found: dict[str, None] = {}
    notes = []
    for who in given:
        member = roster.find(who)
        if member is None or member.organization != organizer.organization:
            notes.append(_problem(entry, Code.UNKNOWN_USER, f"{_nobody(who)} Left out."))
        elif member.id != organizer.id:
            found[member.id] = None
    return list(found), notes


def _nobody(who: Any) -> str:
    if who is None:
        return "It has no organizer, and no --owner was given."
    return f"Nobody active in the organization is {str(who)[:200]!r}."


def _digest(entry: Entry, body: JSON) -> str:
    content = [body, dict(entry.answers), entry.confirmed, list(entry.waiting), list(entry.changes)]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _appointment_id(entry: Entry, organizer: Member, digest: str) -> UUID:
    return uuid_in(entry.uid) or uuid5(organizer.organization, f"import {entry.uid or digest}")


def _problem(entry: Entry, code: str, detail: str, errors: Sequence[JSON] = ()) -> Problem:
    title = entry.body.get("title")
    return Problem(entry.place, str(code), detail, entry.uid, str(title)[:80] if title else None, errors)
