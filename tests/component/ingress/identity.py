"""An Identity Service of the test's own: its keys can be exchanged, and it can be away."""

import base64
import hmac
import json
import time
from typing import Any

from aiohttp import web
from joserfc import jwt
from joserfc.jwk import RSAKey

from deploy.local.ports import free_port
from tests.component.ingress.people import EVERYBODY, Someone

ISSUER, AUDIENCE = "appointments-sandbox-identity", "appointments"


class Identity:
    """Serves the keys and knows everybody."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.away = False
        self.key_calls = 0
        self.searches: list[dict[str, str]] = []
        self.next_cursor: str | None = None
        self.changes: dict[Someone, dict[str, Any] | None] = {}
        """What is different about people by now; None: they were deleted."""
        self.key = RSAKey.generate_key(2048)
        self._runner: web.AppRunner | None = None

    def new_key(self) -> None:
        """From now on tokens are signed with another key."""
        self.key = RSAKey.generate_key(2048)

    def claims(self, person: Someone, **changes: Any) -> dict[str, Any]:
        """The claims of a good token, with changes; None takes a claim away."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(person.id),
            "organization_id": str(person.organization),
            "roles": list(person.roles),
            "email": f"{person.name}@example.com",
            "nbf": now,
            "exp": now + 3600,
        }
        return {name: value for name, value in (claims | changes).items() if value is not None}

    def token(self, person: Someone, **changes: Any) -> str:
        """A token of these claims, signed with the present key."""
        header = {"alg": "RS256", "kid": self.key.thumbprint()}
        return jwt.encode(header, self.claims(person, **changes), self.key)

    def forged(self, person: Someone) -> dict[str, str]:
        """Tokens that nobody may accept, by what is wrong with them."""
        claims, kid = self.claims(person), self.key.thumbprint()
        public = self.key.as_pem(private=False)
        good = self.token(person)
        head, body, signature = good.split(".")
        return {
            "no signature": f"{_segment({'alg': 'none', 'kid': kid})}.{body}.",
            "a signature of no algorithm": f"{_segment({'alg': 'none', 'kid': kid})}.{body}.{signature}",
            "no key id and no algorithm": f"{_segment({})}.{body}.{signature}",
            "signed with the public key as a secret": _signed_with(
                {"alg": "HS256", "kid": kid}, body, public
            ),
            "another key under the same id": jwt.encode(
                {"alg": "RS256", "kid": kid}, claims, RSAKey.generate_key(2048)
            ),
            "an unknown key": jwt.encode({"alg": "RS256", "kid": "x"}, claims, RSAKey.generate_key(2048)),
            "another body under the same signature": f"{head}.{body[:-4]}AAAA.{signature}",
            "cut off": good[:-20],
            "not a token": "abc",
            "three dots": "..",
        }

    async def start(self) -> None:
        """Listen."""
        app = web.Application()
        app.add_routes(
            [
                web.get("/.well-known/jwks.json", self._keys),
                web.post("/api/identity/users/validate", self._validate),
                web.get("/api/identity/users", self._search),
            ]
        )
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self.port).start()

    async def stop(self) -> None:
        """Be gone."""
        if self._runner:
            await self._runner.cleanup()

    async def _keys(self, _: web.Request) -> web.Response:
        self.key_calls += 1
        if self.away:
            return web.Response(status=503)
        public = {
            **self.key.as_dict(private=False),
            "kid": self.key.thumbprint(),
            "use": "sig",
            "alg": "RS256",
        }
        return web.json_response({"keys": [public]})

    async def _validate(self, request: web.Request) -> web.Response:
        if self.away:
            return web.Response(status=503)
        wanted = set((await request.json())["user_ids"])
        return web.json_response(
            {"users": [self._described(p) for p in self._known() if str(p.id) in wanted]}
        )

    async def _search(self, request: web.Request) -> web.Response:
        self.searches.append(dict(request.query))
        if self.away:
            return web.Response(status=503)
        found = [self._described(p) for p in self._known() if p.name.startswith(request.query["q"])]
        return web.json_response({"users": found, "next_cursor": self.next_cursor})

    def _known(self) -> list[Someone]:
        return [p for p in EVERYBODY if self.changes.get(p, {}) is not None]

    def _described(self, person: Someone) -> dict[str, Any]:
        return {
            "id": str(person.id),
            "organization_id": str(person.organization),
            "name": person.name,
            "email": f"{person.name}@example.com",
            "timezone": "Europe/Berlin",
            "locale": "en",
            "roles": list(person.roles),
            "active": True,
            **(self.changes.get(person) or {}),
        }


def _segment(header: dict[str, str]) -> str:
    return _text(json.dumps(header).encode())


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def _signed_with(header: dict[str, str], body: str, secret: bytes) -> str:
    """By hand, because joserfc refuses to misuse a public key so."""
    signed = f"{_segment(header)}.{body}"
    return f"{signed}.{_text(hmac.digest(secret, signed.encode(), 'sha256'))}"
