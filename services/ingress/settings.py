"""Settings of the ingress, from plain environment variables."""

from typing import Literal

from chassis.configuration.settings import Settings


class IngressSettings(Settings):
    """Times are seconds. The waits and limits are those of ARCHITECTURE.md, "The HTTP edge".

    public_url: the address of the ingress for people, such as https://example.com; empty: that of the
    request. identity_search: the path of Identity's search of people, or `off`. communication_webhook_secret: the secret with which delivery reports are signed; empty: none
    are accepted. web: whether the web application is served; the names that begin with `login` say it where
    people sign in.
    """

    service = "ingress"
    port: int = 8000
    ingress_host: str = "127.0.0.1"
    jwt_issuer: str = "appointments-sandbox-identity"
    jwt_audience: str = "appointments"
    identity_search: str = "/api/identity/users"
    people_rate: float = 20.0

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
    web: Literal["on", "off"] = "on"
    web_name: str = "Appointments"
    login_kind: Literal["sandbox", "oidc", "external"] = "external"
    login_url: str = ""
    login_client_id: str = ""
    bodies_person_max: int = 16
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
