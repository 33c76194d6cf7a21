"""Which addresses are called: https on the public internet, and nothing that stands for another."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chassis.outbound.addresses import Flaw, Policy, checked, is_public


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450:4001::200e"])
def test_public_addresses_are_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *(
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "10.1.2.3",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
        ),
        *("169.254.169.254", "100.64.0.1", "100.100.100.200", "192.0.0.192", "192.0.2.1", "192.88.99.1"),
        *("198.18.0.1", "203.0.113.9", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"),
        *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd00:ec2::254", "ff02::1", "fec0::1"),
        *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "::ffff:169.254.169.254", "::127.0.0.1", "::8.8.8.8"),
        *(
            "64:ff9b::a9fe:a9fe",
            "64:ff9b::808:808",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
        ),
        *("100::1", "3fff::1", "::ffff:0:7f00:1", "5f00::1", "", "localhost", "1", "127.1"),
    ],
)
def test_addresses_of_our_own_or_that_stand_for_others_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.ip_addresses())
def test_no_address_is_public_that_the_registries_do_not_call_global(address: object) -> None:
    if is_public(str(address)):
        assert address.is_global  # type: ignore[attr-defined]
        assert not address.is_multicast  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://calendar.example/ical/a%40b/basic.ics", "https://calendar.example/ical/a%40b/basic.ics"),
        ("webcal://p01.example/published/2/x", "https://p01.example/published/2/x"),
        ("HTTPS://Calendar.Example:443/?a=b#part", "https://calendar.example/?a=b"),
        ("https://8.8.8.8", "https://8.8.8.8/"),
        ("https://calendar.example./x", "https://calendar.example./x"),
    ],
)
def test_addresses_of_calendars(url: str, expected: str) -> None:
    assert checked(url) == expected


@pytest.mark.parametrize(
    ("url", "code"),
    [
        *(
            ("http://calendar.example/", "url"),
            ("ftp://calendar.example/", "url"),
            ("file:///etc/passwd", "url"),
        ),
        *(("https:///x", "url"), ("calendar.example", "url"), ("", "url"), ("https://", "url")),
        *(
            ("https://user:password@calendar.example/", "credentials"),
            ("https://@calendar.example/", "credentials"),
        ),
        *(("https://calendar.example:8443/", "port"), ("https://calendar.example:22/", "port")),
        *(("https://calendar.example:99999/", "url"), ("https://calendar.example:x/", "url")),
        *(("https://127.0.0.1/", "private_address"), ("https://[::1]/", "private_address")),
        *(
            ("https://[::ffff:169.254.169.254]/", "private_address"),
            ("https://169.254.169.254/", "private_address"),
        ),
        *(("https://2130706433/", "url"), ("https://0x7f000001/", "url"), ("https://0177.0.0.1/", "url")),
        *(("https://127.1/", "url"), ("https://localhost/", "url"), ("https://metadata/", "url")),
        *(
            ("https://a.example/x y", "url"),
            ("https://a.example\\@b.example/", "url"),
            ("https://a.exämple/", "url"),
        ),
        *(("https://a.example/\r\nHost: b", "url"), ("https://[::1", "url"), ("https://a..example/", "url")),
        ("https://a.example/" + "x" * 2_000, "too_long"),
    ],
)
def test_addresses_that_are_refused(url: str, code: str) -> None:
    with pytest.raises(Flaw) as refused:
        checked(url)
    assert refused.value.code == code
    assert "secret" not in str(refused.value)


@given(st.text(max_size=60))
def test_any_text_is_an_https_address_or_refused(text: str) -> None:
    with contextlib.suppress(Flaw):
        assert checked(f"https://{text}").startswith("https://")


def test_a_policy_permits_what_it_names_and_no_more() -> None:
    policy = Policy(ports=(8443,), addresses=("127.0.0.1",))
    assert checked("https://127.0.0.1:8443/", policy)
    for url in ("https://127.0.0.2:8443/", "https://127.0.0.1:8444/"):
        with pytest.raises(Flaw):
            checked(url, policy)
