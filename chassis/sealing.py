"""Secrets in messages: sealed by one service, readable only by those that have the same key."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha512

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV


class Unsealable(Exception):
    """A text that none of the keys opens."""


class Seal:
    """Seals and opens texts (AES-SIV, RFC 5297). Of several secrets the first seals, and each opens what it sealed.

    The same text is sealed to the same characters, so that a repeated request is the same command; a text that must
    not be compared with others holds something of its own, such as an id.
    """

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [AESSIV(sha512(secret.encode()).digest()) for secret in secrets if secret]

    def __bool__(self) -> bool:
        """Whether there is a key."""
        return bool(self._keys)

    def seal(self, text: str) -> str:
        """Return the text, sealed; it may not be empty."""
        return urlsafe_b64encode(self._keys[0].encrypt(text.encode(), None)).decode()

    def open(self, sealed: str) -> str:
        """Return the text. Raises Unsealable."""
        for key in self._keys:
            try:
                return key.decrypt(urlsafe_b64decode(sealed), None).decode()
            except (InvalidTag, ValueError):
                continue
        raise Unsealable
