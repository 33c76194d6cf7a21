"""Examples of availability, holds and seats, in the story of the others."""

from typing import Any

from services.ingress.api.examples import ANNA, APPOINTMENT, BEN

SET_AVAILABILITY: dict[str, Any] = {
    "user_id": ANNA,
    "timezone": "Europe/Berlin",
    "rules": [
        {
            "day_of_week": 0,
            "start_time": "09:00",
            "end_time": "17:00",
            "is_active": True,
            "effective_from": "2027-01-01",
            "effective_until": None,
        }
    ],
    "overrides": [{"date": "2027-03-29", "ranges": [{"start_time": "10:00", "end_time": "12:00"}]}],
    "policy": {
        "buffer_before": 0,
        "buffer_after": 10,
        "minimum_notice": 60,
        "horizon_days": 365,
        "step": 15,
        "min_duration": 5,
        "max_duration": 480,
        "max_per_day": None,
    },
}
AVAILABILITY: dict[str, Any] = {**SET_AVAILABILITY, "version": 1}
SLOTS: dict[str, Any] = {
    "slots": [
        {"start_time": "2027-03-01T08:00:00Z", "end_time": "2027-03-01T08:30:00Z", "user_ids": [ANNA, BEN]},
        {"start_time": "2027-03-01T08:45:00Z", "end_time": "2027-03-01T09:15:00Z", "user_ids": [ANNA, BEN]},
    ]
}
EXPLANATION: dict[str, Any] = {
    "offered": False,
    "reasons": [{"code": "busy", "detail": "Another appointment takes 10:00 to 11:00 (Europe/Berlin)."}],
}
PLACE_HOLD: dict[str, Any] = {
    "participant_ids": [BEN],
    "start_time": "2027-03-01T09:00:00",
    "end_time": "2027-03-01T09:30:00",
    "timezone": "Europe/Berlin",
    "expires_in": 300,
}
HOLD: dict[str, Any] = {
    "id": "2f6d3c52-0f5e-5b8e-9d71-6f2a8b3c0501",
    "expires_at": "2027-02-01T12:05:00Z",
    "start_time": "2027-03-01T08:00:00Z",
    "end_time": "2027-03-01T08:30:00Z",
    "user_ids": [ANNA, BEN],
}
JOINED: dict[str, Any] = {
    **APPOINTMENT,
    "seats": 8,
    "participant_ids": [BEN],
    "confirmation_status": {BEN: "confirmed"},
    "status": "confirmed",
    "version": 2,
}
FEED = {
    "url": "https://appointments.example/api/appointments/calendar.ics?token=q83vEjRWeJCrze8SNFZ4kKvN7xI0VniQq83vEjRWeJA"
}
CALENDAR_FILE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Appointments//Appointments//EN\r\nBEGIN:VEVENT\r\n"
    "UID:0a3f5a52-90ad-5c52-8a55-4f7cf1f5e101\r\nDTSTAMP:20270201T120000Z\r\nDTSTART:20270301T080000Z\r\n"
    "DTEND:20270301T083000Z\r\nSUMMARY:Quarterly review\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
