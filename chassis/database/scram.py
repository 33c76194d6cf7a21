"""The verifier that a server keeps of a password under SCRAM-SHA-256 (RFC 5803); the password itself is never sent."""

import base64
import hashlib
import hmac
import secrets

ROUNDS = 4096  # as PostgreSQL's own


def verifier(password: str) -> str:
    """As PostgreSQL takes it in place of a password in ASCII."""
    salt = secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    client = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    first, stored, signed = (base64.b64encode(one).decode() for one in (salt, client, server))
    return f"SCRAM-SHA-256${ROUNDS}:{first}${stored}:{signed}"
