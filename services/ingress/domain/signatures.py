"""Signed webhooks: check that a body is signed with the secret, fresh, and not repeated."""

import hmac
from collections import OrderedDict
from collections.abc import Iterator

FRESH_SECONDS = 300.0
REMEMBERED_MAX = 200_000  # some 300 reports a second for as long as a signature is fresh
_HEADER_MAX = 1_000


class NotSigned(Exception):
    """The header or the signature is wrong. `code` is that of the problem."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code


def sign(secret: str, at: int, body: bytes) -> str:
    """Return the header for a body sent at `at`, in seconds since 1970."""
    return f"t={at},v1={_digest(secret, at, body)}"


def verified(header: str | None, body: bytes, secret: str, now: float) -> tuple[int, str]:
    """Return the time of signing and the signature; `now` in seconds since 1970. Raises NotSigned.

    Of several `v1` one must be right, so that a secret can be replaced without losing reports.
    """
    if not header:
        raise NotSigned("bad_signature", "The header X-Signature is missing.")
    at, given = _read(header)
    expected = _digest(secret, at, body)
    if not any(hmac.compare_digest(expected.encode(), one) for one in given):
        raise NotSigned("bad_signature", "X-Signature does not fit this body and the secret.")
    if abs(now - at) > FRESH_SECONDS:
        raise NotSigned(
            "signature_expired",
            "The time t of X-Signature must be within five minutes of the server's clock.",
        )
    return at, expected


class Seen:
    """Signatures that were used, as long as they are fresh; beyond the limit the oldest are forgotten."""

    def __init__(self, limit: int = REMEMBERED_MAX) -> None:
        self._limit = limit
        self._used: OrderedDict[str, float] = OrderedDict()

    def take(self, signature: str, at: int, now: float) -> bool:
        """Use a signature made at `at`. Return False if it was used before."""
        if signature in self._used:
            return False
        self._used[signature] = at + FRESH_SECONDS
        self._forget(now)
        return True

    def give_back(self, signature: str) -> None:
        """Forget a use that failed: the sender may try again."""
        self._used.pop(signature, None)

    def _forget(self, now: float) -> None:
        while len(self._used) > self._limit or next(iter(self._used.values())) < now:
            self._used.popitem(last=False)


def _read(header: str) -> tuple[int, list[bytes]]:
    fields = list(_fields(header)) if len(header) <= _HEADER_MAX else []
    times = [value for name, value in fields if name == "t"]
    given = [value.encode() for name, value in fields if name == "v1"]
    if len(times) != 1 or not given or not (times[0].isascii() and times[0].isdigit() and len(times[0]) < 13):
        raise NotSigned("bad_signature", "Expected X-Signature: t=<unix seconds>,v1=<hex hmac-sha256>.")
    return int(times[0]), given


def _fields(header: str) -> Iterator[tuple[str, str]]:
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        yield name, value


def _digest(secret: str, at: int, body: bytes) -> str:
    return hmac.new(secret.encode(), f"{at}.".encode() + body, "sha256").hexdigest()
