"""The secret in the address of a person's calendar. Only the ingress can make one: it takes its key."""

import hmac
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from uuid import UUID

RANDOM_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{64}")


def token_of(person: UUID, random: bytes) -> str:
    """Return the secret of this person, made of these random bytes: base64url, 64 characters."""
    return urlsafe_b64encode(person.bytes + random).decode()


def owner_of(token: str | None) -> UUID | None:
    """Return the person whose calendar a secret opens; None for text that cannot be one."""
    if token is None or not _TOKEN.fullmatch(token):
        return None
    return UUID(bytes=urlsafe_b64decode(token)[:16])


def hash_of(key: str, token: str) -> str:
    """Return the hash under which a secret is kept. Nobody without the key can find a secret for any hash, or a hash
    for any secret.
    """
    return hmac.new(key.encode(), f"calendar address {token}".encode(), "sha256").hexdigest()
