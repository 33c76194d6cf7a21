"""Calendar files (iTIP, RFC 5546), with which programs import invitations, new times and cancellations."""

from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from notifications.dates_and_times import zone
from scheduling.ics.writing import CalendarEntry, write
from scheduling.wallclock import moved_out_of_gaps
from services.notifier.domain import kinds
from services.notifier.domain.model import Event, Occurrence, Series

MOST = 20 * 1024  # bytes; a larger file is left out, because the message itself has all facts
INSTANCES_MAX = 60  # occurrences; each takes more than a sixtieth of MOST
NAME = "Appointments"
_METHODS = {
    kinds.INVITATION.type: "REQUEST",
    kinds.RESCHEDULED.type: "REQUEST",
    kinds.SEAT.type: "REQUEST",
    kinds.CANCELLED.type: "CANCEL",
}
_ANSWERS = {"pending": "NEEDS-ACTION", "confirmed": "ACCEPTED", "declined": "DECLINED"}
_STATUS = {"pending": "TENTATIVE", "cancelled": "CANCELLED"}


def calendar_file(event: Event, kind: str, link: str) -> str | None:
    """Return the text/calendar file for notifications of that type; None: there is none, or it is too large.

    It is the same for all recipients. UID is the id of the appointment, or of the series with a RECURRENCE-ID
    for one occurrence; SEQUENCE is the version. A new series has its rule; a changed series lists its
    occurrences, because each may have been moved by itself.
    """
    method = _METHODS.get(kind)
    entries = _entries(event, method, link) if method else []
    if not entries:
        return None
    written = write(entries, name=NAME, method=method)
    if len(written) > MOST:
        written = write([replace(entry, attendees=()) for entry in entries], name=NAME, method=method)
    return written.decode() if len(written) <= MOST else None


def _entries(event: Event, method: str, link: str) -> list[CalendarEntry]:
    series = event.series
    alone = _entry(event, method, link)
    if series is None:
        return [alone]
    if series.whole and method == "CANCEL":
        return [replace(alone, sequence=series.version, recurrence_id=None)]
    if event.type == "appointment.created":
        return [_master(alone, series)]
    return (
        [] if len(series.occurrences) > INSTANCES_MAX else [_one_of(alone, one) for one in series.occurrences]
    )


def _entry(event: Event, method: str, link: str) -> CalendarEntry:
    """Return the entry of the appointment by itself."""
    appointment = event.appointment
    series_id = event.series.id if event.series else appointment.series_id
    status = "CANCELLED" if method == "CANCEL" else _STATUS.get(appointment.status, "CONFIRMED")
    return CalendarEntry(
        uid=str(series_id or appointment.id),
        sequence=appointment.version,
        stamp=event.at,
        start=appointment.start,
        end=appointment.end,
        timezone=_known(event.series.recurrence.timezone if event.series else appointment.timezone),
        summary=appointment.title,
        description=appointment.meeting_url,
        location=appointment.location,
        url=link,
        status=status,
        organizer=_address(event, appointment.organizer_id),
        attendees=[
            (*_address(event, user), _ANSWERS[answer]) for user, answer in appointment.answers.items()
        ],
        recurrence_id=appointment.original_start if series_id else None,
    )


def _master(first: CalendarEntry, series: Series) -> CalendarEntry:
    """Return the series with its rule, without skipped occurrences, and with the duration of its first."""
    recurrence = replace(series.recurrence, timezone=_known(series.recurrence.timezone))
    start = moved_out_of_gaps(recurrence.local_start, ZoneInfo(recurrence.timezone))
    return replace(
        first,
        sequence=series.version,
        start=start,
        end=start + (first.end - first.start),
        recurrence=recurrence,
        exdates=series.skipped,
        recurrence_id=None,
    )


def _one_of(first: CalendarEntry, one: Occurrence) -> CalendarEntry:
    return replace(first, sequence=one.version, start=one.start, end=one.end, recurrence_id=one.original)


def _address(event: Event, user: UUID) -> tuple[str, str]:
    """Return name and id; only the Communication Service knows addresses."""
    person = event.people.get(user)
    return (person.name if person else "", f"urn:uuid:{user}")


def _known(timezone: str) -> str:
    """Return the zone, or UTC if the name is unknown."""
    return timezone if isinstance(zone(timezone), ZoneInfo) else "UTC"
