"""The notifier's settings; the figures of calls: docs/requirements.md#communication-timeout and below."""

from chassis.configuration.settings import Settings


class NotifierSettings(Settings):
    """All times are in seconds, unless the name has another unit.

    identity_timeout: one call to Identity for the senders of commands. communication_token: the
    notifier's own service token. digest_threshold: normal messages that a person gets one by one on a day of
    their calendar, before the rest of the day comes in a digest; 0: no limit. communication_timeout: one HTTP
    call. quick_tries: calls in one attempt, with quick_wait_min..max between them. retry_first: delay before
    the second attempt; then retry_next, doubling, up to retry_max_attempts retries. deliveries_in_flight:
    calls at the same time. lease: time for which a claimed delivery belongs to a process that shows no sign
    of life.
    """

    service = "notifier"
    identity_timeout: float = 5.0
    communication_token: str = ""
    digest_threshold: int = 20
    communication_timeout: float = 30.0
    quick_tries: int = 3
    quick_wait_min: float = 4.0
    quick_wait_max: float = 10.0
    retry_first: float = 300.0
    retry_next: float = 60.0
    retry_max_attempts: int = 5
    breaker_threshold: int = 5
    breaker_recovery: float = 60.0
    recovery_spread: float = 10.0
    deliveries_in_flight: int = 64
    claim_max: int = 256
    lease: float = 20.0
    dispatch_idle: float = 1.0
    registration_every: float = 600.0
    outbox_adopt_after: float = 15.0
    keep_deliveries_days: int = 90
    keep_decisions_days: int = 30
