"""Examples of the caller and of colleagues, in the story of the others."""

from datetime import timedelta

from chassis.health import VERSION
from services.ingress.api.examples import ANNA, APPOINTMENT, BEN, BOOKED_AT
from services.ingress.api.limits import LIMITS
from services.ingress.api.models.people import Colleague, Colleagues, Me, Rights

ME = Me(
    id=ANNA,
    organization_id=APPOINTMENT.organization_id,
    name="Anna Lindqvist",
    email="anna@example.com",
    roles=["member"],
    timezone="Europe/Berlin",
    locale="de",
    token_expires_at=BOOKED_AT + timedelta(hours=1),
    now=BOOKED_AT,
    tzdata="2026c",
    version=VERSION,
    limits=LIMITS,
    can=Rights(organization_preferences=False, book_for_others=False, announce=True),
)
PEOPLE = Colleagues(
    items=[
        Colleague(id=BEN, name="Ben Moreau", email="ben@example.com", timezone="Europe/Berlin", active=True)
    ],
    next_cursor=None,
)
