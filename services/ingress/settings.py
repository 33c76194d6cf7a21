"""Settings of the ingress, from plain environment variables."""

from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from chassis.configuration.settings import Settings

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def origin_of(url: str) -> str:
    """Return the origin of an address, as browsers send it. Raises ValueError."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"an origin is like https://hub.example, not {url[:100]!r}")
    usual = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"{parts.scheme}://{host}" + (f":{parts.port}" if parts.port not in (None, usual) else "")


class IngressSettings(Settings):
    """Times are seconds. The waits and limits are those of ARCHITECTURE.md, "The HTTP edge".

    frontend_origins: further origins whose pages may call, separated by commas. public_url: the address of
    the ingress for people, such as https://example.com; empty: the loopback address. feed_secret: makes
    addresses of calendars, booking has the same; empty: none are made or read. identity_search: the path of
    Identity's search of people, or `off`. communication_webhook_secret: the secret with which delivery
    reports are signed; empty: none are accepted. calendar_secret: the key of subscribed addresses, shared with
    reminders; after a comma an older one; empty: nobody can subscribe. web: whether the web application is served; the names that
    begin with `login` say it where people sign in.
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
    frontend_origins: str = ""
    public_url: str = ""
    web: Literal["on", "off"] = "on"
    web_name: str = "Appointments"
    login_kind: Literal["sandbox", "oidc", "external"] = "external"
    login_url: str = ""
    login_client_id: str = ""
    feed_secret: str = ""
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

    @property
    def origins(self) -> list[str]:
        """Return every origin whose pages may call: that of FRONTEND_URL, and FRONTEND_ORIGINS."""
        named = [self.frontend_url, *self.frontend_origins.split(",")]
        return list(dict.fromkeys(origin_of(url.strip()) for url in named if url.strip()))

    @model_validator(mode="after")
    def _check_origins(self) -> Self:
        """Raise ValueError for an origin that no browser sends."""
        _ = self.origins
        return self

    @model_validator(mode="after")
    def _check_public_url(self) -> Self:
        """Addresses that people get never follow from a request, whose Host anybody may write."""
        if not self.public_url:
            if self.ingress_host not in LOOPBACK:
                raise ValueError("PUBLIC_URL must be the address of the ingress for people")
            self.public_url = f"http://127.0.0.1:{self.port}"
        return self
