"""Addresses as managed PostgreSQL hands them out."""

import pytest

from chassis.configuration import dsn


def test_several_hosts_are_tried_in_their_order_and_the_primary_is_meant() -> None:
    found = dsn.target("postgres://u:p@h1:1,h2,[::1]:3/d?sslmode=require")
    assert found.hosts == (("h1", 1), ("h2", 5432), ("::1", 3))
    assert (found.url, found.attributes) == ("postgresql://u:p@/d?sslmode=require", "read-write")


def test_one_host_may_be_anything_unless_the_address_says() -> None:
    assert dsn.target("postgresql://h/d").attributes == "any"
    assert dsn.target("postgresql://h/d?target_session_attrs=primary").attributes == "primary"


def test_hosts_and_ports_may_stand_in_the_options() -> None:
    found = dsn.target("postgresql:///d?host=h1,h2&port=1,2&user=me&password=x")
    assert found.hosts == (("h1", 1), ("h2", 2))
    assert (dsn.user("postgresql:///d?user=me"), dsn.password("postgresql:///d?password=x")) == ("me", "x")


def test_options_of_the_client_library_do_not_go_to_the_server() -> None:
    given = "postgresql://u@h/d?sslmode=require&channel_binding=prefer&connect_timeout=10&application_name=x"
    assert dsn.target(given).url == "postgresql://u@/d?sslmode=require&application_name=x"


def test_what_people_see_has_no_password_and_no_options() -> None:
    assert dsn.shown("postgresql://u:secret@h1:1,h2:2/d?password=secret") == "d at h1:1, h2:2"


def test_another_login_brings_no_certificate_of_the_first() -> None:
    changed = dsn.with_login("postgres://u:p@h1,h2/d?sslcert=a&sslkey=b&sslmode=verify-full", "r", "a/b@")
    assert changed == "postgresql://r:a%2Fb%40@h1,h2/d?sslmode=verify-full"
    assert dsn.password(changed) == "a/b@"


@pytest.mark.parametrize(("given", "expected"), [("read-write", "primary"), ("any", "any")])
def test_a_reader_asks_for_the_primary_where_others_ask_for_who_may_write(given: str, expected: str) -> None:
    url = dsn.for_reader(f"postgresql://h/d?target_session_attrs={given}")
    assert dsn.target(url).attributes == expected
