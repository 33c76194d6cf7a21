"""Examples of the document: one small story, the same ids throughout.

Answers are instances of their models, so an example cannot have a shape that its schema does not allow.
Bodies of requests are JSON as a client writes it; a test reads them with their models.
"""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.appointments import Appointment
from contracts.fields import Channel, Confirmation, Status
from contracts.notifications import DeliveryState
from contracts.outcomes import Alternative, Code, Conflict, Outcome, Waiting
from services.ingress.api.models.appointments import (
    AppointmentPage,
    AppointmentRead,
    AppointmentWritten,
    BusyRange,
    Calendar,
    CalendarItem,
    Counts,
    Deliveries,
    Delivery,
)
from services.ingress.api.models.bulk import BulkOutcome, BulkOutcomes
from services.ingress.api.models.commands import FieldFlaw, PendingCommand, ReportAccepted
from services.ingress.api.models.messages import LoggedDelivery, MessageLog
from services.ingress.api.models.people import Name

ANNA, BEN = UUID("5b0c6f6e-1d3c-4f0e-8f55-6d3d1c1d9a01"), UUID("5b0c6f6e-1d3c-4f0e-8f55-6d3d1c1d9a02")
APPOINTMENT_ID = UUID("0a3f5a52-90ad-5c52-8a55-4f7cf1f5e101")
COMMAND_ID = UUID("7d5e2b0c-32f3-4b2e-9c42-98f0f4f5a201")
DELIVERY_ID = UUID("e1f0c1de-6f02-5b6f-8a46-9d0d6a1a0301")
START = datetime(2027, 3, 1, 8, tzinfo=UTC)
END = START + timedelta(minutes=30)
BOOKED_AT = datetime(2027, 2, 1, 12, tzinfo=UTC)

CREATE: dict[str, Any] = {
    "participant_ids": [str(BEN)],
    "start_time": "2027-03-01T09:00:00",
    "end_time": "2027-03-01T09:30:00",
    "timezone": "Europe/Berlin",
    "title": "Quarterly review",
    "location": "Room 4",
    "reminder_settings": {"email": [1440], "in_app": [15]},
}
RESCHEDULE = {"start_time": "2027-03-01T14:00:00", "end_time": "2027-03-01T14:30:00"}
ANNOUNCE = {"message": "Please bring last year's figures."}
BULK = {"operation": "decline", "ids": [str(APPOINTMENT_ID)], "reason": "On holiday"}
REPORT = {
    "type": "notification.delivered",
    "data": {
        "entity_type": "appointment",
        "entity_id": str(APPOINTMENT_ID),
        "channel": "email",
        "recipient": str(BEN),
        "timestamp": "2027-02-01T12:00:03Z",
        "idempotency_key": str(DELIVERY_ID),
    },
}

APPOINTMENT = Appointment(
    id=APPOINTMENT_ID,
    organization_id=UUID("c7f4b8aa-3d55-4b57-8d0c-54b4a1d8f001"),
    organizer_id=ANNA,
    participant_ids=[BEN],
    client_id=None,
    start_time=START,
    end_time=END,
    timezone="Europe/Berlin",
    title="Quarterly review",
    description="",
    location="Room 4",
    meeting_url="",
    status=Status.PENDING,
    confirmation_status={BEN: Confirmation.PENDING},
    checked_in={},
    recurring_pattern=None,
    reminder_settings={Channel.EMAIL: [1440], Channel.IN_APP: [15]},
    custom_fields={},
    version=1,
    created_at=BOOKED_AT,
    created_by=str(ANNA),
    updated_at=BOOKED_AT,
    updated_by=str(ANNA),
    cancellation_reason=None,
    series_id=None,
    original_start_time=None,
    seats=None,
    waiting=[],
)


def written(version: int = 1, **changed: Any) -> AppointmentWritten:
    """Return the example appointment after a command that changed these fields."""
    return AppointmentWritten.model_validate({**APPOINTMENT.model_dump(), "version": version, **changed})


_CONFIRMED = {"status": Status.CONFIRMED, "confirmation_status": {BEN: Confirmation.CONFIRMED}}
READ = AppointmentRead.model_validate(APPOINTMENT.model_dump())
CREATED = written()
RESCHEDULED = written(2, start_time=START + timedelta(hours=5), end_time=END + timedelta(hours=5))
CANCELLED = written(2, status=Status.CANCELLED, cancellation_reason="Ill")
CONFIRMED = written(2, **_CONFIRMED)
DECLINED = written(2, confirmation_status={BEN: Confirmation.DECLINED})
CHECKED_IN = written(3, **_CONFIRMED, checked_in={BEN: START - timedelta(minutes=2)})
COMPLETED = written(3, **{**_CONFIRMED, "status": Status.COMPLETED})
ANNOUNCED = written(3, **_CONFIRMED)
JOINED = written(2, **_CONFIRMED, seats=8)
LEFT = written(3, seats=8, participant_ids=[], confirmation_status={})
QUEUED = Waiting(status="waiting", position=1)

PAGE = AppointmentPage(items=[APPOINTMENT], next_cursor=None)
CALENDAR = Calendar(
    items=[
        CalendarItem(
            id=APPOINTMENT_ID,
            title=APPOINTMENT.title,
            start_time=START,
            end_time=END,
            status=Status.PENDING,
            organizer_id=ANNA,
            location=APPOINTMENT.location,
            timezone=APPOINTMENT.timezone,
            version=1,
            series_id=None,
            original_start_time=None,
            seats=None,
            participant_ids=[BEN],
            counts=Counts(participants=1, confirmed=0, declined=0),
            free_seats=None,
            has_meeting_url=False,
            role="organizer",
            my_status=None,
        ),
        BusyRange(start_time=START + timedelta(hours=2), end_time=START + timedelta(hours=3), busy=True),
    ],
    people={ANNA: Name(name="Anna Lindqvist"), BEN: Name(name="Ben Moreau")},
)
DELIVERIES = Deliveries(
    items=[
        Delivery(
            id=DELIVERY_ID,
            type="appointment_invitation",
            recipient_id=BEN,
            channel=Channel.EMAIL,
            priority="normal",
            state=DeliveryState.DELIVERED,
            attempts=1,
            planned_at=BOOKED_AT,
            next_attempt_at=None,
            sent_at=BOOKED_AT + timedelta(seconds=1),
            delivered_at=BOOKED_AT + timedelta(seconds=3),
            reason=None,
            fallback_of=None,
        )
    ]
)

MESSAGE_LOG = MessageLog(
    items=[
        LoggedDelivery(
            **DELIVERIES.items[0].model_dump(),
            appointment_id=APPOINTMENT_ID,
            recipient_name="Ben Moreau",
            title=APPOINTMENT.title,
        )
    ],
    next_cursor=None,
)
BULK_OUTCOMES = BulkOutcomes(
    items=[
        BulkOutcome(
            id=APPOINTMENT_ID,
            status="refused",
            code="not_found",
            detail="There is no such appointment.",
            version=None,
            outcome=f"/api/appointments/commands/{COMMAND_ID}?sent_at=2027-02-01T12:00:00Z",
        )
    ]
)
PENDING = PendingCommand(command_id=COMMAND_ID, status="pending")
OUTCOME = Outcome(
    command_id=COMMAND_ID,
    status="refused",
    code=Code.VERSION_MISMATCH,
    detail="The appointment has version 2.",
    errors=[],
    conflicts=[],
    appointment_id=APPOINTMENT_ID,
    version=2,
    appointment=None,
    event_ids=[],
)
REPORT_ACCEPTED = ReportAccepted(id=UUID("4b7f0d0a-93a1-5c57-8d0e-1f5b6f3a0401"), status="accepted")
CONFLICTS = [
    Conflict(user_id=BEN, start_time=START + timedelta(minutes=15), end_time=START + timedelta(hours=1))
]
ALTERNATIVES = [Alternative(start_time=START + timedelta(hours=1), end_time=END + timedelta(hours=1))]
FIELD_ERRORS = [
    FieldFlaw(field="title", code="string_too_long", message="At most 200 characters", params={"max": 200})
]

STREAM = (
    ": connected\nid: 4.0.17.2.9.1\nretry: 1000\n\n"
    "id: 4.0.18.2.9.1\nevent: calendar.changed\n"
    f'data: {{"appointment_id":"{APPOINTMENT_ID}","version":2,"change":"cancelled","actor":"{ANNA}",'
    f'"correlation_id":"{COMMAND_ID}","was":null,"item":null}}\n\n'
    "id: 4.0.19.2.9.1\nevent: notification.changed\n"
    f'data: {{"appointment_id":"{APPOINTMENT_ID}","notifications":[{{"id":"{DELIVERY_ID}",'
    f'"recipient_id":"{BEN}","type":"appointment_invitation","channel":"email","state":"delivered"}}]}}\n\n'
)
CALENDAR_FILE = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Appointments//Appointments//EN\r\nBEGIN:VEVENT\r\n"
    f"UID:{APPOINTMENT_ID}\r\nDTSTAMP:20270201T120000Z\r\nDTSTART:20270301T080000Z\r\n"
    "DTEND:20270301T083000Z\r\nSUMMARY:Quarterly review\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
