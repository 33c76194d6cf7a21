"""One VEVENT of a calendar, as its times and texts were read."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from scheduling.rrule import RecurrenceRule
from scheduling.wallclock import moved_out_of_gaps


@dataclass(frozen=True, slots=True)
class Length:
    """The length of an event: days keep the wall clock, the rest is elapsed time; of DTEND both are elapsed."""

    days: int = 0
    rest: timedelta = timedelta()

    def after(self, start: datetime) -> datetime:
        """Return the end of what begins then: aware as the start is, of naive times by the wall clock."""
        end = start + timedelta(days=self.days)
        if end.tzinfo is None or not self.rest:
            return end + self.rest
        return moved_out_of_gaps(end.replace(tzinfo=None), end.tzinfo) + self.rest


@dataclass(frozen=True, slots=True)
class Added:
    """An occurrence that a series has beside its rule; `length` if it is one of its own (a period)."""

    start: datetime
    length: Length | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadEvent:
    """One VEVENT: an event, a series (`rrule` or `added`), or with `recurrence_id` one occurrence of the series `uid`.

    Times are aware where the file says their zone; naive where each reader's own zone is meant, as it is for whole days
    (`all_day`, from midnight to midnight). `timezone` is the IANA zone, None for naive times and where only the file
    describes the zone. The texts are without control characters, the addresses without `mailto:`.

    number: its place among the components of the file. nominal: its length, if that is not the time between start and
    end. rule: what `rrule` says. exdays: days on which the series does not take place, whatever its times. recurrence_day:
    the original occurrence is named by its day only. following: it stands for all occurrences from that one on. declined:
    those who have declined, in small letters. notes: what was read otherwise than it is written, by codes.
    """

    number: int
    uid: str
    sequence: int
    start: datetime
    end: datetime
    timezone: str | None
    all_day: bool
    nominal: Length | None
    summary: str
    description: str
    location: str
    url: str
    rrule: str | None
    rule: RecurrenceRule | None
    exdates: tuple[datetime, ...]
    exdays: frozenset[date]
    added: tuple[Added, ...]
    recurrence_id: datetime | None
    recurrence_day: bool
    following: bool
    transparent: bool
    cancelled: bool
    attendees: tuple[str, ...]
    declined: frozenset[str]
    organizer: str | None
    notes: tuple[tuple[str, str], ...]

    @property
    def recurs(self) -> bool:
        """Return whether it is a series."""
        return self.recurrence_id is None and bool(self.rule or self.added)
