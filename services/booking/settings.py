"""Settings of booking, beside those that every service has."""

from chassis.configuration.settings import Settings


class BookingSettings(Settings):
    """Seconds and days. The five seconds for Identity: docs/requirements.md#identity-timeout.

    feed_secret: the ingress's, which proves commands about addresses of calendars; empty: all are refused.
    """

    service = "booking"
    identity_timeout: float = 5.0
    people_cached_for: float = 300.0
    decisions_kept_days: int = 30
    feed_secret: str = ""
