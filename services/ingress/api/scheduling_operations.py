"""The calls about availability, holds, seats and other calendars."""

from collections.abc import Mapping

from services.ingress.api import examples, scheduling_examples
from services.ingress.api.operation import Call

_DURATION = ("duration", "integer", "Minutes, 1 to 1,440; 30 if absent")
_ZONE = "IANA; that of the first person's hours if absent, UTC if they have none"
SCHEDULING: Mapping[str, Call] = {
    "availability": Call(
        "Find times that can be booked",
        "read",
        scheduling_examples.SLOTS,
        query=(
            (
                "user_id",
                "string",
                "Whose time: one to 20 people, repeated or with commas; the caller if absent",
            ),
            ("start_date", "string", "The first local day, such as 2027-03-01; needed"),
            ("end_date", "string", "The last local day, at most the 92nd; needed"),
            _DURATION,
            ("timezone", "string", f"Where the days begin and end. {_ZONE}"),
            (
                "mode",
                "string",
                "`all` (if absent): everybody is free; `any`: the first who is, in the order given",
            ),
        ),
        description="Ordered by start; a slot belongs to the day in which it starts, and may end in the next. Each "
        "stretch of hours offers its start and every step of the policy after it; together, the steps are those of the "
        "person with the longest. What is offered can be booked unless somebody is faster. With an ETag: 304 for "
        "`If-None-Match` while the answer is the same. 422 for more than some 8 MB of slots, 404 for who is not of the organization.",
    ),
    "explain_availability": Call(
        "Explain why a time is not offered",
        "read",
        scheduling_examples.EXPLANATION,
        query=(
            ("user_id", "string", "Whose time; the caller's if absent"),
            ("at", "string", "RFC 3339: when it would start; needed"),
            _DURATION,
            ("timezone", "string", "IANA: where the days of somebody without hours begin; UTC if absent"),
        ),
        description="All rules, policies and times taken that are in the way; what takes a colleague's time is not told. "
        "Codes: `in_the_past`, `too_far`, `too_short`, `too_long`, `minimum_notice`, `beyond_horizon`, `outside_hours`, "
        "`day_closed`, `outside_override`, `busy`, `held`, `busy_elsewhere`, `buffer`, `max_per_day`; `between_steps` can "
        "be booked and is not offered.",
    ),
    "availability_rules": Call(
        "Read when somebody can be booked, as they said it",
        "read",
        scheduling_examples.AVAILABILITY,
        query=(("user_id", "string", "The caller if absent; a colleague for admins"),),
        description="What the POST takes, and its `version`: 0 for who never said anything, and is available whenever free.",
    ),
    "set_availability": Call(
        "Say when somebody can be booked",
        "write",
        scheduling_examples.AVAILABILITY,
        body=scheduling_examples.SET_AVAILABILITY,
        body_schema="SetAvailability",
        description="Replaces all of it: for oneself, or by an admin. Wall-clock times of `timezone`, Monday is 0, an end "
        "may be 24:00; an override holds on its date instead of the weekly hours, and closes the day without ranges. Who "
        "has no rules is available whenever free. Minutes, but `horizon_days`.",
    ),
    "hold": Call(
        "Keep time free for a moment",
        "write",
        scheduling_examples.HOLD,
        201,
        body=scheduling_examples.PLACE_HOLD,
        body_schema="PlaceHold",
        description="For a form that is being filled in: at most 600 seconds, at most 5 at once. A create with `hold_id` "
        "uses it up; for everybody else its people are busy until `expires_at`.",
    ),
    "release_hold": Call(
        "Give held time free again",
        "write",
        scheduling_examples.HOLD,
        description="For its owner and admins.",
    ),
    "join": Call(
        "Take a seat",
        "write",
        scheduling_examples.JOINED,
        schema="Appointment",
        body={"wait": True},
        body_schema="JoinAppointment",
        description="Any member of the organization may, if the appointment has `seats`. When all are taken: 409 `full`, or "
        'with `{"wait": true}` 200 `{"status": "waiting", "position": 1}`; a freed seat goes to the first who waits.',
    ),
    "feed": Call(
        "Make or renew the secret address of your calendar",
        "write",
        scheduling_examples.FEED,
        201,
        repeatable=False,
        description="For calendar programs that subscribe. Whoever knows the address can read the calendar, so it is told "
        "once and kept nowhere; the one before is dead at once. A repeated call makes another.",
    ),
    "revoke_feed": Call(
        "Revoke the secret address of your calendar",
        "write",
        None,
        204,
        repeatable=False,
        description="The address is dead when the answer comes.",
    ),
    "subscribed_calendar": Call(
        "Read a calendar by its secret address",
        "feed",
        scheduling_examples.CALENDAR_FILE,
        query=(("token", "string", "The secret; a wrong or revoked one is 404"),),
        media="text/calendar",
        description="From 90 days back to 400 ahead. A series is one entry with its rule, and one for each instance that is "
        "other than the rule says. `If-None-Match` with the ETag answers 304.",
    ),
    "import_calendar": Call(
        "Import another calendar as time that you are busy",
        "write",
        {"imported": 12, "skipped": 1},
        body=scheduling_examples.CALENDAR_FILE,
        body_media="text/calendar",
        description="An iCalendar file of at most 5 MB and 5,000 events, read from now on to five years ahead. What was "
        "imported before is replaced where the file says something else, so that the same file may come again; cancelled "
        "events are forgotten. Days without times are whole days of your own zone. `imported`: times that are new or have "
        "moved, each of a series by itself; `skipped`: times that were known, and events that are over, free or unreadable.",
    ),
    "leave": Call(
        "Give the seat back, or stop waiting",
        "write",
        {**examples.APPOINTMENT, "version": 3},
        schema="Appointment",
    ),
}
