"""Limits that clients want to know before they send something."""

from contracts import fields, holds
from services.ingress.api.models.people import Limits

LIMITS = Limits(
    participants=fields.PARTICIPANTS_MAX,
    title=fields.TITLE_MAX,
    description=fields.DESCRIPTION_MAX,
    location=fields.LOCATION_MAX,
    reason=fields.REASON_MAX,
    announcement=fields.ANNOUNCEMENT_MAX,
    hold_seconds=holds.HOLD_SECONDS_MAX,
    holds=holds.HOLDS_MAX,
)
