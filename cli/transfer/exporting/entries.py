"""Open appointments and series as the entries that book them again."""

from collections.abc import Iterator
from datetime import datetime

from cli.transfer.entries import JSON, Entry
from cli.transfer.exporting.history import OPEN, History
from cli.transfer.exporting.series import series_entry
from cli.transfer.exporting.states import answers, begins, content, is_confirmed


def entries(history: History, since: datetime) -> Iterator[Entry]:
    """Yield all that is open and begins at `since` (an instant) or later: single appointments, then series."""
    alone, series = history.appointments(), []
    for state, occurrences in history.series():
        left = [one for one in occurrences if one["status"] in OPEN and begins(one) >= since]
        entry, rest = series_entry(state, left, since) if left else (None, [])
        series += [entry] if entry else []
        alone += rest
    for appointment in sorted(alone, key=lambda one: (one["start_time"], one["id"])):
        if begins(appointment) >= since:
            yield single(appointment)
    yield from series


def single(appointment: JSON) -> Entry:
    """Return the entry of an appointment outside any series."""
    times = {name: appointment[name] for name in ("start_time", "end_time", "timezone")}
    return Entry(
        "",
        {**content(appointment), **times},
        uid=appointment["id"],
        organizer=appointment["organizer_id"],
        answers=answers(appointment),
        confirmed=is_confirmed(appointment),
        waiting=appointment.get("waiting") or (),
    )
