"""A person's appointments as a calendar: whoever expands it sees exactly them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

import icalendar
import pytest
import recurring_ical_events
from hypothesis import given, settings
from hypothesis import strategies as some

from scheduling.ics.writing import write
from scheduling.recurrence import Recurrence, recurrence_of, shift, starts
from services.ingress.domain.feed import entries
from tests.support.examples import examples

ANNA, BEN = UUID(int=1), UUID(int=2)
NAMES = {str(ANNA): "Anna"}
SERIES = UUID(int=3)
HALF_AN_HOUR = timedelta(minutes=30)
ZONES = (
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "America/Sao_Paulo",
    "Asia/Kolkata",
    "UTC",
)

Seen = set[tuple[datetime, datetime, str, str]]


def utc(instant: datetime) -> str:
    """As JSON has it."""
    return instant.astimezone(UTC).isoformat().replace("+00:00", "Z")


def an_appointment(start: datetime, **changes: Any) -> dict[str, Any]:
    """Half an hour of Anna's with Ben, as booking tells of it."""
    return {
        "id": str(uuid5(SERIES, utc(start))),
        "organizer_id": str(ANNA),
        "confirmation_status": {str(BEN): "confirmed"},
        "start_time": utc(start),
        "end_time": utc(start + HALF_AN_HOUR),
        "timezone": "Europe/Berlin",
        "title": "Review",
        "description": "",
        "location": "Room 4",
        "meeting_url": "",
        "status": "confirmed",
        "version": 1,
        "updated_at": "2027-01-01T12:00:00Z",
        "series_id": None,
        "original_start_time": None,
    } | changes


def a_series(recurrence: Recurrence) -> dict[str, Any]:
    """A series as booking tells of it."""
    return {
        "id": str(SERIES),
        "timezone": recurrence.timezone,
        "local_start": recurrence.local_start.isoformat(),
        "rrule": recurrence.rrule,
        "exdates": [],
        "rdates": list(map(utc, recurrence.rdates)),
        "version": 1,
    }


def seen(appointments: list[dict[str, Any]], series: dict[str, Any] | None = None) -> Seen:
    """The events that a client shows of five years, by the file alone."""
    by_id = {str(SERIES): series} if series else {}
    calendar = icalendar.Calendar.from_ical(write(entries(appointments, by_id, NAMES), name="Appointments"))
    events = recurring_ical_events.of(calendar).between(
        datetime(2026, 12, 1, tzinfo=UTC), datetime(2032, 1, 1, tzinfo=UTC)
    )
    return {
        (
            event["DTSTART"].dt.astimezone(UTC),
            event["DTEND"].dt.astimezone(UTC),
            str(event["SUMMARY"]),
            str(event["STATUS"]),
        )
        for event in events
    }


def ours(appointments: list[dict[str, Any]]) -> Seen:
    """The events that it must show."""
    status = {"pending": "TENTATIVE", "cancelled": "CANCELLED"}
    return {
        (
            datetime.fromisoformat(one["start_time"]),
            datetime.fromisoformat(one["end_time"]),
            one["title"],
            status.get(one["status"], "CONFIRMED"),
        )
        for one in appointments
    }


def test_a_single_appointment_says_who_takes_part_and_how_it_stands() -> None:
    start = datetime(2027, 3, 1, 8, tzinfo=UTC)
    [entry] = entries(
        [an_appointment(start, status="pending", version=7, meeting_url="https://a.example")], {}, NAMES
    )
    assert (entry.start, entry.end, entry.sequence) == (start, start + HALF_AN_HOUR, 7)
    assert (entry.summary, entry.location, entry.url) == ("Review", "Room 4", "https://a.example")
    assert (entry.status, entry.recurrence, entry.recurrence_id) == ("TENTATIVE", None, None)
    assert entry.organizer == ("Anna", f"urn:uuid:{ANNA}")
    assert list(entry.attendees) == [("", f"urn:uuid:{BEN}", "ACCEPTED")]
    assert entry.uid == str(uuid5(SERIES, utc(start)))


@pytest.mark.parametrize("status", ["pending", "confirmed", "completed", "no_show", "cancelled"])
def test_every_status_is_one_that_calendars_know(status: str) -> None:
    appointments = [an_appointment(datetime(2027, 3, 1, 8, tzinfo=UTC), status=status)]
    assert seen(appointments) == ours(appointments)


def instances(recurrence: Recurrence, number: int) -> list[dict[str, Any]]:
    """The first so many appointments of a series."""
    until = datetime(2036, 1, 1, tzinfo=UTC)
    found = starts(recurrence, until=until, at_most=5_000)[:number]
    return [
        an_appointment(
            start, series_id=str(SERIES), original_start_time=utc(start), timezone=recurrence.timezone
        )
        for start in found
    ]


def on_mondays(rule: str) -> Recurrence:
    """A series that begins on a Monday at nine in Berlin."""
    start = datetime(2027, 3, 1, 8, tzinfo=UTC)
    return recurrence_of(local_start=start, timezone="Europe/Berlin", rrule=rule)


def test_a_series_that_nobody_touched_is_one_entry() -> None:
    weekly = on_mondays("FREQ=WEEKLY;COUNT=10")
    appointments = instances(weekly, 10)
    [entry] = entries(appointments, {str(SERIES): a_series(weekly)}, NAMES)
    assert (entry.uid, entry.exdates, entry.recurrence) == (str(SERIES), [], weekly)
    assert seen(appointments, a_series(weekly)) == ours(appointments)


def test_who_takes_part_in_a_few_has_these_and_no_rule() -> None:
    weekly = on_mondays("FREQ=WEEKLY;COUNT=10")
    appointments = instances(weekly, 10)[3:6]
    found = entries(appointments, {str(SERIES): a_series(weekly)}, NAMES)
    assert [entry.recurrence for entry in found] == [None] * 3
    assert [entry.recurrence_id for entry in found] == [entry.start for entry in found]
    assert {entry.uid for entry in found} == {str(SERIES)}
    assert seen(appointments, a_series(weekly)) == ours(appointments)


def test_an_endless_series_ends_where_the_appointments_do() -> None:
    daily = on_mondays("FREQ=DAILY")
    appointments = instances(daily, 365)
    assert len(entries(appointments, {str(SERIES): a_series(daily)}, NAMES)) == 1
    assert seen(appointments, a_series(daily)) == ours(appointments)


def test_a_series_that_the_views_do_not_show_yet_is_told_one_by_one() -> None:
    weekly = on_mondays("FREQ=WEEKLY;COUNT=3")
    appointments = instances(weekly, 3)
    assert seen(appointments) == ours(appointments)


rules = some.sampled_from(
    [
        "FREQ=WEEKLY;COUNT=12",
        "FREQ=DAILY;INTERVAL=3;COUNT=40",
        "FREQ=MONTHLY;BYDAY=-1FR;COUNT=12",
        "FREQ=WEEKLY;BYDAY=MO,WE",
        "FREQ=MONTHLY;BYMONTHDAY=31;COUNT=7",
        None,
    ]
)
fates = some.lists(
    some.sampled_from(
        ["as it is"] * 6 + ["absent", "moved", "longer", "renamed", "cancelled", "declined by Ben"]
    ),
    min_size=40,
    max_size=40,
)


@given(
    zone=some.sampled_from(ZONES),
    minutes=some.integers(0, 365 * 24 * 60),
    rule=rules,
    fates=fates,
    added=some.lists(some.integers(1, 400), max_size=3, unique=True),
)
@settings(max_examples=examples(100), deadline=None, derandomize=True)
def test_whatever_became_of_a_series(
    zone: str, minutes: int, rule: str | None, fates: list[str], added: list[int]
) -> None:
    """Skipped, moved, lengthened, renamed, cancelled: a client sees what is booked, and nothing else."""
    start = datetime(2027, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    rdates = [start + timedelta(days=days, minutes=7) for days in added]
    how = {"rrule": rule} if rule else {}
    recurrence = recurrence_of(local_start=start, timezone=zone, rdates=rdates, **how)  # type: ignore[arg-type]
    appointments = [
        changed
        for appointment, fate in zip(instances(recurrence, 40), fates, strict=False)
        if (changed := after(appointment, fate)) is not None
    ]
    assert seen(appointments, a_series(recurrence)) == ours(appointments)


def after(appointment: dict[str, Any], fate: str) -> dict[str, Any] | None:
    """An appointment after what befell it."""
    start, end = (datetime.fromisoformat(appointment[name]) for name in ("start_time", "end_time"))
    match fate:
        case "absent":
            return None
        case "moved":
            by = timedelta(days=1, minutes=11)
            moved = (shift(at, appointment["timezone"], by) for at in (start, end))
            start, end = moved
            end = max(end, start + timedelta(minutes=1))
            return appointment | {"start_time": utc(start), "end_time": utc(end), "version": 2}
        case "longer":
            return appointment | {"end_time": utc(end + HALF_AN_HOUR)}
        case "renamed":
            return appointment | {"title": "Other"}
        case "cancelled":
            return appointment | {"status": "cancelled"}
        case "declined by Ben":
            return appointment | {"confirmation_status": {str(BEN): "declined"}}
    return appointment
