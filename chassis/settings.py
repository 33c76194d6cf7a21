"""Settings that every service has, from plain environment variables."""

from urllib.parse import urlsplit, urlunsplit

from pydantic_settings import BaseSettings, SettingsConfigDict

METADATA_AGE_MS = 2_000
"""Each client asks as often how many partitions its topics have; a resize waits for longer than that."""


class Settings(BaseSettings):
    """What any service needs to stand on Kafka and PostgreSQL. Times are seconds unless the name says ms."""

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True)

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    database_url: str = "postgresql://appointments:appointments@127.0.0.1:5433/appointments"
    topic_prefix: str = ""
    topic_partitions: int = 6
    topic_replication: int = 1
    identity_url: str = "http://127.0.0.1:8001"
    communication_url: str = "http://127.0.0.1:8003"
    frontend_url: str = "http://127.0.0.1:3000"
    health_host: str = "127.0.0.1"
    health_port: int = 0
    log_level: str = "INFO"
    otel_exporter_otlp_endpoint: str | None = None

    batch_max_records: int = 500
    fetch_max_wait_ms: int = 500
    linger_ms: int = 0
    session_timeout_ms: int = 10_000
    publish_timeout: float = 30.0
    handler_timeout: float = 120.0
    retry_base: float = 0.1
    retry_max: float = 5.0
    dead_letter_cap: int = 20
    dead_letter_window: float = 60.0
    stalled_after: float = 30.0


def service_database_url(settings: Settings, service: str) -> str:
    """The database of one service: the base URL's database name, an underscore, the service's name."""
    parts = urlsplit(settings.database_url)
    return urlunsplit(("postgresql+asyncpg", parts.netloc, f"{parts.path}_{service}", parts.query, ""))
