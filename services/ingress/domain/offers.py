"""What is asked about free time."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from scheduling.days import day_of
from services.ingress.domain import queries
from services.ingress.domain.queries import Params

DAYS_MAX = 92
PEOPLE_MAX = 20
DURATION_DEFAULT, DURATION_MAX = 30, 1_440
MODES = ("all", "any")
ZONES_APART = 15 * 3_600
"""Seconds: no local day begins further than that from the day in UTC."""

IsZone = Callable[[str], bool]
"""Whether there is an IANA time zone of that name."""

_FIRST_DAY, _LAST_DAY = date(1970, 1, 2), date(9000, 1, 1)


@dataclass(frozen=True, slots=True)
class OffersQuery:
    """Whose free time (nobody: the caller's), on which local days of `timezone`, both included; `duration` in minutes.

    `timezone` None: where the first person's days begin. `together`: all are free; otherwise the first who is.
    """

    people: tuple[UUID, ...]
    first_day: date
    last_day: date
    duration: int
    timezone: str | None
    together: bool

    def instants(self, timezone: str) -> tuple[int, int]:
        """The first instant of the first day, and that after the last, in seconds since 1970."""
        return (
            day_of(timezone, self.first_day.toordinal()).start,
            day_of(timezone, self.last_day.toordinal()).end,
        )

    @property
    def reach(self) -> tuple[int, int]:
        """What these days are at most, in whatever zone, and how far a slot that starts in the last minute lasts."""
        apart = 0 if self.timezone is not None else ZONES_APART
        first, last = self.instants(self.timezone or "UTC")
        return first - apart, last + apart + 60 * self.duration


@dataclass(frozen=True, slots=True)
class MomentQuery:
    """About one person (None: the caller): from `start`, in seconds since 1970, for `duration` minutes."""

    person: UUID | None
    start: int
    duration: int
    timezone: str | None


class _Reader(queries.Reader):
    def people(self, name: str) -> tuple[UUID, ...]:
        """UUIDs, each once: repeated, or separated by commas."""
        given = [part.strip() for value in self._params.get(name) or () for part in value.split(",")]
        given = list(dict.fromkeys(part for part in given if part))
        if len(given) > PEOPLE_MAX:
            self._wrong(name, "too_long", f"At most {PEOPLE_MAX} people")
            return ()
        try:
            return tuple(dict.fromkeys(map(UUID, given)))
        except ValueError:
            self._wrong(name, "uuid", "Expected UUIDs")
            return ()

    def day(self, name: str) -> date:
        """A date, which must be given."""
        text = self.text(name, 40) or ""
        try:
            found = date.fromisoformat(text)
        except ValueError:
            found = None
        if found is None or found.isoformat() != text or not _FIRST_DAY <= found <= _LAST_DAY:
            self._wrong(name, "date", "Expected a date such as 2027-01-31")
            return _FIRST_DAY
        return found

    def zone(self, is_zone: IsZone) -> str | None:
        """An IANA time zone."""
        value = self.text("timezone", 100)
        if value is not None and not is_zone(value):
            self._wrong("timezone", "unknown_timezone", "Expected an IANA time zone such as Europe/Berlin")
            return None
        return value

    def moment(self, name: str) -> int:
        """An instant in seconds since 1970, which must be given."""
        if not self.text(name, 40):
            self._wrong(name, "missing", "Expected an RFC 3339 time such as 2027-01-31T09:00:00Z")
            return 0
        found = self.instant(name)
        return int(found.timestamp()) if found else 0

    def duration(self) -> int:
        """Minutes."""
        return self.number("duration", 1, DURATION_MAX) or DURATION_DEFAULT

    def check_days(self, first: date, last: date) -> None:
        """Note what is wrong with a range of days."""
        if last < first:
            self._wrong("end_date", "range", "The last day must not be before the first")
        elif (last - first).days >= DAYS_MAX:
            self._wrong("end_date", "range", f"A range is at most {DAYS_MAX} days long")


def offers_query(params: Params, is_zone: IsZone) -> OffersQuery:
    """Read the parameters of a search for free time. Raises InvalidQuery."""
    reader = _Reader(params)
    first, last = reader.day("start_date"), reader.day("end_date")
    if not reader.errors:
        reader.check_days(first, last)
    query = OffersQuery(
        people=reader.people("user_id"),
        first_day=first,
        last_day=last,
        duration=reader.duration(),
        timezone=reader.zone(is_zone),
        together=(reader.one_of("mode", MODES) if params.get("mode") else "all") == "all",
    )
    reader.finish()
    return query


def moment_query(params: Params, is_zone: IsZone) -> MomentQuery:
    """Read the parameters of an explanation. Raises InvalidQuery."""
    reader = _Reader(params)
    query = MomentQuery(reader.uuid("user_id"), reader.moment("at"), reader.duration(), reader.zone(is_zone))
    reader.finish()
    return query


def person_query(params: Params) -> UUID | None:
    """Whose availability is asked for, None: the caller's. Raises InvalidQuery."""
    reader = _Reader(params)
    person = reader.uuid("user_id")
    reader.finish()
    return person
