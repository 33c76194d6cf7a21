"""The variables of a message, in the recipient's time zone and language."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from notifications import rules
from notifications.dates_and_times import date_of, time_of, time_until, when
from notifications.preferences import Organization, Preferences
from notifications.recurrence_text import in_words
from services.notifier.domain.model import Appointment, Event, Person, Reminder
from services.notifier.domain.summaries import summary


def variables(
    source: Event | Reminder,
    recipient_id: UUID,
    own: Preferences,
    organization: Organization,
    now: datetime,
    frontend_url: str,
) -> dict[str, str]:
    """Return the variables of all templates; absent values are empty texts."""
    appointment, people = source.appointment, source.people
    recipient = people.get(recipient_id)
    known_place, known_locale = (
        (recipient.timezone, recipient.locale) if recipient else (appointment.timezone, "en")
    )
    place = rules.timezone(own, organization) or known_place
    locale = rules.locale(own, organization) or known_locale
    link = appointment_link(frontend_url, appointment.id)
    start, end = original_times(source)
    return {
        "recipient_name": _name(people, recipient_id),
        "organizer_name": _name(people, appointment.organizer_id),
        "appointment_id": str(appointment.id),
        "appointment_title": appointment.title,
        "appointment_date": date_of(appointment.start, place, locale),
        "appointment_time": time_of(appointment.start, appointment.end, place),
        "original_time": when(start, end, place, locale),
        "time_until": time_until(appointment.start, now, locale),
        "location": appointment.location,
        "meeting_url": appointment.meeting_url,
        "preparation_notes": appointment.preparation_notes,
        "cancellation_reason": appointment.cancellation_reason,
        "update_summary": summary(source, locale) if isinstance(source, Event) else "",
        "announcement": source.announcement if isinstance(source, Event) else "",
        **_of_series(source, locale),
        "appointment_link": link,
        "confirmation_link": link,
        "locale": locale,
        "timezone": place,
    }


def appointment_link(frontend_url: str, appointment_id: UUID) -> str:
    """Return the address at which the frontend shows the appointment."""
    return f"{frontend_url.rstrip('/')}/appointments/{appointment_id}"


def original_times(source: Event | Reminder) -> tuple[datetime, datetime]:
    """Return start and end before the event."""
    changes = source.changes if isinstance(source, Event) else ()
    old = {change.field: change.old for change in changes}
    appointment: Appointment = source.appointment
    return (
        _instant(old.get("start_time")) or appointment.start,
        _instant(old.get("end_time")) or appointment.end,
    )


def _of_series(source: Event | Reminder, locale: str) -> dict[str, str]:
    """Return the pattern of a new series, and the number of occurrences that an event is about."""
    series = source.series if isinstance(source, Event) else None
    if series is None or not isinstance(source, Event):
        return {"series_pattern": "", "series_occurrences": ""}
    new, recurrence = source.type == "appointment.created", series.recurrence
    first = series.occurrences[0].original
    count = len(series.occurrences)
    return {
        "series_pattern": in_words(recurrence.rrule, first, recurrence.timezone, locale) if new else "",
        "series_occurrences": "" if count == 1 or (new and recurrence.endless) else str(count),
    }


def _instant(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else None


def _name(people: Mapping[UUID, Person], user_id: UUID) -> str:
    person = people.get(user_id)
    return person.name if person else ""
