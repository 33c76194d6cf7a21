"""How every client of ours connects to Kafka, and small questions to the cluster."""

from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from faststream.security import BaseSecurity, SASLOAuthBearer, SASLPlaintext, SASLScram256, SASLScram512

from chassis.configuration.kafka_settings import ssl_context
from chassis.configuration.settings import Settings
from chassis.kafka.oauth import Tokens

_WITH_PASSWORD = {"PLAIN": SASLPlaintext, "SCRAM-SHA-256": SASLScram256, "SCRAM-SHA-512": SASLScram512}


def connection(settings: Settings) -> dict[str, Any]:
    """Return the arguments of every aiokafka client (producer, consumer, admin): servers, TLS and credentials.

    Raises OSError (ssl.SSLError among them) when a certificate or key cannot be loaded.
    """
    found: dict[str, Any] = {"bootstrap_servers": settings.kafka_servers}
    if settings.kafka_security_protocol == "PLAINTEXT":
        return found
    found["security_protocol"] = settings.kafka_security_protocol
    if settings.kafka_security_protocol.endswith("SSL"):
        found["ssl_context"] = ssl_context(settings)
    if settings.kafka_security_protocol.startswith("SASL"):
        found["sasl_mechanism"] = settings.kafka_sasl_mechanism
        if settings.kafka_sasl_mechanism == "OAUTHBEARER":
            found["sasl_oauth_token_provider"] = Tokens(settings)
        else:
            found["sasl_plain_username"] = settings.kafka_sasl_username
            found["sasl_plain_password"] = settings.kafka_sasl_password
    return found


def broker_connection(settings: Settings) -> dict[str, Any]:
    """The same for FastStream's KafkaBroker."""
    found: dict[str, Any] = {"bootstrap_servers": settings.kafka_servers}
    if settings.kafka_security_protocol == "PLAINTEXT":
        return found
    secure = settings.kafka_security_protocol.endswith("SSL")
    tls: dict[str, Any] = {"use_ssl": secure, "ssl_context": ssl_context(settings) if secure else None}
    mechanism = settings.kafka_sasl_mechanism
    if mechanism == "OAUTHBEARER":
        found["security"] = SASLOAuthBearer(**tls)
        found["sasl_oauth_token_provider"] = Tokens(settings)
    elif mechanism is None:
        found["security"] = BaseSecurity(**tls)
    else:
        found["security"] = _WITH_PASSWORD[mechanism](
            username=settings.kafka_sasl_username, password=settings.kafka_sasl_password, **tls
        )
    return found


def principal(settings: Settings) -> str:
    """How Kafka's ACLs name this process, as far as we know; for people."""
    if settings.kafka_security_protocol == "PLAINTEXT":
        return "User:ANONYMOUS"
    if settings.kafka_sasl_mechanism == "OAUTHBEARER":
        return "the token's subject"
    if settings.kafka_sasl_mechanism:
        return f"User:{settings.kafka_sasl_username}"
    return "the subject of KAFKA_SSL_CERTFILE"


async def cluster_id(settings: Settings) -> str:
    """The id of the Kafka cluster: offsets of another cluster mean nothing here."""
    admin = AIOKafkaAdminClient(**connection(settings))
    await admin.start()
    try:
        return str((await admin.describe_cluster())["cluster_id"])
    finally:
        await admin.close()
