"""The pattern of a series of a calendar, as booking takes it: by its rule where that says the same, else by its dates."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cli.transfer.entries import JSON
from scheduling.expansion import Effort
from scheduling.ics.clocks import key_of
from scheduling.ics.described import LocalZone
from scheduling.ics.events import day_of
from scheduling.ics.reading import ReadEvent
from scheduling.ics.series import Whole, Window
from scheduling.ics.zone_names import available
from scheduling.recurrence import DATES_MAX

_ONCE = "FREQ=DAILY;COUNT=1"  # for a series that is nothing but dates
_YEARS = timedelta(days=366 * 5)
_BY_TIME = ("BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS")
_A_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Row:
    """An occurrence by the pattern: the instant of its original start, its times (instants), and whether it stands."""

    original: datetime
    start: datetime
    end: datetime
    stands: bool


@dataclass(frozen=True, slots=True)
class Segment:
    """The part of a series from a change of all that follow (`event`; at first the series itself) to the next (`until`).

    moved: how far its occurrences are from where the pattern of `master` puts them, on the wall clock.
    """

    master: ReadEvent
    event: ReadEvent
    rows: list[Row]
    until: datetime | None
    moved: timedelta


@dataclass(frozen=True, slots=True)
class Pattern:
    """The times of a series in the body of a create, the length of its occurrences, and notes by codes."""

    body: JSON
    length: timedelta
    notes: tuple[tuple[str, str], ...] = ()


def segments(group: Whole, window: Window, effort: Effort) -> Iterator[Segment]:
    """Yield the parts of a series, each with its occurrences in the window."""
    master = group.master
    if master is None:
        return
    rows: dict[int, list[Row]] = {}
    for one, stands in group.pattern(window, effort, _YEARS):
        original = window.instant(one.original or master.start)
        rows.setdefault(one.event.number, []).append(Row(original, one.start, one.end, stands))
    begins = [window.instant(at) for at, _ in group.following]
    for place, (original, event) in enumerate([(master.start, master), *group.following]):
        until = begins[place] if place < len(begins) else None
        moved = event.start.replace(tzinfo=None) - _like(event.start, original)
        found = sorted(rows.get(event.number, ()), key=lambda row: row.start)
        yield Segment(master, event, found, until, moved)


def _like(start: datetime, original: datetime) -> datetime:
    """The original start on the wall clock of the new one."""
    if original.tzinfo is None or start.tzinfo is None or original.tzinfo is start.tzinfo:
        return original.replace(tzinfo=None)
    return original.astimezone(UTC).astimezone(start.tzinfo).replace(tzinfo=None)


def body_of(segment: Segment, ahead: Sequence[Row], window: Window) -> Pattern | str:
    """Return the pattern of a segment, of which `ahead` lies in the future; a sentence if it cannot be booked."""
    zone = _zone(segment, window)
    text = _rule(segment, window) if zone or segment.event.start.tzinfo is None else None
    if text is None:
        return _by_dates(segment, ahead, zone)
    return _by_rule(segment, ahead, text, zone, window)


def _zone(segment: Segment, window: Window) -> str | None:
    """The IANA zone whose clock shows every occurrence as that of the file does."""
    zone = segment.event.start.tzinfo
    if not isinstance(zone, LocalZone):
        return segment.event.timezone
    year = window.first.year
    if key := key_of(zone, range(year, year + 6)):
        return key
    own = getattr(window.zone, "key", "UTC")
    times = [(row.start, row.start.astimezone(zone).replace(tzinfo=None)) for row in segment.rows]
    for key in (own, *sorted(available())):
        if all(at.astimezone(ZoneInfo(key)).replace(tzinfo=None) == local for at, local in times):
            return key
    return None


def _rule(segment: Segment, window: Window) -> str | None:
    """The rule of the segment, ended where the next begins; None where it is not the rule of the series any more."""
    rule, event = segment.master.rule, segment.event
    if rule is None or segment.master.rrule is None:
        return None
    parts = segment.master.rrule.split(";")
    shifted = event is not segment.master
    if shifted and (segment.moved.days != 0 or any(part.startswith(_BY_TIME) for part in parts)):
        return None
    if shifted and _crosses_midnight(segment):
        return None
    bare = [part for part in parts if not part.startswith(("COUNT=", "UNTIL="))]
    if segment.until is not None:
        last = max((row.start for row in segment.rows), default=segment.until - _A_SECOND)
        return ";".join([*bare, f"UNTIL={last:%Y%m%dT%H%M%SZ}"])
    if shifted and len(bare) < len(parts):
        last = segment.rows[-1].start
        return ";".join([*bare, f"UNTIL={last:%Y%m%dT%H%M%SZ}"])
    if segment.master.all_day and isinstance(rule.until, datetime):
        return ";".join([*bare, f"UNTIL={day_of(rule.until, window.zone):%Y%m%d}"])
    return segment.master.rrule


def _crosses_midnight(segment: Segment) -> bool:
    event = segment.event
    new = event.start.replace(tzinfo=None)
    return (new - segment.moved).date() != new.date()


def _by_rule(segment: Segment, ahead: Sequence[Row], text: str, zone: str | None, window: Window) -> Pattern:
    """By the rule, from the start of the series; from the first occurrence ahead after a change of all that follow."""
    event = segment.event
    if event is segment.master:
        start, end = event.start, event.end
        if isinstance(start.tzinfo, LocalZone):
            start, end = (at.replace(tzinfo=ZoneInfo(zone or "UTC")) for at in (start, end))
        length = window.instant(end) - window.instant(start)
    else:
        clock = ZoneInfo(zone) if zone else None
        start, end = (
            at.astimezone(clock or window.zone).replace(tzinfo=clock) for at in (ahead[0].start, ahead[0].end)
        )
        length = ahead[0].end - ahead[0].start
    body: JSON = {"start_time": start.isoformat(), "end_time": end.isoformat()}
    if zone:
        body["timezone"] = zone
    pattern: JSON = {"rrule": text}
    gone = _gone(segment, ahead)
    added = {window.instant(one.start) for one in segment.master.added}
    dates = [row.start for row in ahead if row.original in added]
    for name, times in (("exdates", gone), ("rdates", dates)):
        if times:
            pattern[name] = [_shown(at, zone, window) for at in sorted(times)]
    return Pattern({**body, "recurring_pattern": pattern}, length)


def _gone(segment: Segment, ahead: Sequence[Row]) -> set[datetime]:
    """The starts that the rule names and that do not take place; those beyond the window too."""
    kept = {row.start for row in ahead}
    return {row.start for row in segment.rows if not row.stands and row.start not in kept}


def _shown(at: datetime, zone: str | None, window: Window) -> str:
    """An instant on the clock of the series."""
    local = at.astimezone(ZoneInfo(zone) if zone else window.zone)
    return (local if zone else local.replace(tzinfo=None)).isoformat()


def _by_dates(segment: Segment, ahead: Sequence[Row], zone: str | None) -> Pattern | str:
    """By the times of its occurrences, where no zone or rule of ours says the same: instants, where no zone does."""
    if len(ahead) > DATES_MAX:
        return f"Its {len(ahead):,} times follow no zone that has a name; a series by dates has at most {DATES_MAX}."
    first = ahead[0]
    pattern: JSON = {"rrule": _ONCE}
    if ahead[1:]:
        pattern["rdates"] = [row.start.isoformat() for row in ahead[1:]]
    start, end = (at.astimezone(ZoneInfo(zone)) if zone else at for at in (first.start, first.end))
    body = {
        "start_time": start.isoformat(),
        "end_time": end.isoformat(),
        **({"timezone": zone} if zone else {}),
        "recurring_pattern": pattern,
    }
    rule = segment.master.rule
    notes: tuple[tuple[str, str], ...] = ()
    if rule is not None and rule.until is None and rule.count is None and segment.until is None:
        last = ahead[-1].start
        notes = (("cut", f"It has no end; its times until {last:%Y-%m-%d} are booked, as dates."),)
    return Pattern(body, first.end - first.start, notes)
