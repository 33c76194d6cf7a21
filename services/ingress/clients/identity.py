"""The Identity Service's keys, which verify tokens."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import httpx
from joserfc import jws, jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, RSAKey

from chassis import http, telemetry
from services.ingress.domain.caller import Caller, UnacceptableClaims, caller_from
from services.ingress.domain.problems import Problem
from services.ingress.settings import IngressSettings

log = telemetry.get_logger()

ALGORITHMS = ["RS256"]
FETCH_AT_MOST_EVERY = (
    10.0  # seconds; an unknown key id causes a fetch, but a forger cannot cause one all the time
)
FIRST_KEYS_EVERY = 1.0  # seconds; without any key nobody is admitted
KEYS_GOOD_FOR = 600.0  # seconds
TOKEN_MAX = 8_192
TOKENS_KEPT = 10_000
CALL_WITHIN = 5.0


class Keys:
    """The public keys of Identity by key id, fetched when needed; old ones are used while Identity is away.

    `held` is another mapping whenever Identity's keys have changed, so that conclusions from old ones can
    be dropped.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client
        self.held: Mapping[str, RSAKey] = {}
        self._fetched = self._asked = float("-inf")
        self._asking = asyncio.Lock()
        self._refreshing: asyncio.Task[None] | None = None

    @property
    def known(self) -> bool:
        """Return whether there is any key."""
        return bool(self.held)

    async def find(self, kid: str | None) -> RSAKey | None:
        """Return the key of that id, or the only one when the token names none; None if Identity has no
        such key.
        """
        if self._named(kid) is None:
            await self.fetch()
        return self._named(kid)

    def refresh(self) -> None:
        """Fetch old keys again, in the background: while Identity is away the present ones stay in use."""
        now = time.monotonic()
        old = now - self._fetched > KEYS_GOOD_FOR and now - self._asked > FETCH_AT_MOST_EVERY
        if old and self._refreshing is None:
            self._refreshing = asyncio.create_task(self.fetch())
            self._refreshing.add_done_callback(self._refreshed)

    def _refreshed(self, _: "asyncio.Task[None]") -> None:
        self._refreshing = None

    def _named(self, kid: str | None) -> RSAKey | None:
        if kid is None:
            return next(iter(self.held.values())) if len(self.held) == 1 else None
        return self.held.get(kid)

    async def fetch(self) -> None:
        """Fetch the keys, at most every 10 s; every second while there are none."""
        async with self._asking:
            pause = FETCH_AT_MOST_EVERY if self.held else FIRST_KEYS_EVERY
            if time.monotonic() - self._asked < pause:
                return
            self._asked = time.monotonic()
            try:
                response = await self._client.get("/.well-known/jwks.json")
                response.raise_for_status()
                keys = _rsa_keys(response.json())
                if _thumbprints(keys) != _thumbprints(self.held):
                    self.held = keys
                self._fetched = time.monotonic()
            except (httpx.HTTPError, ValueError, JoseError) as error:
                log.warning("cannot fetch keys", error=f"{type(error).__name__}: {error}")


def _rsa_keys(document: Any) -> dict[str, RSAKey]:
    keys = KeySet.import_key_set(document).keys
    return {key.kid or key.thumbprint(): key for key in keys if isinstance(key, RSAKey)}


def _thumbprints(keys: Mapping[str, RSAKey]) -> Mapping[str, str]:
    return {kid: key.thumbprint() for kid, key in keys.items()}


class Verifier:
    """Turns a bearer token into a caller.

    A good signature stays good as long as its key is Identity's, so it is checked once; the times of the
    token are checked each time. A key that Identity withdraws is noticed within 10 minutes.
    """

    def __init__(self, keys: Keys, settings: IngressSettings) -> None:
        self._keys = keys
        self._issuer = settings.jwt_issuer
        self._audience = settings.jwt_audience
        self._verified: OrderedDict[bytes, Caller] = OrderedDict()
        self._verified_by = keys.held

    async def caller(self, authorization: str | None) -> Caller:
        """Return the caller of an Authorization header. Raises Problem 401, or 503 while there are no keys."""
        scheme, _, token = (authorization or "").partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token:
            raise Problem("unauthenticated", "Send an Authorization header with a bearer token.")
        if len(token) > TOKEN_MAX:
            raise _refused(f"the token is longer than {TOKEN_MAX} characters")
        self._keys.refresh()
        self._forget_with_the_keys()
        digest = sha256(token.encode()).digest()
        caller = self._verified.get(digest)
        if caller is not None and caller.valid_at(time.time()):
            return caller
        caller = await self._verify(token)
        self._forget_with_the_keys()
        self._verified[digest] = caller
        if len(self._verified) > TOKENS_KEPT:
            self._verified.popitem(last=False)
        return caller

    def _forget_with_the_keys(self) -> None:
        if self._verified_by is not self._keys.held:
            self._verified.clear()
            self._verified_by = self._keys.held

    async def _verify(self, token: str) -> Caller:
        try:
            header = jws.extract_compact(token.encode()).headers()
            kid = header.get("kid")
            if header.get("alg") not in ALGORITHMS or not isinstance(kid, str | None):
                raise _refused("the token is not signed with RS256")
            key = await self._keys.find(kid)
            if key is None and not self._keys.known:
                raise Problem(
                    "identity_unavailable",
                    "Identity's keys cannot be fetched, so the token cannot be checked now.",
                )
            if key is None:
                raise _refused("no key of Identity signed the token")
            claims = jwt.decode(token, key, algorithms=ALGORITHMS).claims
            return caller_from(claims, self._issuer, self._audience, time.time())
        except UnacceptableClaims as error:
            raise _refused(str(error)) from error
        except (JoseError, ValueError, TypeError, AttributeError, RecursionError) as error:
            raise _refused("the signature of the token is not valid") from error


def _refused(reason: str) -> Problem:
    return Problem(
        "unauthenticated",
        f"The token is not accepted: {reason}.",
        headers={"WWW-Authenticate": 'Bearer error="invalid_token"'},
    )


def identity_client(settings: IngressSettings) -> httpx.AsyncClient:
    """Return the connections to Identity, for its keys and its people."""
    return http.client(settings.identity_url, timeout=CALL_WITHIN, limits=20)
