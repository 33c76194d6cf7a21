"""Settings of connections: read from the environment, refused with the name of the variable that is wrong."""

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from chassis.configuration.settings import Settings, owner_database_url, service_database_url
from tests.clusters.certificates import Authority

SASL: dict[str, Any] = {"kafka_security_protocol": "SASL_PLAINTEXT", "kafka_sasl_mechanism": "SCRAM-SHA-256"}
LOGIN: dict[str, Any] = {"kafka_sasl_username": "me", "kafka_sasl_password": "topsecret"}


class BookingSettings(Settings):
    """Those of one service."""

    service = "booking"
    port: int = 1


def refusal(**given: Any) -> str:
    with pytest.raises(ValidationError) as caught:
        Settings(**given)
    return str(caught.value)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kafka_bootstrap_servers": " , "}, "KAFKA_BOOTSTRAP_SERVERS names no server"),
        ({"kafka_bootstrap_servers": "a:1,b"}, "KAFKA_BOOTSTRAP_SERVERS: 'b' is not host:port"),
        ({"kafka_bootstrap_servers": "a:1,kafka://b:2"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"kafka_bootstrap_servers": "a:99999"}, "KAFKA_BOOTSTRAP_SERVERS"),
        ({"kafka_security_protocol": "TLS"}, "kafka_security_protocol"),
        ({"kafka_sasl_mechanism": "PLAIN"}, "KAFKA_SECURITY_PROTOCOL=PLAINTEXT sends no credentials"),
        ({"kafka_security_protocol": "SASL_SSL"}, "KAFKA_SASL_MECHANISM is needed"),
        (SASL, "KAFKA_SASL_USERNAME is needed"),
        (SASL | {"kafka_sasl_username": "me"}, "KAFKA_SASL_PASSWORD is needed"),
        (SASL | {"kafka_sasl_mechanism": "OAUTHBEARER"}, "KAFKA_SASL_OAUTHBEARER_TOKEN_FILE or"),
        ({"kafka_ssl_cafile": __file__}, "KAFKA_SSL_CAFILE is set, but"),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_cafile": "/no/such"}, "KAFKA_SSL_CAFILE: there is no"),
        (
            {"kafka_security_protocol": "SSL", "kafka_ssl_cafile": __file__},
            "KAFKA_SSL_CAFILE cannot be loaded",
        ),
        ({"kafka_security_protocol": "SSL", "kafka_ssl_keyfile": __file__}, "KAFKA_SSL_CERTFILE is needed"),
        ({"database_url": "mysql://h/d"}, "DATABASE_URL does not begin with postgresql://"),
        ({"database_url": "postgresql://h:x/d"}, "DATABASE_URL: 'h:x' is not host:port"),
        ({"database_url": "postgresql://h/d?sslrootcert=/no/such"}, "DATABASE_URL: sslrootcert names a file"),
        (
            {"database_url": "postgresql://h/d?channel_binding=require"},
            "DATABASE_URL: channel_binding=require",
        ),
        (
            {"database_url": "postgresql://h/d?sslrootcert=system&sslmode=require"},
            "DATABASE_URL: sslrootcert=system needs",
        ),
    ],
)
def test_what_no_client_could_connect_by_is_refused(given: dict[str, Any], words: str) -> None:
    assert words in refusal(**given)


def test_no_secret_stands_in_an_error_or_a_representation() -> None:
    assert "topsecret" not in refusal(**LOGIN, kafka_sasl_mechanism="PLAIN")
    assert "topsecret" not in repr(Settings(**SASL, **LOGIN, database_url="postgresql://me:topsecret@h/d"))


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAFKA_SASL_MECHANISM", "")
    monkeypatch.setenv("BOOKING_DATABASE_URL", "")
    settings = BookingSettings()
    assert (settings.kafka_sasl_mechanism, settings.database_urls) == (None, {})


def test_a_services_own_variable_wins_and_only_for_that_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**SASL, **LOGIN}.items():
        monkeypatch.setenv(name.upper(), value)
    monkeypatch.setenv("BOOKING_KAFKA_SASL_USERNAME", "booking")
    assert (BookingSettings().kafka_sasl_username, Settings().kafka_sasl_username) == ("booking", "me")
    assert BookingSettings(kafka_sasl_username="given").kafka_sasl_username == "given"
    assert BookingSettings().kafka_sasl_password == "topsecret"


def test_variables_that_a_cluster_injects_for_a_service_mean_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOOKING_PORT", "tcp://10.0.0.1:8000")
    assert BookingSettings().port == 1


def test_several_bootstrap_servers_may_have_blanks_between_them() -> None:
    assert Settings(kafka_bootstrap_servers="a:1, [::1]:2 ,b:3").kafka_servers == ["a:1", "[::1]:2", "b:3"]


SEVERAL = "postgresql://u:p%40%2F@h1:1,h2:2/base?sslmode=verify-full&target_session_attrs=read-write"


def test_a_services_database_keeps_hosts_login_and_options() -> None:
    settings = Settings(database_url=SEVERAL)
    assert service_database_url(settings, "booking") == SEVERAL.replace("/base?", "/base_booking?")
    assert owner_database_url(settings, "booking") == service_database_url(settings, "booking")


def test_a_services_own_address_is_used_as_it_is_and_migrated_by_the_owner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BOOKING_DATABASE_URL", "postgres://b:x@other:5/own")
    settings = Settings(database_url=SEVERAL)
    assert service_database_url(settings, "booking") == "postgres://b:x@other:5/own"
    assert service_database_url(settings, "notifier") == SEVERAL.replace("/base?", "/base_notifier?")
    assert owner_database_url(settings, "booking") == SEVERAL.replace("/base?", "/own?")
    monkeypatch.setenv("BOOKING_OWNER_DATABASE_URL", "postgresql://owner@other:5/own")
    assert owner_database_url(Settings(database_url=SEVERAL), "booking") == "postgresql://owner@other:5/own"


def test_an_own_address_is_checked_by_its_own_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKING_DATABASE_URL", "mysql://h/d")
    assert "BOOKING_DATABASE_URL does not begin" in refusal()
    monkeypatch.delenv("BOOKING_DATABASE_URL")
    monkeypatch.setenv("LEGACY_DATABASE_URL", "mysql://h/d")
    assert Settings().database_urls == {}


def test_a_key_with_a_password_is_loaded_by_it(tmp_path: Path) -> None:
    pair = Authority(tmp_path).sign("locked", password="open")
    files: dict[str, Any] = {"kafka_ssl_certfile": str(pair.certificate), "kafka_ssl_keyfile": str(pair.key)}
    given: dict[str, Any] = {"kafka_security_protocol": "SSL", **files}
    assert Settings(**given, kafka_ssl_key_password="open")
    assert "cannot be loaded" in refusal(**given, kafka_ssl_key_password="wrong")
