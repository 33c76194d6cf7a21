"""Dates, times and durations as a person reads them, in English or German; the 24-hour clock in both."""

from datetime import UTC, datetime, timedelta, tzinfo
from zoneinfo import ZoneInfo

from notifications.languages import language

DAYS = {
    "en": ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"),
    "de": ("Montag", "Dienstag", "Mittwoch", "Donnerstag", "Freitag", "Samstag", "Sonntag"),
}
MONTHS = {
    "en": (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    "de": (
        "Januar", "Februar", "März", "April", "Mai", "Juni",
        "Juli", "August", "September", "Oktober", "November", "Dezember",
    ),
}  # fmt: skip
_DATE = {"en": "{day}, {number} {month} {year}", "de": "{day}, {number}. {month} {year}"}
_UNITS = {
    "en": (("day", "days"), ("hour", "hours"), ("minute", "minutes")),
    "de": (("Tag", "Tagen"), ("Stunde", "Stunden"), ("Minute", "Minuten")),
}
_NOW = {"en": "now", "de": "jetzt"}


def zone(name: str) -> tzinfo:
    """Return the IANA zone, or UTC for an unknown name: a message with an odd zone beats none."""
    try:
        return ZoneInfo(name)
    except (ValueError, KeyError, OSError):
        return UTC


def date_of(at: datetime, timezone: str, locale: str) -> str:
    """The day of an instant in a zone: `Monday, 27 March 2028`, `Montag, 27. März 2028`."""
    local, tongue = at.astimezone(zone(timezone)), language(locale)
    return _DATE[tongue].format(
        day=DAYS[tongue][local.weekday()],
        number=local.day,
        month=MONTHS[tongue][local.month - 1],
        year=local.year,
    )


def time_of(start: datetime, end: datetime, timezone: str) -> str:
    """Start and end in a zone, which is named: `09:00–10:00 (Europe/Berlin)`."""
    place = zone(timezone)
    named = timezone if place is not UTC else "UTC"
    return f"{start.astimezone(place):%H:%M}–{end.astimezone(place):%H:%M} ({named})"


def when(start: datetime, end: datetime, timezone: str, locale: str) -> str:
    """Date and time in one line."""
    return f"{date_of(start, timezone, locale)}, {time_of(start, end, timezone)}"


def time_until(start: datetime, now: datetime, locale: str) -> str:
    """How long it is until `start`, to the minute, in at most two units: `in 1 day`, `in 1 Stunde 30
    Minuten`.
    """
    tongue = language(locale)
    minutes = round((start - now) / timedelta(minutes=1))
    if minutes <= 0:
        return _NOW[tongue]
    days, rest = divmod(minutes, 1440)
    counts = (days, *divmod(rest, 60))
    parts = [
        f"{count} {names[count != 1]}" for count, names in zip(counts, _UNITS[tongue], strict=True) if count
    ]
    return "in " + " ".join(parts[:2])
