"""People, hours and instants for the tests of availability."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from scheduling.availability import Availability, Policy, Rule, Span
from scheduling.slots import Person, Taken

ANNA, BEN, CARA = (UUID(int=number) for number in (1, 2, 3))
BERLIN = "Europe/Berlin"
NINE, TWELVE, HALF_PAST_FIVE, MIDNIGHT = 540, 720, 1_050, 1_440
MINUTE, HOUR, DAY = 60, 3_600, 86_400


def at(local: str, zone: str = BERLIN, fold: int = 0) -> int:
    """The instant of a wall-clock time such as `2027-03-29T09:00`."""
    return int(datetime.fromisoformat(local).replace(tzinfo=ZoneInfo(zone), fold=fold).timestamp())


def shown(instants: Iterable[int], zone: str = BERLIN) -> list[str]:
    """`HH:MM` as clocks show them."""
    return [datetime.fromtimestamp(instant, ZoneInfo(zone)).strftime("%H:%M") for instant in instants]


def utc(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%dT%H:%M")


def weekdays(start: int = NINE, end: int = HALF_PAST_FIVE) -> tuple[Rule, ...]:
    return tuple(Rule(day, start, end) for day in range(5))


def every_day(*ranges: Span) -> tuple[Rule, ...]:
    return tuple(Rule(day, *hours) for day in range(7) for hours in ranges)


def hours(
    rules: tuple[Rule, ...] = (),
    overrides: Mapping[date, tuple[Span, ...]] | None = None,
    zone: str = BERLIN,
    **policy: int,
) -> Availability:
    return Availability(zone, rules, overrides or {}, Policy(**policy))


def a_person(
    availability: Availability | None = None, *taken: tuple[int, int] | Taken, who: UUID = ANNA
) -> Person:
    """Someone with appointments (pairs of instants), or whatever else takes their time."""
    spans = [one if isinstance(one, Taken) else Taken(*one, "appointment") for one in taken]
    return Person(who, availability, sorted(spans))
