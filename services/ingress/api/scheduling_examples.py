"""Examples of availability, free slots and holds, in the story of the others."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from services.ingress.api.examples import ANNA, BEN, BOOKED_AT, END, START
from services.ingress.api.models.scheduling import (
    AvailabilityRead,
    BusySource,
    BusySources,
    BusyTimeRead,
    BusyTimesRead,
    ComponentCounts,
    FeedAddress,
    FreeSlot,
    FreeSlots,
    HoldRead,
    Holds,
    HoldState,
    Imported,
    LeftOutComponent,
    NotedComponent,
    Obstacle,
    Removed,
    SlotExplanation,
    SubscriptionRead,
    SubscriptionsRead,
)

SET_AVAILABILITY: dict[str, Any] = {
    "user_id": str(ANNA),
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
PLACE_HOLD: dict[str, Any] = {
    "participant_ids": [str(BEN)],
    "start_time": "2027-03-01T09:00:00",
    "end_time": "2027-03-01T09:30:00",
    "timezone": "Europe/Berlin",
    "expires_in": 300,
}

AVAILABILITY = AvailabilityRead.model_validate({**SET_AVAILABILITY, "version": 1})
SLOTS = FreeSlots(
    slots=[
        FreeSlot(start_time=START + after, end_time=END + after, user_ids=[ANNA, BEN])
        for after in (timedelta(), timedelta(minutes=45))
    ]
)
EXPLANATION = SlotExplanation(
    offered=False,
    reasons=[Obstacle(code="busy", detail="Another appointment takes 10:00 to 11:00 (Europe/Berlin).")],
)
HOLD = HoldRead(
    id=UUID("2f6d3c52-0f5e-5b8e-9d71-6f2a8b3c0501"),
    expires_at=BOOKED_AT + timedelta(minutes=5),
    start_time=START,
    end_time=END,
    user_ids=[ANNA, BEN],
    now=BOOKED_AT,
)
RENEW_HOLD: dict[str, Any] = {"expires_in": 300}
HOLDS = Holds(items=[HoldState.model_validate(HOLD.model_dump())], now=BOOKED_AT)
FEED = FeedAddress(
    url="https://appointments.example/api/appointments/calendar.ics?token=AAAAAAAAAAAAAAAAAAAACgABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
)
IMPORTED = Imported(
    imported=12,
    skipped=2,
    source="anna@elsewhere.example",
    removed=2,
    components=ComponentCounts(total=8, booked=6, skipped=1, failed=1),
    left_out=[
        LeftOutComponent(
            place="component 3",
            kind="VEVENT",
            uid="5e1c@calendar.example",
            outcome="failed",
            code="ends_before_start",
            detail="It ends before it begins.",
        ),
        LeftOutComponent(
            place="component 7",
            kind="VTODO",
            uid="77aa@calendar.example",
            outcome="skipped",
            code="not_an_event",
            detail="It is no event.",
        ),
    ],
    notes=[
        NotedComponent(
            place="component 4",
            kind="VEVENT",
            uid="90bf@calendar.example",
            code="zone_guessed",
            detail="The zone 'Customized Time Zone' is not known; its times are read as those of your own zone.",
        )
    ],
)
BUSY_SOURCES = BusySources(
    sources=[
        BusySource(source="anna@elsewhere.example", times=12, first_start=START, last_end=END + timedelta(30))
    ]
)
BUSY_TIMES = BusyTimesRead(
    items=[BusyTimeRead(source="anna@elsewhere.example", start_time=START, end_time=END)]
)
REMOVED = Removed(removed=12)
NEW_SUBSCRIPTION: dict[str, Any] = {
    "url": "https://calendar.example/ical/anna/private-3f9c/basic.ics",
    "name": "Work",
}
SUBSCRIPTION = SubscriptionRead(
    id=UUID("5ab51c52-0f5e-5b8e-9d71-6f2a8b3c0501"),
    name="Work",
    timezone="Europe/Berlin",
    created_at=BOOKED_AT,
    checked_at=BOOKED_AT + timedelta(days=1),
    succeeded_at=BOOKED_AT + timedelta(hours=23),
    error="busy",
    failing_since=BOOKED_AT + timedelta(days=1),
    times=12,
)
SUBSCRIPTIONS = SubscriptionsRead(items=[SUBSCRIPTION])
