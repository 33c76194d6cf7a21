"""Addresses on the public internet: which URL may be called, and which IP address its host may have."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import SplitResult, urlsplit, urlunsplit

URL_MAX = 2_000
HTTPS_PORT = 443
IpAddress = IPv4Address | IPv6Address

# Networks in which an IPv6 address stands for an IPv4 address, or for one that nobody outside can tell: a request to
# them may end anywhere. `is_global` of the standard library knows the IANA registries, but not these.
_TRANSLATED = tuple(
    IPv6Network(network)
    for network in (
        "::/96",  # IPv4-compatible
        "::ffff:0:0/96",  # IPv4-mapped
        "::ffff:0:0:0/96",  # IPv4-translated (SIIT)
        "64:ff9b::/96",  # NAT64
        "64:ff9b:1::/48",  # NAT64 of a network's own
        "2001::/32",  # Teredo
        "2002::/16",  # 6to4
        "fec0::/10",  # site-local
        "5f00::/16",  # segment routing
    )
)
_OWN = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
        "2001:db8::/32",
        "3fff::/20",
        "100::/64",
    )
)


@dataclass(eq=False)
class Flaw(Exception):
    """An address that is not called. `code` is stable, for programs; the message does not repeat the address."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Policy:
    """The ports and addresses that may be called beside public ones on port 443. A product's is empty.

    Tests name a server of their own; no setting does.
    """

    ports: Sequence[int] = ()
    addresses: Sequence[str] = ()

    def permits(self, address: str) -> bool:
        """Whether a connection to this IP address may be made."""
        return address in self.addresses or is_public(address)


PUBLIC = Policy()


def is_public(address: str) -> bool:
    """Whether an IP address is one on the public internet, and stands for no other."""
    try:
        found = ip_address(address)
    except ValueError:
        return False
    if isinstance(found, IPv6Address) and (
        found.scope_id or any(found in network for network in _TRANSLATED)
    ):
        return False
    if any(found.version == network.version and found in network for network in _OWN):
        return False
    return found.is_global and not (found.is_multicast or found.is_reserved or found.is_unspecified)


def checked(url: str, policy: Policy = PUBLIC) -> str:
    """Return an https URL without its fragment; webcal is https. Raises Flaw for a URL that is not called."""
    if len(url) > URL_MAX:
        raise Flaw("too_long", f"An address has at most {URL_MAX:,} characters.")
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise Flaw("url", "Expected an address of ASCII characters without blanks; escape the others.")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise Flaw("url", "Expected an https address.") from None
    if parts.scheme.lower() not in ("https", "webcal", "webcals") or not host:
        raise Flaw("url", "Expected an https address.")
    if "@" in parts.netloc:
        raise Flaw("credentials", "An address with a user name or password is not called.")
    if port not in (None, HTTPS_PORT, *policy.ports):
        raise Flaw("port", "Only the https port 443 is called.")
    _check_host(host, policy)
    return urlunsplit(SplitResult("https", _netloc(host, port), parts.path or "/", parts.query, ""))


def _check_host(host: str, policy: Policy) -> None:
    if _is_literal(host):
        if not policy.permits(host):
            raise Flaw("private_address", "The address is not on the public internet.")
    elif "." not in host.rstrip(".") or not _is_name(host):
        raise Flaw("url", "Expected the full name of a host on the public internet.")


def _is_literal(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_name(host: str) -> bool:
    """Whether it is a host name, and no number in disguise: resolvers read 0x7f.1 and 2130706433 as addresses."""
    labels = host.rstrip(".").split(".")
    letters = all(
        0 < len(label) < 64 and label.replace("-", "").replace("_", "").isalnum() for label in labels
    )
    return letters and len(host) < 254 and not labels[-1][0].isdigit()


def _netloc(host: str, port: int | None) -> str:
    name = f"[{host}]" if ":" in host else host
    return name if port in (None, HTTPS_PORT) else f"{name}:{port}"
