"""Sample data to look at a template with."""

from collections.abc import Mapping

from notifications.languages import language
from notifications.templates.catalogue import VARIABLES
from notifications.templates.digest import Entry, digest_variables

_LINK = "https://hub.example/appointments/0a3f5a52-90ad-5c52-8a55-4f7cf1f5e101"
_COMMON = {
    "appointment_id": "0a3f5a52-90ad-5c52-8a55-4f7cf1f5e101",
    "appointment_link": _LINK,
    "confirmation_link": _LINK,
    "recipient_name": "Mira Halonen",
    "organizer_name": "Jonas Brandt",
    "meeting_url": "https://meet.example/quarterly-review",
}
_SAMPLES: Mapping[str, Mapping[str, str]] = {
    "en": {
        "appointment_title": "Quarterly review",
        "appointment_date": "Monday, 1 March 2027",
        "appointment_time": "09:00–10:00 (Europe/Berlin)",
        "original_time": "Friday, 26 February 2027, 14:00–15:00 (Europe/Berlin)",
        "time_until": "in 1 day",
        "series_pattern": "every Monday, 10 times",
        "series_occurrences": "10",
        "location": "Room 4, second floor",
        "preparation_notes": "Please read the figures of the last quarter.\nBring your own questions.",
        "cancellation_reason": "The room is being painted.",
        "update_summary": "Changed: location, meeting link",
        "announcement": "We begin with a tour of the new workshop.\nPlease wear sturdy shoes.",
        **digest_variables(
            "Monday, 1 March 2027",
            [
                Entry("You are invited", "Jonas Brandt invites you to “Quarterly review”.", _LINK),
                Entry("Appointment updated", "“Lunch & learn” has been updated. Changed: location.", _LINK),
            ],
        ),
    },
    "de": {
        "appointment_title": "Quartalsgespräch",
        "appointment_date": "Montag, 1. März 2027",
        "appointment_time": "09:00–10:00 (Europe/Berlin)",
        "original_time": "Freitag, 26. Februar 2027, 14:00–15:00 (Europe/Berlin)",
        "time_until": "in 1 Tag",
        "series_pattern": "jeden Montag, 10 Mal",
        "series_occurrences": "10",
        "location": "Raum 4, zweiter Stock",
        "preparation_notes": "Bitte lesen Sie die Zahlen des letzten Quartals.\nBringen Sie Ihre Fragen mit.",
        "cancellation_reason": "Der Raum wird gestrichen.",
        "update_summary": "Geändert: Ort, Besprechungslink",
        "announcement": "Wir beginnen mit einem Rundgang durch die neue Werkstatt.\nBitte tragen Sie feste Schuhe.",
        **digest_variables(
            "Montag, 1. März 2027",
            [
                Entry("Sie sind eingeladen", "Jonas Brandt lädt Sie zu „Quartalsgespräch“ ein.", _LINK),
                Entry("Termin geändert", "„Essen & Lernen“ wurde geändert. Geändert: Ort.", _LINK),
            ],
        ),
    },
}


def sample(template_id: str, locale: str) -> dict[str, str]:
    """A value for each variable that the template declares, in the language of the locale."""
    values = {**_COMMON, **_SAMPLES[language(locale)]}
    return {name: values[name] for name in VARIABLES[template_id]}
