"""The calls about availability, holds, seats and other calendars."""

from collections.abc import Mapping

from services.ingress import examples, scheduling_examples
from services.ingress.call import Call

SCHEDULING: Mapping[str, Call] = {
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
    "leave": Call(
        "Give the seat back, or stop waiting",
        "write",
        {**examples.APPOINTMENT, "version": 3},
        schema="Appointment",
    ),
}
