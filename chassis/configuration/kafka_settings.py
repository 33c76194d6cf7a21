"""Rules between the settings of a connection to Kafka; each error names its variable."""

import ssl
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from chassis.configuration.settings import Settings

_FILES = ("kafka_ssl_cafile", "kafka_ssl_certfile", "kafka_ssl_keyfile")


def servers(given: str) -> list[str]:
    """The servers of a comma list, each `host:port`, without blanks."""
    return [one.strip() for one in given.split(",") if one.strip()]


def complaint(settings: "Settings") -> str | None:
    """The first thing that is wrong, or None."""
    return _servers(settings) or _sasl(settings) or _tls(settings)


def ssl_context(settings: "Settings") -> ssl.SSLContext:
    """Trusts KAFKA_SSL_CAFILE, else the machine's authorities; presents KAFKA_SSL_CERTFILE if there is one.

    Raises OSError (ssl.SSLError among them) when a file cannot be loaded.
    """
    context = ssl.create_default_context(cafile=settings.kafka_ssl_cafile or None)
    context.check_hostname = settings.kafka_ssl_check_hostname
    if settings.kafka_ssl_certfile:
        # A function, or OpenSSL would ask at the terminal for the password of a key that has one.
        context.load_cert_chain(
            settings.kafka_ssl_certfile,
            settings.kafka_ssl_keyfile or None,
            lambda: settings.kafka_ssl_key_password,
        )
    return context


def _servers(settings: "Settings") -> str | None:
    found = servers(settings.kafka_bootstrap_servers)
    if not found:
        return "KAFKA_BOOTSTRAP_SERVERS names no server"
    for one in found:
        try:
            parts = urlsplit(f"//{one}")
            good = bool(parts.hostname) and (parts.port or 0) > 0 and parts.netloc == one and "@" not in one
        except ValueError:
            good = False
        if not good:
            return f"KAFKA_BOOTSTRAP_SERVERS: {one!r} is not host:port (several are separated by commas)"
    return None


def _sasl(settings: "Settings") -> str | None:
    protocol, mechanism = settings.kafka_security_protocol, settings.kafka_sasl_mechanism
    if not protocol.startswith("SASL_"):
        if mechanism is not None:
            return f"KAFKA_SASL_MECHANISM is set, but KAFKA_SECURITY_PROTOCOL={protocol} sends no credentials: set SASL_SSL"
        return None
    if mechanism is None:
        return f"KAFKA_SASL_MECHANISM is needed for KAFKA_SECURITY_PROTOCOL={protocol}"
    if mechanism == "OAUTHBEARER":
        return _oauth(settings)
    for name in ("kafka_sasl_username", "kafka_sasl_password"):
        if not getattr(settings, name):
            return f"{name.upper()} is needed for KAFKA_SASL_MECHANISM={mechanism}"
    return None


def _oauth(settings: "Settings") -> str | None:
    prefix = "KAFKA_SASL_OAUTHBEARER"
    if settings.kafka_sasl_oauthbearer_token_file:
        return None
    if not settings.kafka_sasl_oauthbearer_token_endpoint_url:
        return f"{prefix}_TOKEN_FILE or {prefix}_TOKEN_ENDPOINT_URL is needed for KAFKA_SASL_MECHANISM=OAUTHBEARER"
    if not settings.kafka_sasl_oauthbearer_token_endpoint_url.startswith(("https://", "http://")):
        return f"{prefix}_TOKEN_ENDPOINT_URL is not an http or https address"
    for name in ("client_id", "client_secret"):
        if not getattr(settings, f"kafka_sasl_oauthbearer_{name}"):
            return f"{prefix}_{name.upper()} is needed with {prefix}_TOKEN_ENDPOINT_URL"
    return None


def _tls(settings: "Settings") -> str | None:
    given = [name for name in _FILES if getattr(settings, name)]
    if not settings.kafka_security_protocol.endswith("SSL"):
        if given:
            return f"{given[0].upper()} is set, but KAFKA_SECURITY_PROTOCOL={settings.kafka_security_protocol} uses no TLS"
        return None
    for name in given:
        if not Path(getattr(settings, name)).is_file():
            return f"{name.upper()}: there is no file {getattr(settings, name)!r}"
    if settings.kafka_ssl_keyfile and not settings.kafka_ssl_certfile:
        return "KAFKA_SSL_CERTFILE is needed with KAFKA_SSL_KEYFILE"
    try:
        ssl_context(settings)
    except (OSError, ValueError) as error:
        return f"{', '.join(name.upper() for name in given)} cannot be loaded: {error}"
    return None
