"""Settings of the ingress, from plain environment variables."""

from pydantic import Field

from chassis.configuration.settings import Settings


class IngressSettings(Settings):
    """Times are seconds. The waits and limits are those of ARCHITECTURE.md, "The HTTP edge".

    public_url: the address of the ingress for people, such as https://example.com; empty: that of the
    request. communication_webhook_secret: the secret with which delivery reports are signed; empty: none
    are accepted. calendar_secret: the key of subscribed addresses, shared with reminders; after a comma an older
    one; empty: nobody can subscribe.
    """

    service = "ingress"
    port: int = 8000
    ingress_host: str = "127.0.0.1"
    jwt_issuer: str = "appointments-sandbox-identity"
    jwt_audience: str = "appointments"

    produce_wait: float = 2.0
    intake_wait: float = 5.0
    outcome_wait: float = 5.0
    visible_wait: float = 2.0

    communication_webhook_secret: str = ""
    webhook_max_bytes: int = 64 * 1024

    connections_max: int = 10_000
    head_within: float = 10.0
    taken_within: float = 30.0
    body_within: float = 30.0
    body_max_bytes: int = 256 * 1024
    calendar_max_bytes: int = 5 * 1024 * 1024
    calendar_read_wait: float = 20.0
    public_url: str = ""
    bodies_person_max: int = 16
    calendar_secret: str = Field("", repr=False)
    in_flight_max: int = 1_000
    person_rate: float = 100.0
    person_burst: float = 400.0
    organization_rate: float = 1_000.0

    streams_max: int = 2_000
    streams_person_max: int = 10
    stream_queue_max: int = 1_000
    stream_memory_seconds: float = 600.0
    stream_memory_max: int = 100_000
    heartbeat_seconds: float = 15.0
    stream_check_seconds: float = 30.0

    pool_size: int = 10
