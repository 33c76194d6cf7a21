"""Addresses of databases as managed PostgreSQL hands them out: several hosts, TLS options, other names for a scheme."""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit

# The client's own parameters in libpq that our driver does not know: it would send them to the server, which refuses.
_CLIENT_ONLY = {
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "load_balance_hosts",
    "require_auth",
    "sslcertmode",
    "sslcompression",
    "sslsni",
    "tcp_user_timeout",
}
_FILES = ("sslrootcert", "sslcert", "sslkey", "sslcrl", "passfile")
_VERIFIED = ("verify-ca", "verify-full")
SYSTEM = "system"  # libpq's word for the certificates that the machine trusts


@dataclass(frozen=True, slots=True)
class Target:
    """An address taken apart. `url` has no host, `hosts` are (host, port) in the order in which they are tried.

    `attributes` is libpq's target_session_attrs; of several hosts it is the primary if the address does not say.
    """

    url: str
    hosts: tuple[tuple[str, int], ...]
    attributes: str
    trusts_system: bool


def database(url: str) -> str:
    """The name of the database in an address; `appointments` if it has none."""
    return unquote(urlsplit(url).path.lstrip("/")) or "appointments"


def user(url: str) -> str:
    """The user in an address, or an empty string."""
    return unquote(_login(url).partition(":")[0]) or _query(url).get("user", "")


def password(url: str) -> str:
    """The password in an address, or an empty string."""
    return unquote(_login(url).partition(":")[2]) or _query(url).get("password", "")


def shown(url: str) -> str:
    """Host, port and database for people: no password, no options."""
    hosts = ", ".join(f"{host}:{port}" for host, port in target(url).hosts)
    return f"{database(url)} at {hosts}"


def with_database(url: str, name: str) -> str:
    """The same address with another database; hosts, ports, login and options stay."""
    return urlsplit(url)._replace(scheme="postgresql", path=f"/{quote(name, safe='')}").geturl()


def with_login(url: str, name: str, secret: str) -> str:
    """Return the address for another user, without the first user's certificate."""
    parts = urlsplit(url)
    hosts = parts.netloc.rpartition("@")[2]
    mine = ("user", "password", "passfile", "sslcert", "sslkey", "sslpassword")
    query = {key: value for key, value in _query(url).items() if key not in mine}
    login = quote(name, safe="") + (f":{quote(secret, safe='')}" if secret else "")
    return parts._replace(
        scheme="postgresql", netloc=f"{login}@{hosts}", query=urlencode(query, quote_via=quote)
    ).geturl()


def for_reader(url: str) -> str:
    """The same address for a role that only reads: it could never pass for one that may write, so any primary will do."""
    query = _query(url)
    if query.get("target_session_attrs") != "read-write":
        return url
    changed = urlencode(query | {"target_session_attrs": "primary"}, quote_via=quote)
    return urlsplit(url)._replace(query=changed).geturl()


@lru_cache(maxsize=64)
def target(url: str) -> Target:
    """Take an address apart. Raises ValueError where it cannot be understood."""
    parts = urlsplit(url)
    query = _query(url)
    hosts = _hosts(query.pop("host", "") or unquote(parts.netloc.rpartition("@")[2]), query.pop("port", ""))
    attributes = query.pop("target_session_attrs", "") or ("read-write" if len(hosts) > 1 else "any")
    trusts_system = query.get("sslrootcert") == SYSTEM
    kept = {key: value for key, value in query.items() if key not in _CLIENT_ONLY}
    if trusts_system:
        kept = {key: value for key, value in kept.items() if key not in ("sslrootcert", "sslmode")}
    login = parts.netloc.rpartition("@")[0]
    plain = parts._replace(
        scheme="postgresql",
        netloc=f"{login}@" if login else "",
        path=parts.path or "/appointments",
        query=urlencode(kept, quote_via=quote),
    )
    return Target(plain.geturl(), hosts, attributes, trusts_system)


def check(variable: str, url: str) -> None:
    """Reject with ValueError, naming the variable, an address whose demands no connection can meet."""
    if urlsplit(url).scheme not in ("postgresql", "postgres"):
        raise ValueError(f"{variable} does not begin with postgresql://")
    try:
        target(url)
    except ValueError as error:
        raise ValueError(f"{variable}: {error}") from None
    query = _query(url)
    if query.get("sslrootcert") == SYSTEM and query.get("sslmode", "verify-full") != "verify-full":
        raise ValueError(f"{variable}: sslrootcert=system needs sslmode=verify-full")
    if query.get("channel_binding") == "require" and query.get("sslmode") not in _VERIFIED:
        raise ValueError(
            f"{variable}: channel_binding=require is not supported; sslmode=verify-full with sslrootcert "
            "(or sslrootcert=system) proves the server's identity"
        )
    for name in _FILES:
        if (path := query.get(name, "")) and path != SYSTEM and not Path(path).is_file():
            raise ValueError(f"{variable}: {name} names a file that is not there: {path!r}")


def _hosts(given: str, ports: str) -> tuple[tuple[str, int], ...]:
    several = [port for port in ports.split(",") if port]
    found: list[tuple[str, int]] = []
    for number, one in enumerate(given.split(",") if given else ["127.0.0.1"]):
        host, port = _host(one)
        if not port and several:
            port = several[min(number, len(several) - 1)]
        if port and not port.isdecimal():
            raise ValueError(f"{one!r} is not host:port")
        found.append((host or "127.0.0.1", int(port or 5432)))
    return tuple(found)


def _host(one: str) -> tuple[str, str]:
    if one.startswith("["):
        host, _, rest = one[1:].partition("]")
        return host, rest.removeprefix(":")
    if one.startswith("/"):
        return one, ""
    host, _, port = one.partition(":")
    return host, port


def _login(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[0]


def _query(url: str) -> dict[str, Any]:
    return dict(parse_qsl(urlsplit(url).query, keep_blank_values=False))
