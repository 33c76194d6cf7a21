"""The templates, whatever the language: on which channels, with which variables, and how an e-mail is laid
out.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from notifications.preferences import EMAIL, IN_APP, PUSH, SMS

EVERYWHERE = (EMAIL, SMS, IN_APP, PUSH)
BLUE, GREEN, AMBER, RED = "#0b5cad", "#1a7f4b", "#96610a", "#b3261e"


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an e-mail: the name of its label, and the variable. optional: left out when there is nothing
    to say.
    """

    label: str
    variable: str
    optional: bool = False
    is_link: bool = False


@dataclass(frozen=True, slots=True)
class Layout:
    """One template without its words.

    heading: the variable on top of the e-mail. passage: a text of its own below the opening, as a variable
    for the plain text and one for the HTML body. link: the variable behind the button. page: where the app
    turns to. color: of the e-mail's edge and button. files: variables that are no text: what an e-mail has
    attached, if it is given.
    """

    id: str
    channels: Sequence[str]
    variables: Sequence[str]
    rows: Sequence[Row]
    link: str | None = "appointment_link"
    heading: str = "appointment_title"
    passage: tuple[str, str] | None = None
    page: str = "/appointments/{{appointment_id}}"
    files: Sequence[str] = ()
    priority: str = "normal"
    color: str = BLUE


_DATE, _TIME = Row("date", "appointment_date"), Row("time", "appointment_time")
_REPEATS = Row("repeats", "series_pattern", optional=True)
_OCCURRENCES = Row("occurrences", "series_occurrences", optional=True)
_PLACE = Row("place", "location", optional=True)
_ONLINE = Row("online", "meeting_url", optional=True, is_link=True)
_ORGANIZER = Row("organizer", "organizer_name", optional=True)
_WHEN_AND_WHERE = (_DATE, _TIME, _PLACE, _ONLINE, _ORGANIZER)
_RECURRING = (_DATE, _TIME, _REPEATS, _OCCURRENCES, _PLACE, _ONLINE, _ORGANIZER)
_ORIGINAL = Row("original", "original_time")
_PREPARATION = Row("preparation", "preparation_notes", optional=True)
_REASON = Row("reason", "cancellation_reason", optional=True)

_ALWAYS = ("recipient_name", "appointment_title", "appointment_id")
_ABOUT = (*_ALWAYS, "appointment_date", "appointment_time", "location", "meeting_url", "organizer_name")

CALENDAR_FILE = "calendar_file"
_SERIES = ("series_pattern", "series_occurrences")

# Channels are those of docs/requirements.md#confirmation-template and below, else all four.
LAYOUTS = (
    Layout(
        "appointment_confirmation_v1",
        (EMAIL, SMS, IN_APP),
        (*_ABOUT, *_SERIES, "confirmation_link"),
        _RECURRING,
        "confirmation_link",
        color=GREEN,
    ),
    Layout(
        "appointment_invitation_v1",
        EVERYWHERE,
        (*_ABOUT, *_SERIES, "confirmation_link"),
        _RECURRING,
        "confirmation_link",
        files=(CALENDAR_FILE,),
    ),
    Layout(
        "appointment_update_v1",
        EVERYWHERE,
        (*_ABOUT, "update_summary", "series_occurrences", "appointment_link"),
        (_DATE, _TIME, _OCCURRENCES, _PLACE, _ONLINE, _ORGANIZER),
    ),
    Layout(
        "appointment_reschedule_v1",
        (EMAIL, SMS, IN_APP),
        (*_ABOUT, "original_time", "series_occurrences", "appointment_link"),
        (_DATE, _TIME, _ORIGINAL, _OCCURRENCES, _PLACE, _ONLINE, _ORGANIZER),
        files=(CALENDAR_FILE,),
        priority="high",
        color=AMBER,
    ),
    Layout(
        "appointment_cancellation_v1",
        EVERYWHERE,
        (
            *_ALWAYS,
            *("original_time", "series_occurrences", "cancellation_reason", "organizer_name"),
            "appointment_link",
        ),
        (_ORIGINAL, _OCCURRENCES, _REASON, _ORGANIZER),
        files=(CALENDAR_FILE,),
        priority="high",
        color=RED,
    ),
    Layout(
        "appointment_reminder_v1",
        EVERYWHERE,
        (*_ABOUT, "time_until", "preparation_notes", "appointment_link"),
        (*_WHEN_AND_WHERE, _PREPARATION),
    ),
    Layout(
        "appointment_follow_up_v1",
        (EMAIL, IN_APP),
        (*_ALWAYS, "appointment_date", "organizer_name", "appointment_link"),
        (_DATE, _ORGANIZER),
        color=GREEN,
    ),
    Layout(
        "no_show_alert_v1",
        EVERYWHERE,
        (*_ALWAYS, "appointment_date", "appointment_time", "location", "appointment_link"),
        (_DATE, _TIME, _PLACE),
        color=AMBER,
    ),
    Layout(
        "appointment_digest_v1",
        EVERYWHERE,
        ("recipient_name", "digest_date", "digest_count", "digest_text", "digest_html"),
        (),
        None,
        heading="digest_date",
        passage=("{{digest_text}}", "{{{digest_html}}}"),
        page="/appointments",
    ),
    Layout(
        "appointment_announcement_v1",
        EVERYWHERE,
        (*_ABOUT, "announcement", "appointment_link"),
        _WHEN_AND_WHERE,
        passage=("{{announcement}}", '<span style="white-space:pre-line">{{announcement}}</span>'),
    ),
    Layout(
        "appointment_seat_v1",
        EVERYWHERE,
        (*_ABOUT, "appointment_link"),
        _WHEN_AND_WHERE,
        files=(CALENDAR_FILE,),
        priority="high",
        color=GREEN,
    ),
)
