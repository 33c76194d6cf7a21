"""Metrics of reminders, beside those of the chassis."""

from prometheus_client import Counter, Gauge, Histogram

LATENESS = Histogram(
    "appointments_reminders_lateness_seconds",
    "From the instant a timer was due to the broker's acknowledgement.",
    buckets=(0.005, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1, 5, 30, 300, 3600, 21600),
)
PUBLISHED = Counter(
    "appointments_reminders_published_total",
    "Timers that ended, by kind and end: due, missed, or handed over before.",
    ["type"],
)
PENDING = Gauge("appointments_reminders_pending_timers", "Pending timers, as PostgreSQL estimates them.")
OVERDUE = Gauge(
    "appointments_reminders_overdue_timers", "Timers more than a second late, counted up to 10,000."
)
GAPS = Counter(
    "appointments_reminders_version_gaps_total",
    "Versions of appointments that arrived before their predecessor.",
)
STALE = Counter("appointments_reminders_stale_versions_total", "Versions that arrived after a newer one.")
CALENDARS = Gauge(
    "appointments_reminders_calendars",
    "Subscribed calendars, by state: all, failing, failing for a day, late.",
    ["state"],
)
CALENDAR_POLLS = Counter(
    "appointments_reminders_calendar_polls_total",
    "Polls of subscribed calendars, by result: changed, unchanged, or the code of an error.",
    ["result"],
)
HANDOVERS = Counter(
    "appointments_reminders_handovers_total",
    "Appointments whose reminders were handed over, or could not be.",
    ["outcome"],
)
