"""Settings that every service has, from plain environment variables; the variable is the name in capitals."""

from typing import ClassVar, Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from chassis.configuration import dsn
from chassis.configuration.environment import DatabaseUrls, OwnVariables
from chassis.configuration.kafka_settings import complaint, servers

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
Mechanism = Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"]

METADATA_AGE_MS = 2_000
"""Each client asks as often how many partitions its topics have; a resize waits for longer than that."""


class Settings(BaseSettings):
    """Settings that every service needs for Kafka and PostgreSQL. Times are seconds unless the name says ms.

    How to connect: docs/configuration.md. `service` names the process in variables of
    its own (BOOKING_KAFKA_SASL_USERNAME); `database_urls` are the NAME_DATABASE_URL of the environment.
    """

    model_config = SettingsConfigDict(extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)
    service: ClassVar[str] = ""

    kafka_bootstrap_servers: str = "127.0.0.1:9092"
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_sasl_mechanism: Mechanism | None = None
    kafka_sasl_username: str = ""
    kafka_sasl_password: str = Field("", repr=False)
    kafka_sasl_oauthbearer_token_file: str = ""
    kafka_sasl_oauthbearer_token_endpoint_url: str = ""
    kafka_sasl_oauthbearer_client_id: str = ""
    kafka_sasl_oauthbearer_client_secret: str = Field("", repr=False)
    kafka_sasl_oauthbearer_scope: str = ""
    kafka_ssl_cafile: str = ""
    kafka_ssl_certfile: str = ""
    kafka_ssl_keyfile: str = ""
    kafka_ssl_key_password: str = Field("", repr=False)
    kafka_ssl_check_hostname: bool = True

    database_url: str = Field(
        "postgresql://appointments:appointments@127.0.0.1:5433/appointments", repr=False
    )
    database_urls: dict[str, str] = Field(default_factory=dict, repr=False)
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

    @property
    def kafka_servers(self) -> list[str]:
        """The bootstrap servers, each `host:port`."""
        return servers(self.kafka_bootstrap_servers)

    @model_validator(mode="after")
    def _can_connect(self) -> Self:
        """Reject an address that no client can use, naming the variable."""
        found = complaint(self)
        if found:
            raise ValueError(found)
        dsn.check("DATABASE_URL", self.database_url)
        for name, url in self.database_urls.items():
            dsn.check(f"{name.upper()}_DATABASE_URL", url)
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003  (pydantic passes them by name)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Precedence: arguments, then the service's own variables, then the common ones."""
        own = (OwnVariables(settings_cls, cls.service),) if cls.service else ()
        return (init_settings, *own, DatabaseUrls(settings_cls), env_settings)


def service_database_url(settings: Settings, service: str) -> str:
    """The database of one service: SERVICE_DATABASE_URL, else DATABASE_URL with `_service` after the database's name."""
    return settings.database_urls.get(service) or dsn.with_database(
        settings.database_url, f"{dsn.database(settings.database_url)}_{service}"
    )


def owner_database_url(settings: Settings, service: str) -> str:
    """Return the database's address for the owner of its tables, who migrates it: SERVICE_OWNER_DATABASE_URL, else DATABASE_URL."""
    given = settings.database_urls.get(f"{service}_owner")
    name = dsn.database(service_database_url(settings, service))
    return given or dsn.with_database(settings.database_url, name)


def database_variable(settings: Settings, service: str) -> str:
    """The variable that names the database of a service."""
    return f"{service.upper()}_DATABASE_URL" if service in settings.database_urls else "DATABASE_URL"
