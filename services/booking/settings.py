"""Settings of booking, beside those that every service has."""

from chassis.configuration.settings import Settings


class BookingSettings(Settings):
    """Seconds and days. The five seconds for Identity: docs/requirements.md#identity-timeout."""

    service = "booking"
    identity_timeout: float = 5.0
    people_cached_for: float = 300.0
    decisions_kept_days: int = 30
