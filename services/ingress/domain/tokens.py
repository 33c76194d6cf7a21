"""The secret in the address of a person's calendar."""

import re
from base64 import urlsafe_b64encode
from hashlib import sha256

RANDOM_BYTES = 32
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_of(random: bytes) -> str:
    """Return the secret made of these random bytes: base64url without padding."""
    return urlsafe_b64encode(random).decode().rstrip("=")


def hash_of(token: str | None) -> str | None:
    """Return the hash under which a secret is kept; None for text that cannot be one."""
    if token is None or not _TOKEN.fullmatch(token):
        return None
    return sha256(token.encode()).hexdigest()
