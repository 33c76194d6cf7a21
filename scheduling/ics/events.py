"""The events of an iCalendar file, as they are written; each other component with its reason."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from hashlib import sha256
from itertools import chain

from scheduling.expansion import TooMuchWork
from scheduling.ics import values
from scheduling.ics.clocks import Clocks, key_at, key_of
from scheduling.ics.event import Added, Length, ReadEvent
from scheduling.ics.loose_rule import loosely
from scheduling.ics.parsing import CALENDAR, EVENT, ZONE, Component, Unreadable
from scheduling.ics.properties import OF_TIME, Property
from scheduling.ics.results import SKIPPED, Fate, Refused, Result
from scheduling.rrule import InvalidPattern, RecurrenceRule

ADDRESSES_MAX = 1_000
COUNT_MAX = 100_000
_YEARS_OF_A_SERIES = 6
_MIDNIGHTS = frozenset({time(0), time(23, 59, 59)})


@dataclass(slots=True)
class Components:
    """The events that were read, in their order, and the results of all other components.

    unread: originals, by uid, of occurrences whose own components cannot be read: they do not take place as the series
    says.
    """

    events: list[ReadEvent] = field(default_factory=list)
    others: list[Result] = field(default_factory=list)
    unread: dict[str, list[datetime]] = field(default_factory=dict)


def components_of(calendars: Iterable[tuple[Component, Clocks]], zone: tzinfo) -> Components:
    """Return what stands in the calendars; `zone` is the reader's own."""
    found = Components()
    for calendar, clocks in calendars:
        withdrawn = calendar.value("METHOD").strip().upper() == "CANCEL"
        for component in calendar.components:
            if component.name in (ZONE, CALENDAR):
                continue
            try:
                found.events.append(_Reader(component, clocks, zone).event(withdrawn))
            except TooMuchWork:
                raise Unreadable(
                    "too_much", "The dates and time zones of the calendar are too many."
                ) from None
            except Refused as error:
                found.others.append(_result(component, error))
                _note_unread(found, component, clocks, zone)
    return found


def _note_unread(found: Components, component: Component, clocks: Clocks, zone: tzinfo) -> None:
    """Note the occurrence of a component that cannot be read, if at least that can."""
    if component.name == EVENT and (original := component.first("RECURRENCE-ID")):
        try:
            moment = _Reader(component, clocks, zone).moment(original)[0]
            found.unread.setdefault(_uid(component), []).append(moment)
        except (ValueError, OverflowError):
            return


def _result(component: Component, error: Refused) -> Result:
    return Result(component.number, component.name, _uid(component), error.fate, error.code, error.detail)


def _uid(component: Component) -> str:
    return values.text(component.value("UID"))


class _Reader:
    """Reads one component; its clocks' guesses are noted."""

    def __init__(self, component: Component, clocks: Clocks, zone: tzinfo) -> None:
        self._component = component
        self._clocks = clocks
        self._zone = zone
        self._guesses: dict[str, None] = {}

    def event(self, withdrawn: bool) -> ReadEvent:
        """Return the event. Raises Refused, TooMuchWork."""
        if self._component.name != EVENT:
            raise Refused("not_an_event", SKIPPED["not_an_event"], Fate.SKIPPED)
        doubtful = [name for name in self._component.broken if name in OF_TIME]
        if doubtful:
            raise Refused("malformed", _malformed(doubtful[0]))
        try:
            return self._event(withdrawn)
        except (Refused, TooMuchWork):
            raise
        except InvalidPattern as error:
            raise Refused(error.code, f"RRULE: {error.message}") from None
        except OverflowError:
            raise Refused("out_of_range", "Its times lie outside of the calendar.") from None

    def _event(self, withdrawn: bool) -> ReadEvent:
        component = self._component
        if "EXRULE" in component.properties:
            raise Refused("exrule", "EXRULE, which RFC 5545 has dropped, is not read.")
        start, all_day = self._time("DTSTART")
        end, nominal = self._end(start, all_day)
        summary = values.text(component.value("SUMMARY"))
        again = component.first("RECURRENCE-ID")
        rrule, rule = self._rule(start)
        exdates, exdays = self._left_out(start, all_day)
        original, by_day = self._original(again)
        added = tuple(self._added(start, all_day))
        recurs = bool(rule or added)
        people = component.properties.get("ATTENDEE", [])[:ADDRESSES_MAX]
        return ReadEvent(
            number=component.number,
            uid=_uid(component) or _made_up_uid(start, end, summary),
            sequence=_number(component.value("SEQUENCE")),
            start=start,
            end=end,
            timezone=_key(start, end, recurs=recurs),
            all_day=all_day,
            nominal=nominal,
            summary=summary,
            description=values.text(component.value("DESCRIPTION")),
            location=values.text(component.value("LOCATION")),
            url=values.text(component.value("URL")),
            rrule=rrule,
            rule=rule,
            exdates=exdates,
            exdays=exdays,
            added=added,
            recurrence_id=original,
            recurrence_day=by_day,
            following=_is_about_following(again),
            transparent=component.value("TRANSP").strip().upper() == "TRANSPARENT",
            cancelled=withdrawn or component.value("STATUS").strip().upper() == "CANCELLED",
            attendees=tuple(chain.from_iterable(map(_addresses, people))),
            declined=_declined(people),
            organizer=next(
                chain.from_iterable(map(_addresses, component.properties.get("ORGANIZER", ()))), None
            ),
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterator[tuple[str, str]]:
        for guess in self._guesses:
            yield "zone_guessed", guess
        for name in dict.fromkeys(self._component.broken):
            yield "left_out", f"{name} cannot be read, and was left out."
        if self._component.damaged:
            yield "encoding", "A text is not UTF-8; its wrong bytes are shown by their numbers."

    def moment(self, found: Property) -> tuple[datetime, bool]:
        """The time, or the midnight that a date begins with, and whether it is a date."""
        return self._in_its_zone(values.moment(found.value), found)

    def _time(self, name: str) -> tuple[datetime, bool]:
        found = self._component.first(name)
        if found is None:
            raise Refused("no_start", f"It has no {name}.")
        with _about(name):
            return self.moment(found)

    def _in_its_zone(
        self, moment: date | datetime, found: Property, like: datetime | None = None
    ) -> tuple[datetime, bool]:
        """A date where a time is meant (`like` the start) is the start's time on that day; a time without zone its clock's."""
        if not isinstance(moment, datetime):
            return datetime.combine(moment, like.timetz() if like else time()), True
        tzid = found.parameters.get("TZID")
        if moment.tzinfo is not None:
            return moment, False
        if tzid:
            clock = self._clocks.find(tzid)
            if clock.guess:
                self._guesses[clock.guess] = None
            moment = moment.replace(tzinfo=clock.zone)
            moment.utcoffset()
            return moment, False
        return moment.replace(tzinfo=like.tzinfo if like else None), False

    def _end(self, start: datetime, all_day: bool) -> tuple[datetime, Length | None]:
        """By DTEND or DURATION; without both a day, or nothing. Of a duration also what it is."""
        component, nominal = self._component, None
        if component.first("DTEND"):
            end, is_date = self._time("DTEND")
            if is_date != all_day or (end.tzinfo is None) != (start.tzinfo is None):
                raise Refused("mixed_times", "DTSTART and DTEND are times of two kinds.")
        elif component.first("DURATION"):
            with _about("DURATION"):
                nominal = Length(*values.duration(component.value("DURATION")))
            if all_day:
                nominal = Length(nominal.days - (-nominal.rest // timedelta(days=1)))
            end = nominal.after(start)
        else:
            end = start + timedelta(days=1 if all_day else 0)
        if end < start:
            raise Refused("ends_before_start", "It ends before it begins.")
        if all_day and end == start:
            end = start + timedelta(days=1)
        return end, Length((end - start).days) if all_day else nominal

    def _rule(self, start: datetime) -> tuple[str | None, RecurrenceRule | None]:
        found = {
            rule[0]: rule
            for one in self._component.properties.get("RRULE", ())
            if (rule := loosely(one.value, start, COUNT_MAX, self._clocks.effort))
        }
        if len(found) > 1:
            raise Refused("several_rules", "It has several rules, which no series here can have.")
        return next(iter(found.values()), (None, None))

    def _left_out(self, start: datetime, all_day: bool) -> tuple[tuple[datetime, ...], frozenset[date]]:
        dates, days = [], set()
        for found in self._component.properties.get("EXDATE", ()):
            with _about("EXDATE"):
                for moment in values.moments(found.value, self._clocks.effort):
                    at, is_date = self._in_its_zone(moment, found, start)
                    if is_date:
                        days.add(at.date())
                    dates.append(self._midnight(at) if all_day else at)
        return tuple(dates), frozenset(days)

    def _added(self, start: datetime, all_day: bool) -> Iterator[Added]:
        for found in self._component.properties.get("RDATE", ()):
            with _about("RDATE"):
                for moment, end in values.periods(found.value, self._clocks.effort):
                    at, _ = self._in_its_zone(moment, found, start)
                    length = self._length(at, end, found) if end else None
                    yield Added(self._midnight(at), length) if all_day else Added(at, length)

    def _length(self, start: datetime, end: str, found: Property) -> Length:
        if end.strip().upper().startswith(("P", "+P", "-P")):
            length = Length(*values.duration(end))
        else:
            finish, _ = self._in_its_zone(values.moment(end), found, start)
            elapsed = (finish.astimezone(UTC) - start.astimezone(UTC)) if start.tzinfo else finish - start
            length = Length(0, elapsed)
        if length.rest < timedelta():
            raise Refused("ends_before_start", "A period of RDATE ends before it begins.")
        return length

    def _original(self, found: Property | None) -> tuple[datetime | None, bool]:
        """The original start, and whether it is named by its day."""
        if found is None:
            return None, False
        with _about("RECURRENCE-ID"):
            return self.moment(found)

    def _midnight(self, at: datetime) -> datetime:
        return datetime.combine(day_of(at, self._zone), time())


def day_of(at: datetime, zone: tzinfo) -> date:
    """The day that a time names in a series of whole days.

    Of a wall clock the day that it shows; of an instant the day of the reader, but midnight and the last second in UTC
    mean that very date, wherever it is read.
    """
    if at.tzinfo is not UTC or at.time() in _MIDNIGHTS:
        return at.date()
    return at.astimezone(zone).date()


class _about:  # noqa: N801
    """Turns an error of a value into Refused with the name of its property."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, ValueError) and not isinstance(error, Refused | TooMuchWork | InvalidPattern):
            raise Refused("bad_value", f"{self._name} cannot be read: {error}.") from None


def _malformed(name: str) -> str:
    return "It does not end." if name == "END" else f"The line of {name} cannot be read."


def _is_about_following(found: Property | None) -> bool:
    """Return whether it stands for later occurrences, too. Raises Refused for earlier ones, which RFC 5545 has dropped."""
    if found is None or "RANGE" not in found.parameters:
        return False
    if found.parameters["RANGE"].strip().upper() != "THISANDFUTURE":
        raise Refused("range", "RANGE is THISANDFUTURE; no other is read.")
    return True


def _addresses(person: Property) -> Iterator[str]:
    if email := values.address(person.value) or person.parameters.get("EMAIL"):
        yield email


def _declined(people: Iterable[Property]) -> frozenset[str]:
    """The people all of whose lines say that they declined."""
    answers: dict[str, bool] = {}
    for person in people:
        declined = person.parameters.get("PARTSTAT", "").strip().upper() == "DECLINED"
        for email in _addresses(person):
            address = email.strip().lower()
            answers[address] = answers.get(address, True) and declined
    return frozenset(address for address, declined in answers.items() if declined)


def _number(value: str) -> int:
    return int(value) if value.strip().isdecimal() and len(value) < 10 else 0


def _key(start: datetime, end: datetime, *, recurs: bool) -> str | None:
    """The IANA zone in which it takes place: of a series for some years, of an event when it begins and ends."""
    if start.tzinfo is UTC:
        return "UTC"
    if recurs:
        return key_of(
            start.tzinfo, range(start.year, min(start.year + _YEARS_OF_A_SERIES, date.max.year) + 1)
        )
    return key_at(start.tzinfo, (start, end))


def _made_up_uid(start: datetime, end: datetime, summary: str) -> str:
    """A name for an event without one, the same whenever the file is read."""
    return sha256(f"{start.isoformat()} {end.isoformat()} {summary}".encode()).hexdigest()
