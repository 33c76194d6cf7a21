"""Random people around the clock changes of a year, in zones that change them in every way."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from scheduling.availability import Availability, Policy, Rule, Span
from scheduling.slots import Person, Taken

YEARS = {
    "Europe/Berlin": 2027,
    "America/New_York": 2027,
    "Australia/Lord_Howe": 2027,  # half an hour
    "America/Sao_Paulo": 2018,  # abolished in 2019
    "Asia/Tehran": 2022,  # abolished in that year; at midnight
    "America/Santiago": 2027,  # south, at midnight
    "Pacific/Auckland": 2027,
    "Asia/Kolkata": 2027,  # none, and a half-hour zone
    "Africa/Casablanca": 2027,  # back for Ramadan only
    "Europe/Dublin": 2027,  # winter is the exception
    "America/Havana": 2027,  # a day that begins at 01:00, and one whose midnight is shown twice
    "America/Nuuk": 2027,  # the last hour of a day is skipped
    "Pacific/Apia": 2011,  # a date that does not exist
}
EDGES = (0, 30, 60, 90, 120, 135, 150, 165, 180, 540, 720, 1_050, 1_320, 1_380, 1_410, 1_425, 1_440)
MINUTE, DAY = 60, 86_400


@dataclass(frozen=True)
class World:
    """People, and what is asked about them; `otherwise` is the zone of who has said nothing."""

    people: list[Person]
    otherwise: str
    center: date
    now: int
    first: int
    last: int
    duration: int


@cache
def changes(zone: str) -> tuple[date, ...]:
    """The dates of the year's clock changes (UTC), and one without."""
    start = datetime(YEARS[zone], 1, 1, tzinfo=UTC)
    days = [start + timedelta(days=number) for number in range(365)]
    offsets = [day.astimezone(ZoneInfo(zone)).utcoffset() for day in days]
    return (
        date(YEARS[zone], 7, 15),
        *(days[at - 1].date() for at in range(1, len(days)) if offsets[at] != offsets[at - 1]),
    )


@st.composite
def worlds(draw: st.DrawFn, people: int = 1) -> World:
    """`people`: how many at most. All that is asked is within three days of a clock change, mostly."""
    zone = draw(st.sampled_from(sorted(YEARS)))
    center = draw(st.sampled_from(changes(zone)))
    noon = int(datetime.combine(center, datetime.min.time(), UTC).timestamp()) + DAY // 2
    neighbours = [other for other in YEARS if YEARS[other] == YEARS[zone]]
    first = noon + draw(_instants(-2 * DAY, DAY))
    return World(
        [
            Person(
                UUID(int=number),
                draw(st.none() | _availabilities(draw(st.sampled_from(neighbours)), center)),
                draw(_taken(noon)),
            )
            for number in range(draw(st.integers(1, people)))
        ],
        zone,
        center,
        noon + draw(st.sampled_from([-30 * DAY, -3 * DAY]) | _instants(-4 * DAY, DAY)),
        first,
        first + draw(st.integers(1, DAY) | st.just(DAY)),
        draw(st.sampled_from([15, 30, 45, 60, 90, 240, 1_440])) * MINUTE
        + draw(st.sampled_from([0, 0, 0, -1])),
    )


def _instants(first: int, last: int) -> st.SearchStrategy[int]:
    """Seconds, mostly at a quarter of an hour."""
    quarters = st.integers(first // 900, last // 900).map(lambda quarter: 900 * quarter)
    return st.one_of(quarters, quarters, st.integers(first, last))


@st.composite
def _spans(draw: st.DrawFn) -> Span:
    start, end = sorted(
        draw(st.lists(st.sampled_from(EDGES) | st.integers(0, 1_440), min_size=2, max_size=2, unique=True))
    )
    return start, end


@st.composite
def _availabilities(draw: st.DrawFn, zone: str, center: date) -> Availability:
    days = st.integers(-3, 3).map(lambda number: center + timedelta(days=number))
    rules = st.builds(
        lambda day, hours, since, until: Rule(day, hours[0], hours[1], since, until),
        st.integers(0, 6),
        _spans(),
        st.none() | days,
        st.none() | days,
    )
    nights = st.just(tuple(Rule(day, *hours) for day in range(7) for hours in ((0, 360), (1_320, 1_440))))
    return Availability(
        zone,
        draw(st.just(()) | nights | st.lists(rules, max_size=16).map(tuple)),
        draw(
            st.dictionaries(
                days, st.lists(_spans(), max_size=3).map(lambda spans: tuple(sorted(spans))), max_size=3
            )
        ),
        draw(_policies()),
    )


@st.composite
def _policies(draw: st.DrawFn) -> Policy:
    return Policy(
        buffer_before=draw(st.sampled_from([0, 0, 5, 60, 1_440])),
        buffer_after=draw(st.sampled_from([0, 0, 10, 1_440])),
        minimum_notice=draw(st.sampled_from([0, 0, 60, 2_880])),
        horizon_days=draw(st.sampled_from([None, None, 1, 2, 4, 365])),
        step=draw(st.sampled_from([5, 15, 20, 50, 60, 1_440])),
        min_duration=draw(st.sampled_from([None, None, 30])),
        max_duration=draw(st.sampled_from([None, None, 60])),
        max_per_day=draw(st.sampled_from([None, None, 1, 2])),
    )


@st.composite
def _taken(draw: st.DrawFn, noon: int) -> list[Taken]:
    """Draw taken ranges, which mostly overlap only with busy times; engines must not rely on that."""
    lengths = st.sampled_from([900, 1_800, 3_600, 3 * DAY]) | st.integers(1, DAY)
    spans = st.builds(
        lambda start, length, kind: Taken(noon + start, noon + start + length, kind),
        _instants(-3 * DAY, 3 * DAY),
        lengths,
        st.sampled_from(["appointment", "appointment", "hold", "elsewhere"]),
    )
    return sorted(draw(st.lists(spans, max_size=6)))
