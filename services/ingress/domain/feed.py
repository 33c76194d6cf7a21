"""A person's appointments as entries of a calendar for other programs.

A series is one entry with its rule, without the instances in which the person does not take part, and one
entry for each instance that differs from the rule. A client that expands it sees exactly the appointments.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from scheduling.ics.writing import CalendarEntry
from scheduling.recurrence import Recurrence, TooMany, starts

INSTANCES_MAX = 3_000
LONGEST = timedelta(days=5 * 366)  # no series is longer
_STATUS = {"pending": "TENTATIVE", "cancelled": "CANCELLED"}
_ANSWERS = {"pending": "NEEDS-ACTION", "confirmed": "ACCEPTED", "declined": "DECLINED"}

JSON = Mapping[str, Any]
"""An appointment, or a series, as JSON."""


@dataclass(frozen=True, slots=True)
class _Instance:
    """An appointment of a series, and its start by the rule."""

    original: datetime
    entry: CalendarEntry

    @property
    def follows_rule(self) -> bool:
        """Return whether it begins at its start by the rule."""
        return self.entry.start == self.original

    def looks(self) -> tuple[object, ...]:
        """Return the properties that it shares with the others unless it was changed alone."""
        entry = self.entry
        length = entry.end - entry.start
        texts = (entry.summary, entry.description, entry.location, entry.url)
        return (*texts, entry.status, length, entry.timezone, tuple(entry.attendees))


def entries(
    appointments: Iterable[JSON], series: Mapping[str, JSON], names: Mapping[str, str]
) -> list[CalendarEntry]:
    """Return the entries of these appointments; without its `series`, each instance is an entry of its own.

    `names` has names of people by id; a person without a name is shown by address alone.
    """
    found: list[CalendarEntry] = []
    instances: dict[str, list[_Instance]] = {}
    for appointment in appointments:
        entry = _entry(appointment, names)
        if appointment.get("series_id") is None:
            found.append(entry)
        else:
            of = str(appointment["series_id"])
            instances.setdefault(of, []).append(_Instance(_at(appointment["original_start_time"]), entry))
    for identifier, members in instances.items():
        found += _series_entries(identifier, members, series.get(identifier))
    return found


def _entry(appointment: JSON, names: Mapping[str, str]) -> CalendarEntry:
    answers = appointment["confirmation_status"]
    return CalendarEntry(
        uid=str(appointment["id"]),
        sequence=int(appointment["version"]),
        stamp=_at(appointment["updated_at"]),
        start=_at(appointment["start_time"]),
        end=_at(appointment["end_time"]),
        timezone=appointment["timezone"],
        summary=appointment["title"],
        description=appointment["description"],
        location=appointment["location"],
        url=appointment["meeting_url"],
        status=_STATUS.get(appointment["status"], "CONFIRMED"),
        organizer=_person(appointment["organizer_id"], names),
        attendees=[(*_person(person, names), _ANSWERS[answers[person]]) for person in sorted(answers)],
    )


def _series_entries(
    identifier: str, members: Sequence[_Instance], series: JSON | None
) -> Iterator[CalendarEntry]:
    rule = _rule(series, members) if series else None
    if rule is None:
        yield from (_alone(identifier, member) for member in members)
        return
    recurrence, expected = rule
    ours = {member.original for member in members}
    usual = _usual(members)
    master = replace(
        usual.entry,
        uid=identifier,
        stamp=max(member.entry.stamp for member in members),
        start=expected[0],
        end=expected[0] + (usual.entry.end - usual.entry.start),
        timezone=recurrence.timezone,
        recurrence=recurrence,
        exdates=[start for start in expected if start not in ours],
    )
    yield master
    for member in members:
        if not member.follows_rule or member.looks() != usual.looks():
            yield _alone(identifier, member)


def _alone(identifier: str, member: _Instance) -> CalendarEntry:
    return replace(member.entry, uid=identifier, recurrence_id=member.original)


def _usual(members: Sequence[_Instance]) -> _Instance:
    """Return the instance that most others equal, so that few need their own entry; of equals the latest by
    the rule.
    """
    looks = Counter(member.looks() for member in members)
    return max(members, key=lambda member: (looks[member.looks()], member.original))


def _rule(series: JSON, members: Sequence[_Instance]) -> tuple[Recurrence, list[datetime]] | None:
    """Return the rule up to the last appointment, and its starts; None if single entries are shorter."""
    recurrence = Recurrence(
        local_start=datetime.fromisoformat(series["local_start"]),
        timezone=series["timezone"],
        rrule=series["rrule"],
        exdates=(),
        rdates=tuple(map(_at, series["rdates"])),
    )
    last = max(member.original for member in members)
    if recurrence.endless:  # later occurrences are not booked yet
        recurrence = replace(recurrence, rrule=f"{recurrence.rrule};UNTIL={last:%Y%m%dT%H%M%SZ}")
    try:
        expected = starts(recurrence, until=last + LONGEST, at_most=INSTANCES_MAX)
    except TooMany:
        return None
    if not expected or len(members) * 2 < len(expected):
        return None
    return recurrence, expected


def _person(identifier: str, names: Mapping[str, str]) -> tuple[str, str]:
    return names.get(identifier, ""), f"urn:uuid:{identifier}"


def _at(instant: str) -> datetime:
    return datetime.fromisoformat(instant)
