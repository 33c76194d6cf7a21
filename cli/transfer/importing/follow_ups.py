"""The commands after an accepted create: changes of single occurrences, then people's responses."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from cli.transfer.entries import JSON
from cli.transfer.importing.commands import command
from cli.transfer.importing.planning import Planned
from cli.transfer.roster import Member, Roster
from contracts.envelope import Message
from contracts.ids import uuid5
from scheduling.wallclock import moved_out_of_gaps

FollowUp = tuple[str, Member, JSON]


def follow_ups(plan: Planned, outcome: Mapping[str, Any], roster: Roster) -> list[Message]:
    """Return the commands that complete the create: changes of single occurrences, then people's responses."""
    appointment_id = str(outcome.get("appointment_id"))
    followed = [
        *_changed_occurrences(plan, outcome, roster),
        *_answered(plan.entry.answers, appointment_id, roster, _scope(plan)),
        *_confirmed(plan, appointment_id),
        *_queued(plan.entry.waiting, appointment_id, roster),
    ]
    return [
        command(kind, uuid5(plan.command_id, f"then {number}"), member, body)
        for number, (kind, member, body) in enumerate(followed)
    ]


def _scope(plan: Planned) -> JSON:
    return {"scope": "all"} if plan.body.get("recurring_pattern") else {}


def _changed_occurrences(plan: Planned, outcome: Mapping[str, Any], roster: Roster) -> Iterator[FollowUp]:
    """An update for each occurrence that differs, and its own answers; one that was not booked is passed over."""
    zone = ZoneInfo(plan.body.get("timezone") or plan.organizer.timezone)
    booked = {
        _instant(one["original_start_time"], zone): one["appointment_id"]
        for one in outcome.get("occurrences", ())
    }
    for change in plan.entry.changes:
        fields = dict(change)
        target = booked.get(_instant(fields.pop("original_start_time", None), zone))
        answers, waiting = fields.pop("confirmation_status", None) or {}, fields.pop("waiting", None) or ()
        if target is None:
            continue
        if "participant_ids" in fields:
            found = (roster.find(who) for who in fields["participant_ids"] or ())
            fields["participant_ids"] = [member.id for member in found if member is not None]
        if fields:
            update = {"ignore_availability": True, **fields, "appointment_id": target}
            yield "appointment.update", plan.organizer, update
        yield from _answered(answers, target, roster, {})
        yield from _queued(waiting, target, roster)


def _answered(
    answers: Mapping[str, str], appointment_id: str, roster: Roster, scope: JSON
) -> Iterator[FollowUp]:
    kinds = {"confirmed": "appointment.confirm", "declined": "appointment.decline"}
    for person, response in answers.items():
        member = roster.find(person)
        if member is not None and response in kinds:
            yield kinds[response], member, {"appointment_id": appointment_id, **scope}


def _queued(waiting: Iterable[str], appointment_id: str, roster: Roster) -> Iterator[FollowUp]:
    """Yield a join for each person of the waiting list, in the same order."""
    for member in map(roster.find, waiting):
        if member is not None:
            yield "appointment.join", member, {"appointment_id": appointment_id, "wait": True}


def _confirmed(plan: Planned, appointment_id: str) -> Iterator[FollowUp]:
    """Yield the organizer's confirmation, unless the participants' responses imply it."""
    answered = set(plan.entry.answers.values())
    complete = (
        len(plan.entry.answers) == len(plan.body.get("participant_ids", ())) and "confirmed" in answered
    )
    if plan.entry.confirmed and plan.body.get("participant_ids") and not complete:
        yield "appointment.confirm", plan.organizer, {"appointment_id": appointment_id, **_scope(plan)}


def _instant(text: Any, zone: ZoneInfo) -> datetime | None:
    """An instant, in UTC; a time without offset is the zone's wall clock."""
    try:
        moment = datetime.fromisoformat(str(text))
        return moment.astimezone(UTC) if moment.tzinfo else moved_out_of_gaps(moment, zone)
    except (ValueError, OverflowError):
        return None
