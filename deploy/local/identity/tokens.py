"""RS256 tokens, signed with a key that stays the same over restarts."""

import os
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from deploy.local.identity.people import Person

ISSUER = "appointments-sandbox-identity"
AUDIENCE = "appointments"
LIFETIME_SECONDS = 86_400
_ALGORITHM = "RS256"


class Signer:
    """Sign tokens with the key in `file`, which is created (mode 0600) if absent."""

    def __init__(self, file: Path) -> None:
        if not file.exists():
            _write_secret(file, RSAKey.generate_key(2048).as_pem(private=True))
        self._key = RSAKey.import_key(file.read_bytes())
        self._kid = self._key.thumbprint()

    def token(self, person: Person, now: int, lifetime: int = LIFETIME_SECONDS) -> str:
        """Return a JWT for `person`, valid from `now` (seconds since 1970) for `lifetime` seconds."""
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": person.id,
            "organization_id": person.organization_id,
            "roles": list(person.roles),
            "email": person.email,
            "iat": now,
            "nbf": now,
            "exp": now + lifetime,
        }
        return jwt.encode({"alg": _ALGORITHM, "kid": self._kid}, claims, self._key)

    def key_set(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key Set."""
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": _ALGORITHM}]}


def _write_secret(file: Path, content: bytes) -> None:
    """Write the key beside and rename it: readable by its owner only from the first byte, and never half a
    key.
    """
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as secret:
        secret.write(content)
    draft.replace(file)
