"""What becomes of an entry: a command with a stable id, and the commands that follow once it has been decided.

The appointment's id follows from the organization and the entry's name at its source (a UUID is taken as it is; without
a name its content names it), so an entry is booked once, however often and in whatever state its file is imported. The
command's id follows from that and the content: the same entry again gets the same outcome, a corrected one a new decision.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import orjson

from cli.moving.entries import JSON, Entry, Problem, uuid_in
from cli.moving.roster import Member, Roster
from contracts.catalog import COMMANDS, problems
from contracts.envelope import Envelope, Message
from contracts.ids import uuid5
from contracts.outcomes import Code
from contracts.series import OnConflict
from scheduling.wallclock import NonexistentTime, resolve

CREATE = "appointment.create"
SOURCE = "appointments/import"


@dataclass(frozen=True, slots=True)
class Planned:
    """An entry that can be sent: on whose behalf, the command's id, and its record."""

    entry: Entry
    organizer: Member
    command_id: UUID
    body: JSON
    message: Message


def planned(entry: Entry, roster: Roster, owner: Member | None, attempt: int) -> Planned | Problem:
    """The create that an entry becomes, or why it cannot be sent. Participants whom nobody knows are left out and noted."""
    organizer = roster.find(entry.organizer) if entry.organizer else owner
    if organizer is None:
        return _problem(entry, Code.UNKNOWN_USER, _nobody(entry.organizer))
    people, notes = _people(entry, organizer, roster)
    if isinstance(people, Problem):
        return people
    body: JSON = {"ignore_availability": True, **entry.body, "organizer_id": organizer.id}
    if "participant_ids" in body:
        body["participant_ids"] = people
    if body.get("recurring_pattern"):
        body.setdefault("on_conflict", OnConflict.SKIP.value)
    try:
        digest = _digest(entry, body)
    except (TypeError, ValueError):
        return _problem(entry, "encoding", "The text is not UTF-8.")
    body["appointment_id"] = str(_appointment_id(entry, organizer, digest))
    command_id = uuid5(UUID(body["appointment_id"]), f"import {attempt} {digest}")
    message = _message(CREATE, command_id, organizer, body)
    wrong = problems(COMMANDS[CREATE], message.headers, message.value or b"")
    if wrong:
        errors = [one.model_dump() for one in wrong]
        return _problem(entry, Code.INVALID, f"{len(wrong)} field(s) are not as they should be.", errors)
    return Planned(replace(entry, notes=(*entry.notes, *notes)), organizer, command_id, body, message)


def begins(plan: Planned) -> datetime | None:
    """When a single appointment begins (UTC); None for a series, and for a local time that there is not."""
    start = datetime.fromisoformat(plan.body["start_time"])
    if start.tzinfo is not None:
        return start.astimezone(UTC)
    zone = ZoneInfo(plan.body.get("timezone") or plan.organizer.timezone)
    try:
        return resolve(start, zone, plan.body.get("fold", 0))
    except (NonexistentTime, OverflowError):
        return None


def follow_ups(plan: Planned, outcome: Mapping[str, Any], roster: Roster) -> list[Message]:
    """The commands that finish what the create began: changes of single occurrences, then what people answered."""
    appointment_id = str(outcome.get("appointment_id"))
    followed = [
        *_changed_occurrences(plan, outcome, roster),
        *_answered(plan.entry.answers, appointment_id, roster, _scope(plan)),
        *_confirmed(plan, appointment_id),
    ]
    return [
        _message(kind, uuid5(plan.command_id, f"then {number}"), member, body)
        for number, (kind, member, body) in enumerate(followed)
    ]


FollowUp = tuple[str, Member, JSON]


def _scope(plan: Planned) -> JSON:
    return {"scope": "all"} if plan.body.get("recurring_pattern") else {}


def _changed_occurrences(plan: Planned, outcome: Mapping[str, Any], roster: Roster) -> Iterator[FollowUp]:
    """An update for each occurrence that differs, and its own answers; one that was not booked is passed over."""
    booked = {
        _instant(one["original_start_time"]): one["appointment_id"] for one in outcome.get("occurrences", ())
    }
    for change in plan.entry.changes:
        fields = dict(change)
        target = booked.get(_instant(fields.pop("original_start_time", None)))
        answers = fields.pop("confirmation_status", None) or {}
        if target is None:
            continue
        if "participant_ids" in fields:
            found = (roster.find(who) for who in fields["participant_ids"] or ())
            fields["participant_ids"] = [member.id for member in found if member is not None]
        if fields:
            update = {"ignore_availability": True, **fields, "appointment_id": target}
            yield "appointment.update", plan.organizer, update
        yield from _answered(answers, target, roster, {})


def _answered(
    answers: Mapping[str, str], appointment_id: str, roster: Roster, scope: JSON
) -> Iterator[FollowUp]:
    kinds = {"confirmed": "appointment.confirm", "declined": "appointment.decline"}
    for who, said in answers.items():
        member = roster.find(who)
        if member is not None and said in kinds:
            yield kinds[said], member, {"appointment_id": appointment_id, **scope}


def _confirmed(plan: Planned, appointment_id: str) -> Iterator[FollowUp]:
    """The organizer's word, where the participants' answers do not say it already."""
    answered = set(plan.entry.answers.values())
    complete = (
        len(plan.entry.answers) == len(plan.body.get("participant_ids", ())) and "confirmed" in answered
    )
    if plan.entry.confirmed and plan.body.get("participant_ids") and not complete:
        yield "appointment.confirm", plan.organizer, {"appointment_id": appointment_id, **_scope(plan)}


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
    content = [body, dict(entry.answers), entry.confirmed, list(entry.changes)]
    return hashlib.sha256(orjson.dumps(content, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _appointment_id(entry: Entry, organizer: Member, digest: str) -> UUID:
    return uuid_in(entry.uid) or uuid5(organizer.organization, f"import {entry.uid or digest}")


def _message(kind: str, identifier: UUID, actor: Member, body: JSON) -> Message:
    envelope = Envelope(
        id=identifier,
        type=kind,
        source=SOURCE,
        organization=actor.organization,
        actor=actor.id,
        correlation_id=str(identifier),
    )
    return envelope.message(COMMANDS[kind].topic.name, orjson.dumps(body))


def _problem(entry: Entry, code: str, detail: str, errors: Sequence[JSON] = ()) -> Problem:
    title = entry.body.get("title")
    return Problem(entry.place, str(code), detail, entry.uid, str(title)[:80] if title else None, errors)


def _instant(text: Any) -> datetime | None:
    try:
        instant = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
