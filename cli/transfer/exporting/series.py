"""A series as it stands, as the entry that books it again."""

import re
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from cli.transfer.entries import JSON, Entry
from cli.transfer.exporting.states import FIELDS, answers, begins, content, instant, is_confirmed
from cli.transfer.recurring import pattern_of, still_to_come, wall_clock
from scheduling.recurrence import Recurrence, shift, starts

_A_SECOND = timedelta(seconds=1)
_INSTANT = "%Y%m%dT%H%M%SZ"
_UNTIL = re.compile(r"(?<=UNTIL=)[0-9]{8}T[0-9]{6}Z")
_AT_MOST = 10_000  # occurrences; a series has 750


def series_entry(state: JSON, left: Sequence[JSON], since: datetime) -> tuple[Entry | None, list[JSON]]:
    """The series from `since` on, and of `left` (its open occurrences) what the pattern from then on does not have.

    Occurrences that were cancelled, or never booked, are taken out of the pattern.
    """
    whole = still_to_come(_recurrence(state), since)
    if whole is None:
        return None, list(left)
    zone, moved = whole.timezone, _moved_by(whole, left)
    ahead = starts(whole, after=since - _A_SECOND, until=_booked_until(state, left), at_most=_AT_MOST)
    by_original = {instant(one["original_start_time"]): one for one in left}
    own = {shift(start, zone, moved): by_original.pop(start) for start in ahead if start in by_original}
    if not own:
        return None, list(left)
    names = {shift(start, zone, moved) for start in (*ahead, *whole.exdates)}
    recurrence = Recurrence(
        whole.local_start + moved,
        zone,
        _rule(whole, moved, max(own) if state.get("ended") else None),
        tuple(sorted(names - own.keys())),
        tuple(shift(one, zone, moved) for one in whole.rdates),
    )
    return _entry(state, recurrence, own), list(by_original.values())


def _entry(state: JSON, recurrence: Recurrence, own: dict[datetime, JSON]) -> Entry:
    first = own[min(own)]
    length, alike = _length(first), _alike(own.values())
    changes = [_change(name, one, first, length, alike=alike) for name, one in sorted(own.items())]
    times = {
        "start_time": recurrence.local_start.isoformat(),
        "end_time": (recurrence.local_start + length).isoformat(),
        "timezone": recurrence.timezone,
    }
    return Entry(
        "",
        {**content(first), **times, "recurring_pattern": pattern_of(recurrence)},
        uid=first["id"],
        organizer=state["organizer_id"],
        answers=answers(first) if alike else {},
        confirmed=alike and is_confirmed(first),
        changes=[change for change in changes if change],
    )


def _change(name: datetime, one: JSON, first: JSON, length: timedelta, *, alike: bool) -> JSON:
    """Return the body of the update of an occurrence (`name`: its original start, UTC); empty if none is needed."""
    changed: JSON = {field: one.get(field) for field in FIELDS if one.get(field) != first.get(field)}
    if begins(one) != name or _length(one) != length:
        changed |= {"start_time": one["start_time"], "end_time": one["end_time"]}
    responses = {} if alike else answers(one)
    if responses:
        changed["confirmation_status"] = responses
    if one.get("waiting"):
        changed["waiting"] = one["waiting"]
    return {"original_start_time": name.isoformat().replace("+00:00", "Z"), **changed} if changed else {}


def _recurrence(state: JSON) -> Recurrence:
    return Recurrence(
        datetime.fromisoformat(state["local_start"]),
        state["timezone"],
        state["rrule"],
        tuple(map(instant, state["exdates"])),
        tuple(map(instant, state["rdates"])),
    )


def _moved_by(recurrence: Recurrence, left: Sequence[JSON]) -> timedelta:
    """Return the offset of most occurrences' wall clock from the pattern's, where a pattern can express it.

    It can while the day stays the same and the rule names no hours.
    """
    rule = recurrence.rrule or ""
    if "BYHOUR" in rule or "BYMINUTE" in rule:
        return timedelta()
    moves = Counter(
        wall_clock(begins(one), recurrence.timezone)
        - wall_clock(instant(one["original_start_time"]), recurrence.timezone)
        for one in left
    )
    [(most, _)] = moves.most_common(1)
    same_day = (recurrence.local_start + most).date() == recurrence.local_start.date()
    return most if same_day else timedelta()


def _booked_until(state: JSON, left: Sequence[JSON]) -> datetime:
    """Return the time up to which occurrences exist; later ones were not removed from the series."""
    last = max(instant(one["original_start_time"]) for one in left)
    if state.get("booked_until"):
        return last if state.get("ended") else instant(state["booked_until"])
    return last + timedelta(days=366 * 5)


def _rule(whole: Recurrence, moved: timedelta, last: datetime | None) -> str:
    """The rule, whose end moves with its occurrences; one without end that was ended by hand ends with `last`'s day."""
    rule, zone = whole.rrule or "", whole.timezone
    if last is not None and whole.endless:
        return f"{rule};UNTIL={wall_clock(last, zone):%Y%m%d}"
    until = _UNTIL.search(rule)
    if until is None:
        return rule
    end = shift(datetime.strptime(until.group(), _INSTANT).replace(tzinfo=UTC), zone, moved)
    return _UNTIL.sub(f"{end:{_INSTANT}}", rule)


def _length(one: JSON) -> timedelta:
    return instant(one["end_time"]) - begins(one)


def _alike(occurrences: Any) -> bool:
    """Return whether the responses and the status are the same for all occurrences."""
    states = [(answers(one), one["status"]) for one in occurrences]
    return all(one == states[0] for one in states)
