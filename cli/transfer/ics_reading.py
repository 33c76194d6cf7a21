"""Read appointments from iCalendar files.

A file has times, texts, people by their addresses, series with their single changes. It has no answers that are taken
over, no custom fields, no reminders, no seats, no client. Each component of it becomes a part of an entry, or a problem.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import groupby
from typing import BinaryIO
from zoneinfo import ZoneInfo

from cli.transfer.entries import BadFile, Entry, Problem
from cli.transfer.ics_entries import Owner, of_whole, problem
from cli.transfer.roster import Member
from scheduling.expansion import Effort, TooMuchWork
from scheduling.ics.parsing import SIZE_MAX
from scheduling.ics.reading import DAYS_MAX, Note, ReadEvent, Result, Unreadable, components
from scheduling.ics.series import Window, whole

_AHEAD = timedelta(days=366 * 5)


def read(stream: BinaryIO, at: datetime, owner: Member | None) -> Iterator[Entry | Problem]:
    """Yield an entry for each event or series, with its occurrences that differ, and a problem for each other component.

    at: now; what is over is skipped. owner: their declined invitations are skipped, and their zone counts for times
    without one. Raises BadFile for a file that is no calendar.
    """
    raw = stream.read(SIZE_MAX + 1)
    if len(raw) > SIZE_MAX:
        raise BadFile(f"a calendar takes at most {SIZE_MAX:,} bytes; export it in parts")
    zone = owner.timezone if owner else "UTC"
    reader = Owner(
        Window(at, at + _AHEAD, ZoneInfo(zone)),
        Effort(DAYS_MAX),
        frozenset({owner.email.lower()} if owner else ()),
    )
    try:
        found, notes = components(raw, zone)
        yield from map(_note, notes)
        yield from map(_result, found.others)
        events = sorted(found.events, key=lambda event: event.uid)
        for uid, members in groupby(events, key=lambda event: event.uid):
            yield from _of_uid(list(members), found.unread.get(uid, []), reader)
    except (Unreadable, TooMuchWork) as error:
        raise BadFile(str(error)) from error


def _of_uid(members: list[ReadEvent], unread: list[datetime], reader: Owner) -> Iterator[Entry | Problem]:
    try:
        yield from of_whole(whole(members, unread, reader.window, reader.effort), reader)
    except OverflowError:
        for event in members:
            yield replace(
                problem(event, "out_of_range", "Its times lie outside of the calendar."), outcome="failed"
            )


def _result(one: Result) -> Problem:
    return Problem(one.place, one.code, one.detail, one.uid or None, kind=one.kind, outcome=one.fate.value)


def _note(one: Note) -> Problem:
    return Problem(one.place, one.code, one.detail, one.uid or None, kind=one.kind, outcome="note")
